"""What the registry tells others: models, versions, prices and the routes that the data plane serves by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime

from django.db.models import Q, QuerySet

from kernel import clock, contracts
from kernel.problems import Problem
from model_registry.catalog_kit.tasks import TASKS
from model_registry.manifest import Manifest
from model_registry.models import Alias, Model, ModelVersion, Price, Publication, TrafficChange
from model_registry.routes import deployed, to_route


@dataclass(frozen=True, slots=True)
class ModelFilters:
    """What to keep; an empty word keeps everything."""

    task: str = ""
    domain: str = ""
    industry: str = ""
    tag: str = ""


def models(filters: ModelFilters = ModelFilters(), *, org_id: int | None = None) -> QuerySet[Model]:
    """The models that this organization may see (public ones for a stranger), by name; retired ones are gone."""
    found = Model.objects.filter(_visible(org_id)).exclude(state__in=[Model.State.RETIRED, Model.State.TAKEN_DOWN])
    if filters.task:
        found = found.filter(task=filters.task)
    if filters.domain:
        found = found.filter(domain=filters.domain)
    if filters.industry:
        found = found.filter(industry__contains=[filters.industry])
    if filters.tag:
        found = found.filter(tags__contains=[filters.tag])
    return found.order_by("name")


def model(name: str, *, org_id: int | None = None) -> Model:
    """One model that this organization may see; another's private model is as unknown as none."""
    found = Model.objects.filter(_visible(org_id), name=name).first()
    if found is None:
        raise Problem("model_not_found", f"there is no model {name[:64]}")
    return found


def model_names() -> list[str]:
    """The public models that can be called now; for the platform's own loops."""
    callable_now = Model.objects.filter(public=True, state=Model.State.ACTIVE)
    return list(callable_now.order_by("name").values_list("name", flat=True))


def is_callable(model: Model) -> bool:
    """Whether calls are answered now; False for a hub's model that was not fetched yet."""
    if model.state in (Model.State.RETIRED, Model.State.TAKEN_DOWN):
        return False
    return ModelVersion.objects.filter(model=model, state=ModelVersion.State.READY).exists()


def versions(model: Model) -> QuerySet[ModelVersion]:
    """Every version of a model, newest first."""
    return ModelVersion.objects.filter(model=model).prefetch_related("artifacts").order_by("-number")


def version(model: Model, word: str) -> ModelVersion:
    """A version by number or alias ("2", "stable")."""
    number = int(word) if word.isdecimal() and len(word) < 9 else None
    if number is None:
        number = Alias.objects.filter(model=model, name=word).values_list("version", flat=True).first()
    found = versions(model).filter(number=number).first() if number is not None else None
    if found is None:
        raise Problem("version_not_found", f"{model.name} has no version {word[:40]}")
    return found


def prices(model: Model) -> QuerySet[Price]:
    """The price history of a model, newest first."""
    return Price.objects.filter(model=model).order_by("-version")


def price(model: Model, at: datetime | None = None) -> Price:
    """The price in force at a moment (now unless told)."""
    found = prices(model).filter(valid_from__lte=at or clock.now()).first()
    if found is None:
        raise Problem("not_found", f"{model.name} had no price then")
    return found


def price_value(model: Model, at: datetime | None = None) -> contracts.Price:
    """The same as the frozen value that crosses packages."""
    row = price(model, at)
    return contracts.Price(row.unit, row.amount.normalize() + 0, row.currency, row.version, row.free_per_month)


def price_of(name: str, version: int | None = None) -> contracts.Price | None:
    """The price of a model by name: the one that applies now, or a numbered one; None where there is none."""
    found = Price.objects.filter(model__name=name)
    row = (found.filter(valid_from__lte=clock.now()) if version is None else found.filter(version=version)).first()
    return contracts.Price(row.unit, row.amount, row.currency, row.version, row.free_per_month) if row else None


def digest_of(name: str, version: int) -> str:
    """The digest of a version's artifacts, for receipts; "" where there is no such version."""
    found = ModelVersion.objects.filter(model__name=name, number=version).values_list("digest", flat=True).first()
    return found or ""


def current_prices(of: Iterable[int] | None = None) -> dict[str, contracts.Price]:
    """Model name → the price in force now, of every model (of these ids, if told) that has one."""
    found = Price.objects.filter(valid_from__lte=clock.now())
    if of is not None:
        found = found.filter(model__in=list(of))
    rows = (found.order_by("model_id", "-version").distinct("model_id")
            .values_list("model__name", "unit", "amount", "currency", "version", "free_per_month"))
    return {name: contracts.Price(unit, amount.normalize() + 0, currency, version, free)
            for name, unit, amount, currency, version, free in rows}


def manifest(model: Model) -> Manifest:
    """The manifest that a model was registered with. Raises version_not_found for a model that has no version yet."""
    if not model.manifest:
        raise Problem("version_not_found", f"{model.name} has no version yet")
    return Manifest.model_validate(model.manifest)


def route_for(model: Model) -> contracts.Route | None:
    """How the gateway serves this model now; None where nothing of it can be called."""
    return routes_for([model])[model.name]


def routes_for(models: Iterable[Model]) -> dict[str, contracts.Route | None]:
    """The same of many models by name, in three statements."""
    found = list(models)
    served = [m for m in found if m.state not in (Model.State.RETIRED, Model.State.TAKEN_DOWN)]
    ready: dict[int, dict[int, ModelVersion]] = defaultdict(dict)
    newest_first = ModelVersion.objects.filter(model__in=served, state=ModelVersion.State.READY).order_by("-number")
    for version in newest_first.defer("manifest", "report", "upload", "lineage", "changelog"):
        ready[version.model_id][version.number] = version
    aliases: dict[int, dict[str, int]] = defaultdict(dict)
    for alias in Alias.objects.filter(model__in=ready):
        if alias.version in ready[alias.model_id]:
            aliases[alias.model_id][alias.name] = alias.version
    prices = current_prices(ready)
    return {m.name: _route(m, ready[m.pk], aliases[m.pk], prices.get(m.name)) if m.pk in ready else None
            for m in found}


def _route(model: Model, ready: Mapping[int, ModelVersion], aliases: Mapping[str, int],
           price: contracts.Price | None) -> contracts.Route | None:
    """`ready`: the versions that can be called, newest first, by number."""
    if price is None:
        raise Problem("not_found", f"{model.name} has no price")
    split = [contracts.Target(t["version"], t["weight"], t["label"]) for t in model.traffic if t["version"] in ready]
    whole = sum(t.weight for t in split) == 100
    shadow = model.shadow if model.shadow in ready else None
    if model.owner_id is None:
        newest = next(iter(ready))
        targets = tuple(split) if whole else (contracts.Target(newest, 100),)
        return replace(to_route(manifest(model), version=newest), price=price, targets=targets,
                       aliases={"stable": targets[0].version, **aliases}, shadow=shadow, sticky_by=model.sticky_by)
    # Of a provider's model every ready version can be pinned, and only what traffic says gets weight.
    if not model.manifest or not whole:
        return None
    shared = {t.version for t in split}
    rest = [contracts.Target(number, 0, f"v{number}") for number in sorted(ready) if number not in shared]
    base = to_route(manifest(model), version=split[0].version, host=f"host-{model.name}")
    return replace(
        deployed(base, model.deployment), price=price, targets=(*split, *rest),
        aliases={"stable": split[0].version, **aliases},
        shadow=shadow, sticky_by=model.sticky_by, owner=model.owner_id,
        public=model.public, gated=is_gated(model), own_host=True,
        joinable=all(v.service.get("batched") for v in ready.values()),
        notices={str(v.number): notice for v in ready.values() if (notice := notices(model.name, v))})


def notices(name: str, version: ModelVersion) -> dict[str, str]:
    """The headers that tell a caller that this version will go (RFC 9745, RFC 8594)."""
    if version.sunset_at is None:
        return {}
    since = next((datetime.fromisoformat(s["at"]) for s in reversed(version.stages) if s["state"] == "deprecated"),
                 version.created_at)
    said = {"Deprecation": f"@{int(since.timestamp())}",
            "Sunset": format_datetime(version.sunset_at, usegmt=True)}
    if version.successor:
        said["Link"] = f'</api/v1/models/{name}/versions/{version.successor}>; rel="successor-version"'
    return said


def own_models(org_id: int) -> QuerySet[Model]:
    """The models that an organization provides, by name."""
    return Model.objects.filter(owner_id=org_id).exclude(state=Model.State.RETIRED).select_related(
        "owner").order_by("name")


def own_model(name: str, *, org_id: int, lock: bool = False) -> Model:
    """One model that this organization provides; everybody else's is unknown."""
    rows = Model.objects.filter(owner_id=org_id, name=name).exclude(state=Model.State.RETIRED).select_related("owner")
    found = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if found is None:
        raise Problem("model_not_found", f"there is no model {name[:64]}")
    return found


def owner_of(name: str) -> int | None:
    """The organization that provides a model, on the shelf or not; None for the house's and for none."""
    return Model.objects.filter(name=name).values_list("owner_id", flat=True).first()


def is_gated(model: Model) -> bool:
    """Whether its provider decides which organizations may subscribe."""
    return model.owner_id is not None and model.access == Model.Access.GATED


def callable_by_owner(org_id: int) -> list[str]:
    """Names of an organization's own models that its keys may call without a subscription."""
    return list(own_models(org_id).filter(state=Model.State.ACTIVE).values_list("name", flat=True))


def publication(model: Model) -> Publication | None:
    """The latest request to publish a model."""
    return Publication.objects.filter(model=model).order_by("-id").first()


def publications(state: str = "") -> QuerySet[Publication]:
    """Requests to publish, oldest first; for staff."""
    found = Publication.objects.select_related("model", "organization")
    return (found.filter(state=state) if state else found).order_by("id")


def within_staffs_reach() -> QuerySet[Model]:
    """Providers' models that staff may take down, or have: public ones and those that are down, by name."""
    return Model.objects.filter(Q(public=True) | Q(state=Model.State.TAKEN_DOWN), owner__isnull=False).select_related(
        "owner").order_by("name")


def traffic_changes(model: Model) -> QuerySet[TrafficChange]:
    """What a model's traffic was, newest first."""
    return TrafficChange.objects.filter(model=model).order_by("-number")


def task_words(task: str) -> tuple[str, str, str]:
    """Title in English, in Chinese, and modality of a task; an unknown task is its own name."""
    known = TASKS.get(task)
    return (known.title, known.title_zh, known.modality) if known else (task, task, "other")


def _visible(org_id: int | None) -> Q:
    return Q(public=True) | Q(owner_id=org_id) if org_id is not None else Q(public=True)
