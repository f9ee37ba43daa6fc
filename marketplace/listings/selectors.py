"""What stands on the shelf: the catalogue with its facets, one listing, subscriptions, reviews."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from kernel import paging
from kernel.problems import Problem
from marketplace.accounts.selectors import Organization
from marketplace.listings import search
from marketplace.listings.models import AccessRequest, Collection, Listing, Review, Subscription
from model_registry import selectors as registry

MAX_OFFSET = 1_000_000
SORTS = ("relevance", "name", "newest", "popular", "price", "fastest")
# Upper bounds in milliseconds of the measured median of a warm call; a model counts for the first that holds it.
LATENCIES = (10, 50, 250)
HOUSE = "tessera"  # the provider of every model that no organization owns


@dataclass(frozen=True, slots=True)
class Filters:
    """What is selected on the shelf. Several values of one kind mean any of them; kinds narrow each other."""

    modality: tuple[str, ...] = ()
    task: tuple[str, ...] = ()
    industry: tuple[str, ...] = ()
    domain: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    unit: tuple[str, ...] = ()
    license: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    pool: tuple[str, ...] = ()
    latency: tuple[str, ...] = ()
    provider: tuple[str, ...] = ()
    collection: tuple[str, ...] = ()


FACETS = ("modality", "task", "industry", "domain", "unit", "license", "source", "pool", "latency", "provider")


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


@dataclass(frozen=True, slots=True)
class _Facts:
    """What of a listing is filtered, counted and sorted by."""

    pk: int
    name: str
    created_at: datetime
    amount: Decimal
    p50: float | None  # milliseconds; None: never measured
    values: dict[str, tuple[str, ...]]  # a value or several for each kind of Filters


def catalogue(*, query: str = "", filters: Filters = Filters(), sort: str = "", cursor: str | None = None,
              limit: int = 24, facets: bool = True) -> Page:
    """A page of the shelf. Sort is relevance where something was typed, else name; see SORTS.

    Postgres finds what was typed; facets are counted here, over one narrow row a listing: nine facets, each with
    everything else selected, cost one query and not twenty.
    """
    sort = sort or ("relevance" if query.strip() else "name")
    if sort not in SORTS:
        raise Problem("invalid_request", f"sort is one of {', '.join(SORTS)}")
    offset = read_offset(cursor)
    shelf = _facts()
    ranks: dict[int, float] | None = None
    if query.strip():
        ranks = dict(search.matching(on_shelf(), query).values_list("pk", "rank"))
    base = [row for row in shelf if ranks is None or row.pk in ranks]
    found = _sorted([row for row in base if _fits(row, filters)], sort, ranks or {})
    wanted = [row.pk for row in found[offset:offset + limit]]
    rows = Listing.objects.select_related("model", "model__owner").defer("model__example").in_bulk(wanted)
    more = offset + len(wanted) < len(found)
    counted = {name: _facet(shelf, base, filters, name) for name in FACETS} if facets else {}
    return Page([rows[pk] for pk in wanted if pk in rows], len(found), counted,
                paging.write_cursor(offset + len(wanted)) if more else None, filters)


def on_shelf() -> QuerySet[Listing]:
    """Every listing that anyone may see."""
    return Listing.objects.filter(published=True, model__public=True).exclude(model__state="retired")


def listing(name: str) -> Listing:
    """One listing with its registry model, or Problem model_not_found."""
    found = on_shelf().select_related("model", "model__owner").filter(name=name).first()
    if found is None:
        raise Problem("model_not_found", f"there is no model {name[:64]}")
    return found


def by_names(names: Iterable[str]) -> list[Listing]:
    """These listings, in the order asked for, without those that are not on the shelf."""
    wanted = list(names)
    found = {row.name: row for row in on_shelf().filter(name__in=wanted).select_related("model", "model__owner")}
    return [found[name] for name in wanted if name in found]


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
    subscribed = active.values_list("model__name", flat=True)
    # What it provides itself it may always call; nobody subscribes to a private model.
    return tuple(sorted({*subscribed, *registry.callable_by_owner(org.pk)}))


def needs_approval(org: Organization, model: Any) -> bool:
    """Whether the model's provider must let this organization in before it may subscribe."""
    return registry.is_gated(model) and model.owner_id != org.pk


def access_requests(org: Organization) -> QuerySet[AccessRequest]:
    """What this organization asked of providers, the newest first."""
    return AccessRequest.objects.filter(organization=org).select_related("model", "organization", "person")


def access_requests_to(org: Organization, *, model: str = "", state: str = "") -> QuerySet[AccessRequest]:
    """What others ask of this organization as a provider, the newest first."""
    found = AccessRequest.objects.filter(model__owner_id=org.pk).select_related("model", "organization", "person")
    if model:
        found = found.filter(model__name=model)
    return found.filter(state=state) if state else found


def reviews(listing: Listing) -> QuerySet[Review]:
    return Review.objects.filter(listing=listing).select_related("user").order_by("-id")


def rating(listing: Listing) -> tuple[float | None, int]:
    """Mean rating and the number of reviews; no mean where there is none."""
    found = Review.objects.filter(listing=listing).aggregate(mean=Avg("rating"), count=Count("id"))
    return found["mean"], found["count"]


def read_offset(cursor: str | None) -> int:
    """How many rows lie before the page; Problem invalid_cursor for anything that we did not write."""
    found = paging.read_cursor(cursor, paging.natural)
    if found and not 0 < found[0] < MAX_OFFSET:
        raise Problem("invalid_cursor", "use next_cursor of the page before")
    return found[0] if found else 0


def _facts() -> list[_Facts]:
    """One row a listing on the shelf, by name."""
    prices = registry.current_prices()
    shelved: dict[int, list[str]] = {}
    for slug, pk in Collection.listings.through.objects.values_list("collection__slug", "listing_id"):
        shelved.setdefault(pk, []).append(slug)
    rows = on_shelf().order_by("name").values_list(
        "pk", "name", "created_at", "model__task", "model__domain", "model__industry", "model__tags",
        "model__license_code", "model__license_weights", "model__source", "model__manifest__serving__pool",
        "model__owner__slug", "model__manifest__card__measured__latency_ms__p50")
    found = []
    for pk, name, created, task, domain, industry, tags, code, weights, source, pool, owner, p50 in rows:
        price = prices.get(name)
        licenses = dict.fromkeys(one for one in (code, weights) if one and one != "none")
        found.append(_Facts(pk, name, created, price.amount if price else Decimal(0), p50, {
            "modality": (registry.task_words(task)[2],), "task": (task,), "industry": tuple(industry),
            "domain": (domain,), "tag": tuple(tags), "unit": (price.unit,) if price else (),
            "license": tuple(licenses), "source": (source,) if source else (), "pool": (pool or "warm",),
            "latency": _band(p50),
            "provider": (owner or HOUSE,), "collection": tuple(shelved.get(pk, ()))}))
    return found


def _band(p50: float | None) -> tuple[str, ...]:
    """The latency facet's value of a measured median; none where nothing was measured."""
    if p50 is None:
        return ()
    return (next((str(bound) for bound in LATENCIES if p50 <= bound), "more"),)


def _fits(row: _Facts, filters: Filters, but: str = "") -> bool:
    """Whether every selected kind lets a listing through, leaving one kind out."""
    for kind in fields(Filters):
        chosen = getattr(filters, kind.name)
        if chosen and kind.name != but and not set(chosen).intersection(row.values[kind.name]):
            return False
    return True


def _sorted(found: list[_Facts], sort: str, ranks: dict[int, float]) -> list[_Facts]:
    if sort == "relevance":
        return sorted(found, key=lambda row: (-ranks.get(row.pk, 0.0), row.name))
    if sort == "newest":
        return sorted(found, key=lambda row: (-row.created_at.timestamp(), row.name))
    if sort == "price":
        return sorted(found, key=lambda row: (row.amount, row.name))
    if sort == "fastest":
        return sorted(found, key=lambda row: (row.p50 is None, row.p50 or 0.0, row.name))
    if sort == "popular":
        counts = dict(on_shelf().annotate(subscribers=_subscribers()).values_list("pk", "subscribers"))
        return sorted(found, key=lambda row: (-counts.get(row.pk, 0), row.name))
    return found  # by name already


def _facet(shelf: list[_Facts], base: list[_Facts], filters: Filters, name: str) -> list[FacetValue]:
    """Counts of one facet with everything else selected; values that now have none stay, with 0."""
    chosen = set(getattr(filters, name))
    everything = {value for row in shelf for value in row.values[name]}
    now = Counter(value for row in base if _fits(row, filters, but=name) for value in row.values[name])
    return [FacetValue(v, now[v], v in chosen, *_titles(name, v))
            for v in sorted(everything, key=lambda v: (-now[v], v)) if v]


def _titles(name: str, value: str) -> tuple[str, str]:
    return registry.task_words(value)[:2] if name == "task" else ("", "")


def _subscribers() -> Any:
    active = Subscription.objects.filter(model=OuterRef("model"), ended_at=None).order_by().values("model")
    return Coalesce(Subquery(active.annotate(n=Count("id")).values("n")), Value(0))
