"""What stands on the shelf: the catalogue with its facets, one listing, subscriptions, reviews."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from django.db.models import Avg, Count, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from kernel.problems import Problem
from marketplace.accounts.selectors import Organization
from marketplace.listings import search
from marketplace.listings.models import Collection, Listing, Review, Subscription
from model_registry import selectors as registry

SORTS = ("relevance", "name", "newest", "popular")


@dataclass(frozen=True, slots=True)
class Filters:
    """What is selected on the shelf. Several values of one kind mean any of them; kinds narrow each other."""

    task: tuple[str, ...] = ()
    industry: tuple[str, ...] = ()
    domain: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    license: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    collection: tuple[str, ...] = ()


# Facet → its column on the registry's model; arrays hold several values.
_COLUMNS = {"task": "model__task", "domain": "model__domain", "license": "model__license_weights",
            "source": "model__source", "collection": "collections__slug"}
_ARRAYS = {"industry": "model__industry", "tag": "model__tags"}
FACETS = ("task", "industry", "domain", "license", "source")


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One choice of a facet: how many listings it would leave, with everything else selected."""

    value: str
    count: int
    selected: bool
    title: str = ""
    title_zh: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the catalogue."""

    items: list[Listing]
    total: int
    facets: dict[str, list[FacetValue]]
    next_cursor: str | None = None
    filters: Filters = field(default_factory=Filters)

    @property
    def has_more(self) -> bool:
        return self.next_cursor is not None


def catalogue(*, query: str = "", filters: Filters = Filters(), sort: str = "", cursor: str | None = None,
              limit: int = 24, facets: bool = True) -> Page:
    """A page of the shelf. Sort is relevance where something was typed, else name; see SORTS."""
    sort = sort or ("relevance" if query.strip() else "name")
    if sort not in SORTS:
        raise Problem("invalid_request", f"sort is one of {', '.join(SORTS)}")
    offset = read_cursor(cursor)
    base = on_shelf()
    if query.strip():
        base = search.matching(base, query)
    elif sort == "relevance":
        sort = "name"
    found = _narrow(base, filters)
    total = found.count()
    order = {"relevance": ["-rank", "name"], "name": ["name"], "newest": ["-created_at", "name"],
             "popular": ["-subscribers", "name"]}[sort]
    if sort == "popular":
        found = found.annotate(subscribers=_subscribers())
    items = list(found.select_related("model").order_by(*order)[offset:offset + limit])
    more = offset + len(items) < total
    counted = {name: _facet(base, filters, name) for name in FACETS} if facets else {}
    return Page(items, total, counted, write_cursor(offset + len(items)) if more else None, filters)


def on_shelf() -> QuerySet[Listing]:
    """Every listing that anyone may see."""
    return Listing.objects.filter(published=True, model__public=True).exclude(model__state="retired")


def listing(name: str) -> Listing:
    """One listing with its registry model, or Problem model_not_found."""
    found = on_shelf().select_related("model").filter(name=name).first()
    if found is None:
        raise Problem("model_not_found", f"there is no model {name[:64]}")
    return found


def featured(limit: int = 12) -> list[Listing]:
    """The listings for the front page: featured first, then the most subscribed."""
    found = on_shelf().annotate(subscribers=_subscribers())
    return list(found.select_related("model").order_by("-featured", "-subscribers", "name")[:limit])


def similar(listing: Listing, limit: int = 6) -> list[Listing]:
    """Other listings of the same task, then of the same domain."""
    others = on_shelf().exclude(pk=listing.pk).select_related("model")
    near = list(others.filter(model__task=listing.model.task).order_by("name")[:limit])
    if len(near) < limit:
        rest = others.filter(model__domain=listing.model.domain).exclude(model__task=listing.model.task)
        near += list(rest.order_by("name")[:limit - len(near)])
    return near


def collections() -> QuerySet[Collection]:
    """The hand-picked rows that have something in them, with `size`."""
    shown = Count("listings", filter=Q(listings__published=True))
    return Collection.objects.annotate(size=shown).filter(size__gt=0).order_by("position", "slug")


def subscriptions(org: Organization) -> QuerySet[Subscription]:
    """The active subscriptions of an organization, newest first."""
    return Subscription.objects.filter(organization=org, ended_at=None).select_related("model").order_by("-id")


def subscription(org: Organization, model: str) -> Subscription | None:
    """This organization's active subscription to a model."""
    return subscriptions(org).filter(model__name=model).first()


def subscription_by_id(org: Organization, subscription_id: int) -> Subscription:
    """An active subscription of this organization; another's is not found."""
    found = subscriptions(org).filter(pk=subscription_id).first()
    if found is None:
        raise Problem("not_found", "no such subscription")
    return found


def subscribed_models(org: Organization) -> tuple[str, ...]:
    """Names of the models that this organization's keys may call, sorted."""
    active = subscriptions(org).exclude(model__state="retired")
    return tuple(active.order_by("model__name").values_list("model__name", flat=True))


def reviews(listing: Listing) -> QuerySet[Review]:
    return Review.objects.filter(listing=listing).select_related("user").order_by("-id")


def rating(listing: Listing) -> tuple[float | None, int]:
    """Mean rating and the number of reviews; no mean where there is none."""
    found = Review.objects.filter(listing=listing).aggregate(mean=Avg("rating"), count=Count("id"))
    return found["mean"], found["count"]


def read_cursor(cursor: str | None) -> int:
    """How many rows lie before the page; Problem invalid_cursor for anything that we did not write."""
    if not cursor:
        return 0
    try:
        offset = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))["o"]
    except (ValueError, KeyError, TypeError, binascii.Error):
        offset = None
    if not isinstance(offset, int) or isinstance(offset, bool) or not 0 < offset < 1_000_000:
        raise Problem("invalid_cursor", "use next_cursor of the page before")
    return offset


def write_cursor(offset: int) -> str:
    return base64.urlsafe_b64encode(json.dumps({"o": offset}).encode()).decode()


def _narrow(found: QuerySet[Listing], filters: Filters, but: str = "") -> QuerySet[Listing]:
    """The listings that every selected kind lets through, leaving one kind out."""
    for kind in fields(Filters):
        values: Sequence[str] = getattr(filters, kind.name)
        if not values or kind.name == but:
            continue
        if kind.name in _ARRAYS:
            found = found.filter(**{f"{_ARRAYS[kind.name]}__overlap": list(values)})
        else:
            found = found.filter(**{f"{_COLUMNS[kind.name]}__in": list(values)})
    return found


def _facet(base: QuerySet[Listing], filters: Filters, name: str) -> list[FacetValue]:
    """Counts of one facet with everything else selected; values that now have none stay, with 0."""
    chosen = set(getattr(filters, name))
    everything = _counts(on_shelf(), name)
    now = _counts(_narrow(base, filters, but=name), name)
    values = sorted(everything, key=lambda v: (-now.get(v, 0), v))
    return [FacetValue(v, now.get(v, 0), v in chosen, *_titles(name, v)) for v in values if v]


def _counts(found: QuerySet[Listing], name: str) -> dict[str, int]:
    column = _ARRAYS.get(name) or _COLUMNS[name]
    counts: dict[str, int] = {}
    for value in found.order_by().values_list(column, flat=True):
        for single in value if isinstance(value, list) else [value]:
            counts[single] = counts.get(single, 0) + 1
    return counts


def _titles(name: str, value: str) -> tuple[str, str]:
    return registry.task_words(value)[:2] if name == "task" else ("", "")


def _subscribers() -> Any:
    active = Subscription.objects.filter(model=OuterRef("model"), ended_at=None).order_by().values("model")
    return Coalesce(Subquery(active.annotate(n=Count("id")).values("n")), Value(0))
