"""On the shelf and off it: a provider asks, two members of staff decide, one of them can take a model down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from kernel import clock
from kernel.problems import FieldError, Problem
from model_registry import access, events, registration, selectors, services
from model_registry.access import Caller
from model_registry.models import Model, Publication

NEEDED = 2
CARD = ("use", "limits", "misuse")
State = Publication.State


def publish(*, caller: Caller, name: str, visibility: str, terms_accepted: bool = False, terms: str = "",
            pricing: Mapping[str, Any] | None = None, access: str | None = None) -> Publication | None:
    """Asks for the shelf (public), or sets who of the organization sees it; `access` says who may subscribe there.
    Raises validation_error with what is missing, invalid_state where a request is open."""
    if visibility not in Model.Visibility.values:
        raise registration.invalid("/visibility", f"one of {', '.join(Model.Visibility.values)}", "invalid_choice")
    with transaction.atomic():
        model = selectors.own_model(name, org_id=caller.org_id, lock=True)
        if model.state == Model.State.TAKEN_DOWN:
            raise Problem("invalid_state", "staff took this model down: write to them")
        if visibility != Model.Visibility.PUBLIC:
            if model.public:
                raise Problem("invalid_state", "it is public: withdraw it first")
            model.visibility = visibility
            model.save(update_fields=["visibility"])
            events.announce(model, "model.visibility", caller=caller, visibility=visibility)
            return selectors.publication(model)
        if model.public or Publication.objects.filter(model=model, state=State.IN_REVIEW).exists():
            raise Problem("invalid_state", "it is public or in review already")
        _refuse_unready(model, terms_accepted)
        if access is not None:
            model = registration.update_model(caller=caller, name=name, changes={"access": access})
        if pricing is not None:
            registration.price_of(pricing)  # refused now, not when the last of the staff agrees
        made = Publication.objects.create(model=model, organization_id=caller.org_id, terms=terms[:20_000],
                                          pricing=dict(pricing) if pricing is not None else None,
                                          requested_by=caller.by)
        events.announce(model, "publication.requested", caller=caller, publication=made.pk)
    return made


def _refuse_unready(model: Model, terms_accepted: bool) -> None:
    faults = []
    if not model.license_code:
        faults.append(FieldError("/license", "is needed to publish", "required"))
    faults += [FieldError(f"/card/{word}", "is needed to publish", "required") for word in CARD
               if not str(model.card.get(word, "")).strip()]
    if not (model.card.get("origin") or {}).get("name"):
        faults.append(FieldError("/card/origin/name", "is needed to publish", "required"))
    if not model.traffic:
        faults.append(FieldError("/versions", "no version takes calls yet", "required"))
    if not terms_accepted:
        faults.append(FieldError("/terms_accepted", "the provider's terms must be accepted", "required"))
    if faults:
        raise Problem("validation_error", "something is missing before it can be published", errors=faults)


def approve(*, staff: Any, publication_id: int, note: str = "") -> Publication:
    """One of the two agreements; the second puts the model on the shelf."""
    with transaction.atomic():
        found = _open(publication_id)
        _refuse_partial(staff, found)
        if any(a["staff"] == staff.pk for a in found.approvals):
            raise Problem("invalid_state", "you have agreed already; another member of staff must")
        found.approvals = [*found.approvals, {"staff": staff.pk, "at": clock.now().isoformat(), "note": note[:500]}]
        model = Model.objects.select_for_update(of=("self",)).select_related("owner").get(pk=found.model_id)
        if len(found.approvals) >= NEEDED:
            found.state, found.decided_at = State.PUBLISHED, clock.now()
            model.public, model.visibility, model.terms = True, Model.Visibility.PUBLIC, found.terms
            model.updated_at = clock.now()
            if found.pricing:
                services.set_price(model=model, **registration.price_of(found.pricing))
            registration.write_manifest(model)
            model.save()
            registration.published(model)
        found.save()
        events.announce(model, "publication.approved", publication=found.pk, approvals=len(found.approvals))
    return found


def reject(*, staff: Any, publication_id: int, reason: str) -> Publication:
    """The request is over; the provider reads the reason and may ask again."""
    with transaction.atomic():
        found = _open(publication_id)
        _refuse_partial(staff, found)
        found.state, found.reason, found.decided_at = State.REJECTED, reason[:2000], clock.now()
        found.save(update_fields=["state", "reason", "decided_at"])
        events.announce(found.model, "publication.rejected", publication=found.pk)
    return found


def withdraw(*, caller: Caller, name: str) -> Publication:
    """Off the shelf again by its provider: private, and subscribers' calls find nothing."""
    with transaction.atomic():
        model = selectors.own_model(name, org_id=caller.org_id, lock=True)
        found = Publication.objects.filter(model=model, state__in=[State.IN_REVIEW, State.PUBLISHED]).first()
        if found is None:
            raise Problem("invalid_state", "it is neither public nor in review")
        _off_the_shelf(model, found, State.WITHDRAWN, "")
        events.announce(model, "publication.withdrawn", caller=caller, publication=found.pk)
    return found


def take_down(*, staff: Any, name: str, reason: str) -> Publication:
    """No call reaches the model any more, its owner's neither; its bytes stay as evidence."""
    with transaction.atomic():
        model = Model.objects.select_for_update(of=("self",)).filter(name=name, owner__isnull=False).first()
        if model is None:
            raise Problem("model_not_found", f"there is no provider's model {name[:64]}")
        found = Publication.objects.filter(model=model).order_by("-id").first() or Publication(
            model=model, organization_id=model.owner_id, requested_by="")
        model.state = Model.State.TAKEN_DOWN
        _off_the_shelf(model, found, State.TAKEN_DOWN, reason)
        events.announce(model, "model.taken_down", staff=staff.pk, reason=reason[:500])
    return found


def reinstate(*, staff: Any, name: str, reason: str) -> Publication:
    """Ends a takedown: its owner's calls are answered again, and it may be handed in for the shelf anew."""
    with transaction.atomic():
        model = Model.objects.select_for_update(of=("self",)).filter(
            name=name, owner__isnull=False, state=Model.State.TAKEN_DOWN).first()
        found = Publication.objects.filter(model=model, state=State.TAKEN_DOWN).order_by("-id").first()
        if model is None or found is None:
            raise Problem("model_not_found", f"no provider's model {name[:64]} is taken down")
        model.state = Model.State.ACTIVE
        _off_the_shelf(model, found, State.WITHDRAWN, reason)
        events.announce(model, "model.released", staff=staff.pk, reason=reason[:500])
    return found


def _off_the_shelf(model: Model, found: Publication, state: str, reason: str) -> None:
    model.public, model.visibility, model.updated_at = False, Model.Visibility.PRIVATE, clock.now()
    model.save(update_fields=["public", "visibility", "state", "updated_at"])
    found.state, found.reason, found.decided_at = state, reason[:2000], clock.now()
    found.save()
    registration.published(model)


def _open(publication_id: int) -> Publication:
    rows = Publication.objects.select_for_update(of=("self",)).select_related("model")
    found = rows.filter(pk=publication_id).first()
    if found is None:
        raise Problem("not_found", "no such request")
    if found.state != State.IN_REVIEW:
        raise Problem("invalid_state", f"the request is {found.state}")
    return found


def _refuse_partial(staff: Any, found: Publication) -> None:
    if access.is_member(found.organization_id, staff):
        raise Problem("permission_denied", "you belong to the provider: others must decide")
