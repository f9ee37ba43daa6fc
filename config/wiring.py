"""The one page where packages meet: fact → listener, port → adapter."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from billing import pricing
from inference_backend.jobs import execution, ports
from inference_backend.runtime import Runtime
from kernel.bus import listen
from kernel.facts import GrantsChanged, VersionPublished
from marketplace.listings import grants, playground
from marketplace.listings import services as listings
from model_registry import selectors as registry
from model_registry import snapshots


def connect() -> None:
    """Called once per process, when every package is loaded."""
    from config.celery import app

    app.set_default()  # tasks that any process sends go to our broker
    # fact → listener
    listen(GrantsChanged, grants.on_grants_changed)
    listen(VersionPublished, snapshots.on_version_published)
    listen(VersionPublished, listings.on_version_published)
    # port → adapter
    pricing.use_price_book(registry.price_of)
    ports.set_playground_grant(playground.grant)
    ports.set_runtime_factory(execution.factory(_open_runtime))


@asynccontextmanager
async def _open_runtime() -> AsyncIterator[Runtime]:
    """The data plane inside a Celery task or a page's request: one event loop, then gone."""
    from config.data_plane import runtime

    async with runtime() as opened:
        await opened.pools.sync()
        yield opened
