"""The one page where packages meet: fact → listener, port → adapter."""

from __future__ import annotations

from billing import dunning, pricing
from inference_backend.background import Background
from inference_backend.jobs import execution, ports
from inference_backend.runtime import Runtime
from kernel.bus import listen
from kernel.facts import AccountStateChanged, GrantsChanged, InvoicePaid, VersionPublished
from marketplace.accounts import services as accounts
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
    listen(InvoicePaid, dunning.on_invoice_paid)
    listen(AccountStateChanged, lambda fact: accounts.set_status(
        org_id=fact.org_id, status=fact.state, reason=fact.reason))
    # port → adapter
    pricing.use_price_book(registry.price_of)
    ports.set_playground_grant(playground.grant)
    ports.set_key_grant(grants.grant_of_key)
    ports.set_runtime_factory(execution.factory(Background(_make_runtime)))


def _make_runtime() -> Runtime:
    """The data plane inside a worker or behind a page: one for the life of the process."""
    from config.data_plane import runtime

    return runtime(label="worker")
