"""What is done to the registry: reading the house's catalogue in, prices, traffic, aliases."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from inference_backend.triton import repository
from kernel import bus, clock
from kernel.facts import VersionPublished
from kernel.problems import FieldError, Problem
from model_registry import routes, selectors, snapshots
from model_registry.catalog_kit.nets import LocalNets
from model_registry.manifest import Manifest, ManifestError, folder_name, load
from model_registry.models import Alias, Artifact, Model, ModelVersion, Price

log = logging.getLogger(__name__)
RUNNER = "model_registry.catalog_kit.runner"
CODE_SUFFIXES = (".py", ".onnx", ".json", ".txt", ".csv", ".npz")
NOT_CODE = ("example.json", "metrics.json", "quality.py")


@dataclass(slots=True)
class SyncReport:
    """What reading the catalogue in did: names of models, and faults in words."""

    created: list[str] = field(default_factory=list)
    new_versions: list[str] = field(default_factory=list)
    repriced: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    nets: list[str] = field(default_factory=list)
    routes: int = 0

    @property
    def served(self) -> int:
        return len(self.created) + len(self.new_versions) + len(self.repriced) + len(self.unchanged)

    def __str__(self) -> str:
        return (f"{self.served} models ({len(self.created)} new, {len(self.new_versions)} with a new version, "
                f"{len(self.repriced)} repriced, {len(self.retired)} retired, {len(self.faults)} faults), "
                f"{len(self.hosts)} hosts, {len(self.nets)} nets, {self.routes} routes")


def sync_catalog(*, root: Path, nets_dir: Path, repository_dir: Path,
                 tell: Callable[[str], object] = lambda text: None) -> SyncReport:
    """Brings registry, Triton repository and routes in step with the catalogue below `root`.

    A capability with a fault (manifest, missing net) is reported and left as it was; the others go on. Running it
    again changes nothing. What a call runs (code, nets, signature) makes a new version; texts and prices do not.
    `tell` hears how far it is, for a person who waits.
    """
    report = SyncReport()
    finder = LocalNets([root, nets_dir])
    usable: dict[str, tuple[Manifest, Path]] = {}
    nets: dict[str, Path] = {}
    seen: set[str] = set()
    for file in sorted(root.glob("*/*/model.yaml")):
        seen.add(file.parent.name)
        try:
            manifest = load(file)
            needed = {*manifest.nets, *([manifest.tensors.net] if manifest.tensors else [])}
            found = {name: finder.find(name) for name in sorted(needed)}
        except ManifestError as error:
            report.faults.append(str(error))
        except Problem as problem:
            report.faults.append(f"{file}: {problem.detail}")
        else:
            usable[manifest.name] = (manifest, file.parent)
            nets.update(found)
    hashes = {name: _sha256(path) for name, path in nets.items()}
    changed = []
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('model_registry_sync'))")
        for number, (name, (manifest, folder)) in enumerate(usable.items(), 1):
            if _register(manifest, folder, nets, hashes, report):
                changed.append(name)
            if number % 50 == 0:
                tell(f"{number} of {len(usable)} capabilities")
        # A folder that is there but faulty keeps its model; only one that is gone takes it along.
        # What is fetched from hubs (S3) has no folder there at all.
        house = Model.objects.filter(owner=None).exclude(state=Model.State.RETIRED).exclude(source="S3", domain="hub")
        gone = [m for m in house if folder_name(m.name) not in seen] if seen else []
        for model in gone:
            model.state = Model.State.RETIRED
            model.updated_at = clock.now()
            model.save(update_fields=["state", "updated_at"])
            report.retired.append(model.name)
    _write_repository(usable, nets, repository_dir, report)
    report.routes = snapshots.rebuild()
    for name in [*changed, *report.retired]:
        newest = ModelVersion.objects.filter(model__name=name).order_by("-number").first()
        bus.publish(VersionPublished(name, newest.number if newest else 0))
    return report


def published_names() -> list[str]:
    """The public models that can be called now."""
    return selectors.model_names()


def set_price(*, model: Model, unit: str, amount: Decimal, currency: str = "USD", free_per_month: int = 0) -> Price:
    """A new price from now on; the one in force is given back where it is the same."""
    with transaction.atomic():
        Model.objects.select_for_update().get(pk=model.pk)
        last = selectors.prices(model).first()
        if last and (last.unit, last.amount, last.currency, last.free_per_month) == (
                unit, amount, currency, free_per_month):
            return last
        return Price.objects.create(model=model, version=last.version + 1 if last else 1, unit=unit, amount=amount,
                                    currency=currency, free_per_month=free_per_month)


def set_traffic(*, model: Model, split: Sequence[Mapping[str, Any]], sticky_by: str = "key") -> Model:
    """Spreads calls over ready versions: [{"version", "weight", "label"}], whole percents that sum to 100."""
    ready = set(model.versions.filter(state=ModelVersion.State.READY).values_list("number", flat=True))
    faults = [FieldError(f"/{i}/version", "no such ready version")
              for i, t in enumerate(split) if t["version"] not in ready]
    faults += [FieldError(f"/{i}/weight", "0 to 100") for i, t in enumerate(split) if not 0 <= t["weight"] <= 100]
    if len({t["version"] for t in split}) != len(split):
        faults.append(FieldError("/", "each version once"))
    if split and sum(t["weight"] for t in split) != 100:
        faults.append(FieldError("/", "weights must sum to 100"))
    if faults:
        raise Problem("validation_error", "traffic can't be split like this", errors=faults)
    with transaction.atomic():
        locked = Model.objects.select_for_update().get(pk=model.pk)
        locked.traffic = [{"version": t["version"], "weight": t["weight"], "label": t.get("label", "stable")}
                          for t in split]
        locked.sticky_by, locked.updated_at = sticky_by, clock.now()
        locked.save(update_fields=["traffic", "sticky_by", "updated_at"])
        newest = max(ready, default=0)
        transaction.on_commit(lambda: bus.publish(VersionPublished(locked.name, newest)))
    return locked


def set_alias(*, model: Model, name: str, version: int) -> Alias:
    """Points a word at a version of the model."""
    selectors.version(model, str(version))
    with transaction.atomic():
        made, _ = Alias.objects.update_or_create(model=model, name=name, defaults={"version": version})
        transaction.on_commit(lambda: bus.publish(VersionPublished(model.name, version)))
    return made


def register_manifest(*, manifest: Manifest, digest: str | None, example: Any = None) -> tuple[Model, bool]:
    """Writes one house model from its manifest: texts, price, and a new version where the digest is new. Without a
    digest it is only listed: there is nothing of it yet that could be called.

    Gives the model and whether its route changed.
    """
    with transaction.atomic():
        model, _ = Model.objects.select_for_update().get_or_create(
            name=manifest.name, defaults={"summary": manifest.summary, "owner": None})
        if model.owner_id is not None:
            raise Problem("name_taken", f"{manifest.name} belongs to a provider")
        stored = manifest.model_dump(mode="json", by_alias=True, exclude_none=True)
        before = (model.manifest, model.state)
        for name in ("task", "domain", "family", "title", "title_zh", "summary", "summary_zh", "source", "evidence",
                     "industry", "tags"):
            setattr(model, name, getattr(manifest, name))
        model.license_code, model.license_weights = manifest.license.code, manifest.license.weights
        model.manifest, model.example, model.state = stored, example, Model.State.ACTIVE
        model.updated_at = clock.now() if before != (stored, model.state) else model.updated_at
        model.save()
        last = ModelVersion.objects.filter(model=model).order_by("-number").first()
        changed = before != (stored, model.state)
        if digest is not None and (last is None or last.digest != digest):
            made = ModelVersion.objects.create(model=model, number=last.number + 1 if last else 1, digest=digest,
                                               label=manifest.version, manifest=stored)
            changed = True
            if manifest.tensors is None:
                # The host runs the folder as it is now: only its newest state can be called.
                model.versions.filter(number__lt=made.number).update(state=ModelVersion.State.RETIRED)
        price = manifest.pricing
        set_price(model=model, unit=price.unit, amount=price.amount, currency=price.currency,
                  free_per_month=price.free_per_month)
    return model, changed


def _register(manifest: Manifest, folder: Path, nets: Mapping[str, Path], hashes: Mapping[str, str],
              report: SyncReport) -> bool:
    known = Model.objects.filter(name=manifest.name).first()
    versions_before = known.versions.count() if known else 0
    price_before = known.prices.count() if known else 0
    own = sorted({*manifest.nets, *([manifest.tensors.net] if manifest.tensors else [])})
    digest = _digest(manifest, folder, {name: hashes[name] for name in own})
    model, changed = register_manifest(manifest=manifest, digest=digest, example=_example(folder))
    newest = model.versions.order_by("-number").first()
    for name in own:
        artifact, _ = Artifact.objects.get_or_create(
            sha256=hashes[name], defaults={"size": nets[name].stat().st_size, "name": f"{name}.onnx"})
        newest.artifacts.add(artifact)
    if known is None:
        report.created.append(model.name)
    elif model.versions.count() > versions_before:
        report.new_versions.append(model.name)
    elif model.prices.count() > price_before:
        report.repriced.append(model.name)
    else:
        report.unchanged.append(model.name)
    return changed or known is None


def _write_repository(usable: Mapping[str, tuple[Manifest, Path]], nets: Mapping[str, Path], target: Path,
                      report: SyncReport) -> None:
    families: dict[str, dict[str, Path]] = {}
    for name, (manifest, folder) in usable.items():
        families.setdefault(manifest.family, {})[name] = folder
    wanted = set()
    for family, entries in sorted(families.items()):
        repository.write_host(target, family, entries, runner=RUNNER)
        report.hosts.append(f"host-{family}")
    called = {net for manifest, _ in usable.values() for net in manifest.nets}
    for net in sorted(called):
        repository.write_onnx(target, net, nets[net])
        report.nets.append(net)
    for name, (manifest, _) in usable.items():
        if manifest.tensors is None:
            continue
        specs = (routes.to_route(manifest, version=1).inputs, routes.to_route(manifest, version=1).outputs)
        newest = Model.objects.get(name=name).versions.order_by("-number").values_list("number", flat=True).first()
        repository.write_onnx(target, name, nets[manifest.tensors.net], *specs, version=newest)
        wanted.add(name)
    keep = wanted | set(report.hosts) | set(report.nets)
    house = set(Model.objects.filter(owner=None, name__in=report.retired).values_list("name", flat=True))
    for name in repository.models(target):
        if name in house and name not in keep:
            repository.remove_model(target, name)


def _digest(manifest: Manifest, folder: Path, nets: Mapping[str, str]) -> str:
    """A hash of what a call runs: the code and data of the folder, its nets and the signature."""
    signature = manifest.model_dump(mode="json", by_alias=True, exclude_none=True,
                                    include={"family", "libraries", "input", "parameters", "output", "nets", "tensors"})
    digest = hashlib.sha256(json.dumps([signature, dict(nets)], sort_keys=True).encode())
    for file in sorted(folder.iterdir()):
        beside = file.name in NOT_CODE or file.name.startswith("test_")
        if file.suffix in CODE_SUFFIXES and not beside:
            digest.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _example(folder: Path) -> Any:
    file = folder / "example.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
