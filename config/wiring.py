"""The one page where packages meet: fact → listener, port → adapter."""

from __future__ import annotations

from typing import Any, cast

from billing import answers, dunning, mails, pricing, receipts, shares
from billing import forgetting as forget_money
from inference_backend.background import Background
from inference_backend.jobs import endpoints, execution, ports
from inference_backend.jobs import forgetting as forget_jobs
from inference_backend.runtime import Runtime
from kernel.bus import listen
from kernel.facts import AccountClosed, AccountStateChanged, GrantsChanged, InvoicePaid, RegistryActed, VersionPublished
from kernel.problems import Problem
from marketplace.accounts import audit
from marketplace.accounts import selectors as organizations
from marketplace.accounts import services as accounts
from marketplace.accounts.api_auth import actor_of_request, organization_of_request
from marketplace.listings import access_requests, grants, playground
from marketplace.listings import services as listings
from model_registry import access, deployment, deployment_scale, events, experiments, snapshots
from model_registry import selectors as registry


def connect() -> None:
    """Called once per process, when every package is loaded."""
    from config.celery import app

    app.set_default()  # tasks that any process sends go to our broker
    # fact → listener
    listen(GrantsChanged, grants.on_grants_changed)
    listen(VersionPublished, snapshots.on_version_published)
    listen(VersionPublished, listings.on_version_published)
    listen(VersionPublished, access_requests.on_version_published)
    listen(VersionPublished, deployment_scale.on_version_published)
    listen(RegistryActed, _audit)
    listen(RegistryActed, _webhooks)
    listen(InvoicePaid, dunning.on_invoice_paid)
    listen(AccountStateChanged, lambda fact: accounts.set_status(
        org_id=fact.org_id, status=fact.state, reason=fact.reason))
    listen(AccountClosed, access_requests.forget)
    listen(AccountClosed, forget_money.forget)
    listen(AccountClosed, forget_jobs.forget)
    # port → adapter
    endpoints.use_events(events.EVENTS)
    pricing.use_price_book(registry.price_of)
    receipts.use_digests(registry.digest_of)
    experiments.use_answers(answers.answered_by)
    mails.use_addresses(_people_who_pay)
    shares.use_owners(_provider_of)
    ports.set_playground_grant(playground.grant)
    ports.set_key_grant(grants.grant_of_key)
    data_plane = Background(_make_runtime)
    ports.set_runtime_factory(execution.factory(data_plane))
    deployment.use_data_plane(data_plane)
    access.use_authority(_registry_caller, _belongs)


def _registry_caller(request: Any, permission: str) -> access.Caller:
    """Who asks the registry for something, if their role or key allows it."""
    if not request.user.is_authenticated:
        raise Problem("invalid_api_key", "send a valid API key as X-API-Key or Authorization: Bearer, or sign in")
    org, actor = organization_of_request(request), actor_of_request(request)
    organizations.authorize(org, actor, permission)
    key = str(request.user.pk)
    return access.Caller(org.pk, org.slug, actor, key if key.startswith("key:") else f"user:{key}")


def _belongs(org_id: int, user: Any) -> bool:
    return organizations.role_of(organizations.organization(org_id), user) is not None


def _audit(fact: RegistryActed) -> None:
    if fact.org_id:
        audit.record(org=organizations.organization(fact.org_id), actor=cast(audit.Actor, fact.actor),
                     action=fact.action, target=fact.target[:120], after=fact.after)


def _webhooks(fact: RegistryActed) -> None:
    if fact.org_id:
        endpoints.announce(org_id=fact.org_id, event=fact.action,
                           data={"model": fact.target.removeprefix("model:"), **fact.after})


def _people_who_pay(org_id: int) -> list[str]:
    """Whom bills go to where an account names nobody: owners, and members for billing."""
    members = organizations.members(organizations.organization(org_id))
    return [member.user.email for member in members if member.role in ("owner", "billing")]


def _provider_of(model: str) -> int | None:
    """The organization that gets a share of a model's revenue."""
    return registry.owner_of(model)


def _make_runtime() -> Runtime:
    """The data plane inside a worker or behind a page: one for the life of the process."""
    from config.data_plane import runtime

    return runtime(label="worker")
