"""The one page where packages meet: fact → listener, port → adapter."""

from __future__ import annotations

from billing import dunning, mails, pricing, receipts, shares
from billing import forgetting as forget_money
from inference_backend.background import Background
from inference_backend.jobs import execution, ports
from inference_backend.jobs import forgetting as forget_jobs
from inference_backend.runtime import Runtime
from kernel.bus import listen
from kernel.facts import AccountClosed, AccountStateChanged, GrantsChanged, InvoicePaid, VersionPublished
from kernel.problems import Problem
from marketplace.accounts import selectors as organizations
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
    listen(AccountClosed, forget_money.forget)
    listen(AccountClosed, forget_jobs.forget)
    # port → adapter
    pricing.use_price_book(registry.price_of)
    receipts.use_digests(registry.digest_of)
    mails.use_addresses(_people_who_pay)
    shares.use_owners(_provider_of)
    ports.set_playground_grant(playground.grant)
    ports.set_key_grant(grants.grant_of_key)
    ports.set_runtime_factory(execution.factory(Background(_make_runtime)))


def _people_who_pay(org_id: int) -> list[str]:
    """Whom bills go to where an account names nobody: owners, and members for billing."""
    members = organizations.members(organizations.organization(org_id))
    return [member.user.email for member in members if member.role in ("owner", "billing")]


def _provider_of(model: str) -> int | None:
    """The organization that gets a share of a model's revenue."""
    try:
        return registry.model(model).owner_id
    except Problem:
        return None


def _make_runtime() -> Runtime:
    """The data plane inside a worker or behind a page: one for the life of the process."""
    from config.data_plane import runtime

    return runtime(label="worker")
