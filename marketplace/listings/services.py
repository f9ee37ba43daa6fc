"""What is done on the shelf: stocking it from the registry, subscribing, reviewing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from django.db import IntegrityError, transaction

from billing.services import open_account
from kernel import bus, clock
from kernel.facts import GrantsChanged, SubscriptionChanged, VersionPublished
from kernel.problems import FieldError, Problem
from marketplace.accounts.audit import Actor, record
from marketplace.accounts.selectors import Organization, User, authorize
from marketplace.listings import search, selectors
from marketplace.listings.models import AccessRequest, Collection, Listing, Review, Subscription
from model_registry import selectors as registry

# Slug, title and Chinese title of each industry: the words of the manifests' `industry`.
INDUSTRIES = (
    ("manufacturing", "Manufacturing", "制造"), ("energy", "Energy", "能源"), ("finance", "Finance", "金融"),
    ("retail", "Retail", "零售"), ("healthcare", "Healthcare", "医疗健康"), ("logistics", "Logistics", "物流"),
    ("media", "Media", "媒体"), ("public-sector", "Public sector", "公共服务"), ("education", "Education", "教育"),
    ("agriculture", "Agriculture", "农业"), ("security", "Security", "安防"),
    ("developer-tools", "Developer tools", "开发工具"),
)


def stock_shelf(names: Iterable[str] | None = None) -> int:
    """Puts these public models (all, unless named) on the shelf with fresh search words; how many there are."""
    found = registry.models().defer("manifest", "example")
    if names is not None:
        found = found.filter(name__in=list(names))
    with transaction.atomic():
        models = {model.pk: model for model in found}
        Collection.objects.bulk_create([Collection(slug=slug, title=title, title_zh=title_zh, position=position)
                                        for position, (slug, title, title_zh) in enumerate(INDUSTRIES)],
                                       ignore_conflicts=True)
        stood = set(Listing.objects.filter(model__in=models).values_list("model_id", flat=True))
        Listing.objects.bulk_create([Listing(model=model, name=model.name) for pk, model in models.items()
                                     if pk not in stood], ignore_conflicts=True)
        shelved = list(Listing.objects.filter(model__in=models).only("pk", "model_id"))
        _collect({listing.pk: models[listing.model_id].industry for listing in shelved})
        search.index({listing.pk: _texts(models[listing.model_id]) for listing in shelved})
    return len(models)


def _collect(industries: Mapping[int, Sequence[str]]) -> None:
    """Puts listings, by their ids, into the collections of exactly these industries."""
    rows = dict(Collection.objects.filter(slug__in=[slug for slug, *_ in INDUSTRIES]).values_list("slug", "pk"))
    wanted = {(listing, rows[slug]) for listing, slugs in industries.items() for slug in slugs if slug in rows}
    link = Listing.collections.through
    present = {(row.listing_id, row.collection_id): row.pk
               for row in link.objects.filter(listing__in=industries, collection__in=rows.values())}
    link.objects.filter(pk__in=[pk for pair, pk in present.items() if pair not in wanted]).delete()
    link.objects.bulk_create([link(listing_id=listing, collection_id=collection)
                              for listing, collection in sorted(wanted - present.keys())], ignore_conflicts=True)


def subscribe(*, org: Organization, model: str, plan: Literal["free", "payg"], actor: Actor) -> Subscription:
    """Lets the organization's keys call a model. Asking again gives the subscription there is, moved to this plan.

    Raises approval_required for a gated model whose provider did not let the organization in: see access_requests.
    """
    authorize(org, actor, "subscriptions:manage")
    refuse_plan(plan)
    shelved = subscribable(model)
    try:
        with transaction.atomic():
            return begin_subscription(org, shelved, plan, actor)
    except IntegrityError:  # another request was first: the unique index let one through
        with transaction.atomic():
            return begin_subscription(org, shelved, plan, actor)


def refuse_plan(plan: str) -> None:
    """Raises validation_error for a plan that is not there."""
    if plan not in Subscription.Plan.values:
        known = " or ".join(Subscription.Plan.values)
        fault = FieldError("/plan", f"must be {known}", "invalid_choice")
        raise Problem("validation_error", "unknown plan", errors=[fault])


def subscribable(model: str) -> Listing:
    """A listing that takes subscriptions. Raises model_not_found, invalid_state."""
    shelved = selectors.listing(model)
    if shelved.model.state != "active":
        raise Problem("invalid_state", f"{model} takes no new subscriptions: it is {shelved.model.state}")
    return shelved


def subscribe_to_all(*, org: Organization, plan: Literal["free", "payg"], actor: Actor) -> int:
    """Every model of the shelf at once, for the demo; how many are new."""
    authorize(org, actor, "subscriptions:manage")
    open_account(org_id=org.pk)
    before = set(selectors.subscriptions(org).values_list("model__name", flat=True))
    missing = [found for found in selectors.on_shelf().filter(model__state="active").select_related("model")
               if found.name not in before and not selectors.needs_approval(org, found.model)]
    if not missing:
        return 0
    with transaction.atomic():
        made = Subscription.objects.bulk_create(
            [Subscription(organization=org, model=found.model, plan=plan) for found in missing])
        record(org=org, actor=actor, action="subscription.all", after={"plan": plan, "count": len(made)})
        names = [found.name for found in missing]
        transaction.on_commit(lambda: _announce(org.pk, names, active=True))
    return len(made)


def unsubscribe(*, org: Organization, model: str, actor: Actor) -> Subscription:
    """Ends a subscription now; what was used stays on the bill."""
    authorize(org, actor, "subscriptions:manage")
    with transaction.atomic():
        found = Subscription.objects.select_for_update(of=("self",)).select_related("model").filter(
            organization=org, model__name=model, ended_at=None).first()
        if found is None:
            raise Problem("not_found", f"there is no subscription to {model[:64]}")
        end_subscription(found, actor)
    return found


def end_subscription(found: Subscription, actor: Actor) -> None:
    """Ends a subscription whose row is locked; the keys' grants follow after commit."""
    org, model = found.organization, found.model_name
    found.ended_at = clock.now()
    found.save(update_fields=["ended_at"])
    record(org=org, actor=actor, action="subscription.ended", target=f"model:{model}", before={"plan": found.plan})
    transaction.on_commit(lambda: _announce(org.pk, [model], active=False))


def review(*, org: Organization, user: User, model: str, rating: int, text: str = "") -> Review:
    """A member's opinion, one a person and listing; only of what the organization subscribed to."""
    authorize(org, user, "account:read")
    shelved = selectors.listing(model)
    if isinstance(rating, bool) or not isinstance(rating, int) or not 1 <= rating <= 5:
        raise Problem("validation_error", "a rating is 1 to 5", errors=[FieldError("/rating", "1 to 5")])
    if not Subscription.objects.filter(organization=org, model=shelved.model).exists():
        raise Problem("not_subscribed", "review what you have used")
    made, _ = Review.objects.update_or_create(
        listing=shelved, user=user, defaults={"organization": org, "rating": rating, "text": text.strip()[:2000]})
    return made


def on_version_published(fact: VersionPublished) -> None:
    """Listener of VersionPublished: the shelf shows what the registry says."""
    stock_shelf([fact.model])


def begin_subscription(org: Organization, shelved: Listing, plan: str, actor: Actor) -> Subscription:
    """Within a transaction: the one active subscription, made or moved to this plan."""
    found = Subscription.objects.select_for_update(of=("self",)).select_related("model").filter(
        organization=org, model=shelved.model, ended_at=None).first()
    if found is not None and found.plan == plan:
        return found
    if found is None and selectors.needs_approval(org, shelved.model) and not _let_in(org, shelved):
        raise Problem("approval_required", f"the provider of {shelved.name} decides who may subscribe: ask for access",
                      model=shelved.name)
    open_account(org_id=org.pk)  # from here on there is something to bill, and the console shows it
    before = {}
    if found is None:
        found = Subscription.objects.create(organization=org, model=shelved.model, plan=plan)
    else:
        before, found.plan = {"plan": found.plan}, plan
        found.save(update_fields=["plan"])
    record(org=org, actor=actor, action="subscription.started", target=f"model:{shelved.name}", before=before,
           after={"plan": plan})
    transaction.on_commit(lambda: _announce(org.pk, [shelved.name], active=True))
    return found


def _let_in(org: Organization, shelved: Listing) -> bool:
    """Whether the provider approved; its row is locked, so that a withdrawal waits for the subscription and ends it."""
    approved = AccessRequest.objects.select_for_update().filter(
        organization=org, model=shelved.model, state=AccessRequest.State.APPROVED)
    return approved.first() is not None


def _announce(org_id: int, names: list[str], *, active: bool) -> None:
    for name in names:
        bus.publish(SubscriptionChanged(org_id, name, active))
    bus.publish(GrantsChanged(org_id))


def _texts(model: Any) -> search.Texts:
    title, title_zh, modality = registry.task_words(model.task)
    industries = [word for slug, *words in INDUSTRIES if slug in model.industry for word in words]
    return search.Texts(" ".join([model.name, model.name.replace("-", " "), model.title, model.title_zh]),
                        " ".join([title, title_zh, modality, *model.tags, *industries]),
                        f"{model.summary} {model.summary_zh}")
