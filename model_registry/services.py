"""What is done to the registry: reading the house's catalogue in, prices, traffic, aliases."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
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
from model_registry.manifest import Manifest, ManifestError, folder_name, load
from model_registry.models import Alias, Artifact, Model, ModelVersion, Price

log = logging.getLogger(__name__)
RUNNER = "model_registry.catalog_kit.runner"
CODE_SUFFIXES = (".py", ".onnx", ".json", ".txt", ".csv", ".npz")
NOT_CODE = ("example.json", "metrics.json", "quality.py")
WORDS = ("task", "domain", "family", "title", "title_zh", "summary", "summary_zh", "source", "evidence", "industry",
         "tags")  # what a manifest and its model's row both have
STATED = ("license_code", "license_weights", "manifest", "example", "state", "updated_at")


@dataclass(frozen=True, slots=True)
class HouseModel:
    """What one house model is to become. Without a digest it is only listed: nothing of it could be called yet."""

    manifest: Manifest
    digest: str | None
    example: Any = None


@dataclass(slots=True)
class Registered:
    """What became of it. `version` is its newest; `changed`: its route has to be written anew."""

    manifest: Manifest
    model: Model
    version: ModelVersion | None = None
    created: bool = False
    new_version: bool = False
    repriced: bool = False
    changed: bool = False


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
    raw: list[str] = field(default_factory=list)  # name/version of capabilities that are one net and served as it

    @property
    def served(self) -> int:
        return len(self.created) + len(self.new_versions) + len(self.repriced) + len(self.unchanged)

    @property
    def served_by(self) -> list[str]:
        """The folders of Triton's repository that serve all of it: model/version."""
        return [*(f"{name}/1" for name in [*self.hosts, *self.nets]), *self.raw]

    def __str__(self) -> str:
        return (f"{self.served} models ({len(self.created)} new, {len(self.new_versions)} with a new version, "
                f"{len(self.repriced)} repriced, {len(self.retired)} retired, {len(self.faults)} faults), "
                f"{len(self.hosts)} hosts, {len(self.nets)} nets")


def sync_catalog(*, root: Path, nets_dir: Path, repository_dir: Path) -> SyncReport:
    """Brings registry, Triton repository and routes in step with the catalogue below `root`.

    A capability with a fault (manifest, missing net) is reported and left as it was; the others go on. Running it
    again changes nothing. What a call runs (code, nets, signature) makes a new version; texts and prices do not.
    The caller puts the models on the shelf.
    """
    report = SyncReport()
    usable, nets, seen = _read_catalog(root, nets_dir, report)
    hashes = {name: _sha256(path) for name, path in nets.items()}
    house = [HouseModel(manifest, _digest(manifest, folder, {name: hashes[name] for name in _nets_of(manifest)}),
                        _example(folder)) for manifest, folder in usable.values()]
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('model_registry_sync'))")
        registered = register_manifests(house)
        _keep_artifacts(registered, nets, hashes)
        # A folder that is there but faulty keeps its model; only one that is gone takes it along.
        # What is fetched from hubs (S3) has no folder there at all.
        listed = Model.objects.filter(owner=None).exclude(state=Model.State.RETIRED).exclude(source="S3", domain="hub")
        report.retired = [name for name in listed.values_list("name", flat=True) if folder_name(name) not in seen
                          ] if seen else []
        Model.objects.filter(name__in=report.retired).update(state=Model.State.RETIRED, updated_at=clock.now())
    for name, done in registered.items():
        kind = ("created" if done.created else "new_versions" if done.new_version else
                "repriced" if done.repriced else "unchanged")
        getattr(report, kind).append(name)
    _write_repository(usable, nets, repository_dir, registered, report)
    snapshots.write_routes([*(name for name, done in registered.items() if done.changed), *report.retired])
    return report


def _read_catalog(root: Path, nets_dir: Path, report: SyncReport
                  ) -> tuple[dict[str, tuple[Manifest, Path]], dict[str, Path], set[str]]:
    """The usable capabilities by name, their nets' files by name, and the folders that are there at all."""
    files = _net_files([root, nets_dir])
    usable: dict[str, tuple[Manifest, Path]] = {}
    nets: dict[str, Path] = {}
    seen: set[str] = set()
    for file in sorted(root.glob("*/*/model.yaml")):
        seen.add(file.parent.name)
        try:
            manifest = load(file)
        except ManifestError as error:
            report.faults.append(str(error))
            continue
        needed = _nets_of(manifest)
        missing = [name for name in needed if name not in files]
        if missing:
            report.faults.append(f"{file}: the net {missing[0]} is not built: make nets")
            continue
        usable[manifest.name] = (manifest, file.parent)
        nets.update({name: files[name] for name in needed})
    return usable, nets, seen


def _net_files(roots: Sequence[Path]) -> dict[str, Path]:
    """Every net by name; the first root's goes before the second's, what lies in a root itself before the rest."""
    found: dict[str, Path] = {}
    for root in roots:
        for file in sorted(root.rglob("*.onnx"), key=lambda file: (file.parent != root, file)):
            found.setdefault(file.stem, file)
    return found


def _nets_of(manifest: Manifest) -> list[str]:
    return sorted({*manifest.nets, *([manifest.tensors.net] if manifest.tensors else [])})


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
    """Writes one house model, as `register_manifests` does. Gives the model and whether its route changed."""
    done = register_manifests([HouseModel(manifest, digest, example)])[manifest.name]
    return done.model, done.changed


def register_manifests(house: Sequence[HouseModel]) -> dict[str, Registered]:
    """Writes house models from their manifests: texts, price, and a new version where the digest is new. A thousand
    take as many statements as one; by name, what became of each. Raises name_taken for a provider's name."""
    names = [entry.manifest.name for entry in house]
    with transaction.atomic():
        # A lock on a row that is not there holds nobody back: the rows are there first.
        before = set(Model.objects.filter(name__in=names).values_list("name", flat=True))
        Model.objects.bulk_create([Model(name=entry.manifest.name, summary=entry.manifest.summary)
                                   for entry in house if entry.manifest.name not in before], ignore_conflicts=True)
        rows = {row.name: row for row in Model.objects.select_for_update().filter(name__in=names).order_by("name")}
        taken = sorted(name for name, row in rows.items() if row.owner_id is not None)
        if taken:
            raise Problem("name_taken", f"{', '.join(taken)} belongs to a provider")
        done = {entry.manifest.name: _put_words(entry, rows[entry.manifest.name], entry.manifest.name not in before)
                for entry in house}
        # One statement; bulk_update would spell out a case for every row and column.
        Model.objects.bulk_create([one.model for one in done.values() if one.changed], update_conflicts=True,
                                  unique_fields=["id"], update_fields=[*WORDS, *STATED])
        _add_versions(house, done)
        _add_prices(house, done)
    return done


def _put_words(entry: HouseModel, row: Model, created: bool) -> Registered:
    """Sets the columns that follow from the manifest."""
    manifest = entry.manifest
    stored = {**{name: getattr(manifest, name) for name in WORDS}, "license_code": manifest.license.code,
              "license_weights": manifest.license.weights, "example": entry.example, "state": Model.State.ACTIVE,
              "manifest": manifest.model_dump(mode="json", by_alias=True, exclude_none=True)}
    changed = any(getattr(row, name) != value for name, value in stored.items())
    for name, value in stored.items():
        setattr(row, name, value)
    if changed:
        row.updated_at = clock.now()
    return Registered(manifest, row, created=created, changed=changed)


def _add_versions(house: Sequence[HouseModel], done: Mapping[str, Registered]) -> None:
    ids = [one.model.pk for one in done.values()]
    newest = {row.model_id: row for row in ModelVersion.objects.filter(model__in=ids).order_by("model_id", "-number")
              .distinct("model_id")}
    made, replaced = [], []
    for entry in house:
        one = done[entry.manifest.name]
        last = one.version = newest.get(one.model.pk)
        if entry.digest is None or (last is not None and last.digest == entry.digest):
            continue
        one.version = ModelVersion(model=one.model, number=last.number + 1 if last else 1, digest=entry.digest,
                                   label=entry.manifest.version, manifest=one.model.manifest)
        one.new_version, one.changed = True, True
        made.append(one.version)
        if entry.manifest.tensors is None:
            # The host runs the folder as it is now: only its newest state can be called.
            replaced.append(one.model.pk)
    ModelVersion.objects.filter(model__in=replaced).update(state=ModelVersion.State.RETIRED)
    ModelVersion.objects.bulk_create(made)


def _add_prices(house: Sequence[HouseModel], done: Mapping[str, Registered]) -> None:
    ids = [one.model.pk for one in done.values()]
    newest = {row.model_id: row for row in Price.objects.filter(model__in=ids).order_by("model_id", "-version")
              .distinct("model_id")}
    made = []
    for entry in house:
        one, price = done[entry.manifest.name], entry.manifest.pricing
        last = newest.get(one.model.pk)
        stated = (price.unit, price.amount, price.currency, price.free_per_month)
        if last is None or (last.unit, last.amount, last.currency, last.free_per_month) != stated:
            made.append(Price(model=one.model, version=last.version + 1 if last else 1, unit=price.unit,
                              amount=price.amount, currency=price.currency, free_per_month=price.free_per_month))
            one.repriced = True
    Price.objects.bulk_create(made)


def _keep_artifacts(registered: Mapping[str, Registered], nets: Mapping[str, Path], hashes: Mapping[str, str]) -> None:
    """Writes down which bytes each newest version runs."""
    Artifact.objects.bulk_create([Artifact(sha256=hashes[name], size=path.stat().st_size, name=f"{name}.onnx")
                                  for name, path in nets.items()], ignore_conflicts=True)
    link = ModelVersion.artifacts.through
    runs = {(one.version.pk, hashes[name]) for one in registered.values() if one.version is not None
            for name in _nets_of(one.manifest)}
    known = set(link.objects.filter(modelversion__in={version for version, _ in runs})
                .values_list("modelversion_id", "artifact_id"))
    link.objects.bulk_create([link(modelversion_id=version, artifact_id=sha256)
                              for version, sha256 in sorted(runs - known)], ignore_conflicts=True)


def _write_repository(usable: Mapping[str, tuple[Manifest, Path]], nets: Mapping[str, Path], target: Path,
                      registered: Mapping[str, Registered], report: SyncReport) -> None:
    families: dict[str, dict[str, Path]] = {}
    for name, (manifest, folder) in usable.items():
        families.setdefault(manifest.family, {})[name] = folder
    for family, entries in sorted(families.items()):
        repository.write_host(target, family, entries, runner=RUNNER)
        report.hosts.append(f"host-{family}")
    called = {net for manifest, _ in usable.values() for net in manifest.nets}
    for net in sorted(called):
        repository.write_onnx(target, net, nets[net])
        report.nets.append(net)
    for name, (manifest, _) in usable.items():
        newest = registered[name].version
        if manifest.tensors is None or newest is None:
            continue
        route = routes.to_route(manifest, version=newest.number)
        repository.write_onnx(target, name, nets[manifest.tensors.net], route.inputs, route.outputs,
                              version=newest.number)
        report.raw.append(f"{name}/{newest.number}")
    keep = {place.partition("/")[0] for place in report.served_by}
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
