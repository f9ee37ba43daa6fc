"""Gated models: an organization asks for access, the provider lets it in or does not, and can take it back."""

from __future__ import annotations

from typing import Literal

from django.db import IntegrityError, transaction

from kernel import clock
from kernel.facts import AccountClosed, VersionPublished
from kernel.problems import FieldError, Problem
from marketplace.accounts import selectors as accounts
from marketplace.accounts.audit import Actor, record
from marketplace.accounts.permissions import allows
from marketplace.accounts.selectors import Organization, User, authorize
from marketplace.listings import letters, selectors, services
from marketplace.listings.models import AccessRequest, Subscription
from model_registry import events
from model_registry.access import Caller

MAX_TEXT = 2000
State = AccessRequest.State


def ask(*, org: Organization, model: str, purpose: str, plan: Literal["free", "payg"] = "payg",
        actor: Actor) -> AccessRequest:
    """Asks the provider of a gated model to let the organization in. Asking again gives the request that waits.

    Raises model_not_found, validation_error, invalid_state (open to everybody, or let in already).
    """
    authorize(org, actor, "subscriptions:manage")
    services.refuse_plan(plan)
    purpose = _text(purpose, "/purpose")
    shelved = services.subscribable(model)
    if not selectors.needs_approval(org, shelved.model):
        raise Problem("invalid_state", f"{shelved.name} needs nobody's approval: subscribe to it")
    open_ones = selectors.access_requests(org).filter(model=shelved.model, state__in=[State.WAITING, State.APPROVED])
    try:
        with transaction.atomic():
            found = open_ones.first()
            if found is None:
                found = AccessRequest.objects.create(
                    organization=org, model=shelved.model, plan=plan, purpose=purpose,
                    person=actor if isinstance(actor, User) else None)
                record(org=org, actor=actor, action="access.requested", target=f"model:{shelved.name}")
                events.announce(shelved.model, "access.requested", request=found.pk)
                people = _people(accounts.organization(shelved.model.owner_id), "models:write")
                made = found
                transaction.on_commit(lambda: letters.access_requested(to=people, request=made) and None)
    except IntegrityError:  # another request was first: the unique index let one through
        found = open_ones.get()
    if found.state == State.APPROVED:
        raise Problem("invalid_state", f"your organization was let in: subscribe to {shelved.name}")
    return found


def cancel(*, org: Organization, request_id: int, actor: Actor) -> None:
    """Takes a request back that nobody has decided."""
    authorize(org, actor, "subscriptions:manage")
    with transaction.atomic():
        found = _locked(request_id, organization=org)
        _expect(found, State.WAITING)
        _decide(found, State.CANCELED, "")
        record(org=org, actor=actor, action="access.canceled", target=f"model:{found.model_name}")


def approve(*, org: Organization, request_id: int, actor: Actor) -> AccessRequest:
    """Lets an organization in: its subscription is live, and its keys call within a second.

    `org` is the provider. Raises not_found, permission_denied, invalid_state (decided already, or off the shelf).
    """
    authorize(org, actor, "models:write")
    with transaction.atomic():
        found = _locked(request_id, model__owner_id=org.pk)
        _expect(found, State.WAITING)
        shelved = services.subscribable(found.model_name)
        _decide(found, State.APPROVED, "")
        services.begin_subscription(found.organization, shelved, found.plan, None)
        _tell(org, actor, found, "access.approved")
    return found


def refuse(*, org: Organization, request_id: int, reason: str, actor: Actor) -> AccessRequest:
    """The request is over; who asked reads the reason and may ask again."""
    authorize(org, actor, "models:write")
    reason = _text(reason, "/reason")
    with transaction.atomic():
        found = _locked(request_id, model__owner_id=org.pk)
        _expect(found, State.WAITING)
        _decide(found, State.REFUSED, reason)
        _tell(org, actor, found, "access.refused")
    return found


def withdraw(*, org: Organization, request_id: int, reason: str, actor: Actor) -> AccessRequest:
    """Takes access back: the subscription ends, and the organization's calls are refused within a second."""
    authorize(org, actor, "models:write")
    reason = _text(reason, "/reason")
    with transaction.atomic():
        found = _locked(request_id, model__owner_id=org.pk)
        _expect(found, State.APPROVED)
        _decide(found, State.WITHDRAWN, reason)
        live = Subscription.objects.select_for_update(of=("self",)).select_related("model", "organization").filter(
            organization=found.organization, model=found.model, ended_at=None).first()
        if live is not None:
            services.end_subscription(live, None)
        _tell(org, actor, found, "access.withdrawn")
    return found


def on_version_published(fact: VersionPublished) -> None:
    """Listener of VersionPublished: who subscribed before a model was gated is in, until the provider says no."""
    shelved = selectors.on_shelf().select_related("model").filter(name=fact.model).first()
    if shelved is None or not shelved.model.owner_id or shelved.model.access != "gated":
        return
    inside = AccessRequest.objects.filter(model=shelved.model, state=State.APPROVED).values("organization")
    waiting = AccessRequest.objects.filter(model=shelved.model, state=State.WAITING)
    for live in Subscription.objects.filter(model=shelved.model, ended_at=None).exclude(
            organization__in=inside).exclude(organization=shelved.model.owner_id):
        if not waiting.filter(organization=live.organization_id).update(state=State.APPROVED, decided_at=clock.now()):
            AccessRequest.objects.bulk_create([AccessRequest(
                organization_id=live.organization_id, model=shelved.model, plan=live.plan, state=State.APPROVED,
                asked_at=live.created_at, decided_at=clock.now())], ignore_conflicts=True)


def forget(fact: AccountClosed) -> None:
    """Listener of AccountClosed: what the organization wrote is forgotten."""
    AccessRequest.objects.filter(organization=fact.org_id).delete()


def _text(given: str, pointer: str) -> str:
    text = given.strip()
    if not text or len(text) > MAX_TEXT:
        fault = FieldError(pointer, f"1 to {MAX_TEXT} characters", "required" if not text else "max_length")
        raise Problem("validation_error", "say it in some words", errors=[fault])
    return text


def _locked(request_id: int, **of: object) -> AccessRequest:
    rows = AccessRequest.objects.select_for_update(of=("self",)).select_related("model", "organization", "person")
    found = rows.filter(pk=request_id, **of).first()
    if found is None:
        raise Problem("not_found", "no such request")
    return found


def _expect(found: AccessRequest, state: str) -> None:
    if found.state != state:
        raise Problem("invalid_state", f"the request is {found.state}")


def _decide(found: AccessRequest, state: str, reason: str) -> None:
    found.state, found.reason, found.decided_at = state, reason, clock.now()
    found.save(update_fields=["state", "reason", "decided_at"])


def _tell(provider: Organization, actor: Actor, found: AccessRequest, event: str) -> None:
    """Both trails, the provider's webhooks, and a letter to who asked."""
    events.announce(found.model, event, caller=Caller(provider.pk, provider.slug, actor, ""), request=found.pk)
    record(org=found.organization, actor=None, action=event, target=f"model:{found.model_name}",
           after={"request": found.pk})
    people = [found.who] if found.who else _people(found.organization, "subscriptions:manage")
    transaction.on_commit(lambda: letters.access_decided(to=people, request=found) and None)


def _people(org: Organization, permission: str) -> list[str]:
    return [member.user.email for member in accounts.members(org) if allows(member.role, permission)]
