"""Models of public hubs in the registry: listed before they are fetched, callable after.

What lies below the hub's folder is the truth of what can be served; the registry's row holds what the first fetch saw,
so that later ones are held to it even where the folder was lost. How far a fetch is stands in Redis: losing that loses
nothing but the picture, for a fetch that is asked for again goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from inference_backend.triton import repository
from kernel import bus, clock
from kernel.contracts import TensorSpec
from kernel.facts import VersionPublished
from kernel.problems import Problem
from model_registry import selectors, services
from model_registry.hub import fetch as loader
from model_registry.hub.download import HUB, Source
from model_registry.hub.entries import HubEntry, entries, entry
from model_registry.models import Artifact, Model, ModelVersion

log = logging.getLogger(__name__)
HOST = "hub"  # the family of the one host that runs all of them
TURN_S = 240.0  # of a worker; then the rest is taken up anew, so that nobody's jobs wait for a long download
STALE = timedelta(seconds=90)  # a fetch that said nothing for so long has lost its worker
KEEP_S = 7 * 86_400
KEY = "hub:fetch:{model}"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a fetch is. `total` is 0 where the hub does not say; `code` and `detail` are those of a Problem."""

    model: str
    state: str  # none, queued, running, done or failed
    stage: str = ""  # the file under way, checking or trying
    done: int = 0
    total: int = 0
    code: str = ""
    detail: str = ""
    by: str = ""
    at: str = ""

    @property
    def active(self) -> bool:
        """Whether somebody is at it: a queued or running fetch that was heard of lately."""
        return self.state in ("queued", "running") and not self.stale

    @property
    def stale(self) -> bool:
        return bool(self.at) and clock.now() - datetime.fromisoformat(self.at) > STALE

    @property
    def percent(self) -> int:
        return min(100, 100 * self.done // self.total) if self.total else 0


@dataclass(slots=True)
class HubReport:
    """What listing the hub's models did."""

    listed: int = 0
    ready: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)  # fetched once, and their files are gone

    def __str__(self) -> str:
        lost = f", {len(self.lost)} to be fetched again" if self.lost else ""
        return f"{self.listed} models of the hub: {len(self.ready)} fetched{lost}, the rest on demand"


def hub_folder() -> Path:
    """Where fetched models lie."""
    return Path(settings.ENV.var) / "hub"


def source(base: str = "") -> Source:
    """The hub, or the mirror that the settings or the caller name."""
    env = settings.ENV
    return Source(base or env.hub_mirror or HUB, env.hub_private_hosts, env.hub_max_mb << 20)


def is_listed(name: str) -> bool:
    return name in entries()


def is_fetched(model: Model) -> bool:
    """Whether a model can be called: it has a version that is ready."""
    return ModelVersion.objects.filter(model=model, state=ModelVersion.State.READY).exists()


def to_fetch(names: Iterable[str] | None = None) -> set[str]:
    """Which of these models (of all, unless named) are listed and not fetched yet."""
    rows = Model.objects.filter(source="S3", domain=loader.DOMAIN, owner=None)
    if names is not None:
        rows = rows.filter(name__in=list(names))
    ready = ModelVersion.objects.filter(model=OuterRef("pk"), state=ModelVersion.State.READY)
    return set(rows.filter(~Exists(ready)).values_list("name", flat=True))


def sync_hub(*, repository_dir: Path) -> HubReport:
    """Lists every entry, and serves those that lie in place. Running it again changes nothing."""
    report = HubReport()
    before = {row["name"]: row for row in Model.objects.filter(name__in=entries()).values("name", "manifest", "state")}
    served = set(ModelVersion.objects.filter(model__name__in=entries(), state=ModelVersion.State.READY)
                 .values_list("model__name", flat=True))
    new = []
    with transaction.atomic():  # one commit for all of them
        for listed in entries().values():
            report.listed += 1
            found = loader.fetched(listed, hub_folder())
            if found is not None:
                publish(listed, found, repository_dir=repository_dir, host=False)
                report.ready.append(listed.name)
                continue
            manifest, row = listed.manifest(), before.get(listed.name)
            stored = manifest.model_dump(mode="json", by_alias=True, exclude_none=True)
            if row is None or row["manifest"] != stored or row["state"] != Model.State.ACTIVE:
                new.append(services.HouseModel(manifest, None, listed.kind.example))
            if listed.name in served:
                ModelVersion.objects.filter(model__name=listed.name, state=ModelVersion.State.READY).update(
                    state=ModelVersion.State.RETIRED)
                report.lost.append(listed.name)
        services.register_manifests(new)
    for name in report.lost:
        bus.publish(VersionPublished(name, 0))
    Model.objects.filter(owner=None, source="S3", domain=loader.DOMAIN).exclude(name__in=entries()).update(
        state=Model.State.RETIRED)
    _write_host(repository_dir)
    return report


def publish(listed: HubEntry, found: loader.Fetched, *, repository_dir: Path, host: bool = True) -> ModelVersion:
    """Makes a fetched model callable: its nets and the host in Triton's repository, a version, a route."""
    manifest = listed.manifest({role: net.served for role, net in found.nets.items()})
    for role, net in found.nets.items():
        inputs, outputs = (tuple(TensorSpec(p.name, p.datatype, p.shape) for p in ports)
                           for ports in (net.inputs, net.outputs))
        repository.write_onnx(repository_dir, net.served, found.net_file(role), inputs, outputs, max_batch_size=0)
    if host:
        _write_host(repository_dir)
    seen = {file.name: asdict(file) for file in found.files}
    digest = _digest(listed, seen)
    example = json.loads((found.folder / "example.json").read_text(encoding="utf-8"))
    with transaction.atomic():
        model, changed = services.register_manifest(manifest=manifest, digest=digest, example=example)
        version = ModelVersion.objects.filter(model=model).order_by("-number").first()
        if version is None:
            raise RuntimeError("a registered manifest has a version")
        if version.state != ModelVersion.State.READY or version.report.get("hub") != seen:
            version.state, version.report = ModelVersion.State.READY, {**version.report, "hub": seen}
            version.save(update_fields=["state", "report"])
            changed = True
        for file in found.files:
            artifact, _ = Artifact.objects.get_or_create(
                sha256=file.sha256, defaults={"size": file.size, "name": file.path.rpartition("/")[2][:160]})
            version.artifacts.add(artifact)
        if changed:
            transaction.on_commit(lambda: bus.publish(VersionPublished(model.name, version.number)))
    _drop_older_nets(listed, found, repository_dir)
    return version


def fetch_now(*, name: str, base: str = "", by: str = "", renew: bool = False,
              until: float = float("inf"), tell: loader.Note = lambda what, done, total: None) -> ModelVersion:
    """Fetches a listed model in this process and makes it callable. With `renew` what an earlier fetch saw does not
    bind. Problems: those of hub.fetch; raises download.Paused when `until` has come."""
    listed = entry(name)
    said = _Said(Progress(name, "running", by=by))

    def note(what: str, done: int, total: int) -> None:
        said.note(what, done, total)
        tell(what, done, total)

    note("", 0, listed.bytes or 0)
    try:
        found = loader.fetch(listed, root=hub_folder(), source=source(base), until=until, note=note,
                             seen={} if renew else recorded(name))
        version = publish(listed, found, repository_dir=settings.ENV.triton_repository)
    except Problem as problem:
        if problem.code != "conflict":  # the other one goes on, and says how far it is
            said.end("failed", code=problem.code, detail=problem.detail)
        raise
    said.end("done", done=found.bytes, total=found.bytes)
    return version


def recorded(name: str) -> dict[str, loader.File]:
    """What the latest fetch of a model saw; nothing where there was none."""
    version = ModelVersion.objects.filter(model__name=name, report__has_key="hub").order_by("-number").first()
    return {key: loader.File(**file) for key, file in version.report["hub"].items()} if version else {}


def request_fetch(*, name: str, by: str) -> Progress:
    """Asks the workers to fetch a listed model; a fetch that is under way is given back as it is."""
    entry(name)
    known = progress(name)
    if known.active:
        return known
    asked = Progress(name, "queued", by=by, at=clock.now().isoformat())
    _write(asked)
    from model_registry.hub_tasks import fetch_model

    fetch_model.delay(name, by)
    return asked


def progress(name: str) -> Progress:
    """How far the latest fetch of a model is."""
    raw = _redis().get(KEY.format(model=name))
    return Progress(**json.loads(raw)) if raw else Progress(name, "none")


class _Said:
    """Writes progress down, at most twice a second but for changes of stage."""

    def __init__(self, first: Progress) -> None:
        self._now, self._written = first, 0.0

    def note(self, stage: str, done: int, total: int) -> None:
        changed = stage != self._now.stage
        self._now = replace(self._now, stage=stage, done=done or self._now.done, total=total or self._now.total)
        if changed or time.monotonic() - self._written > 0.5:
            self._written = time.monotonic()
            self._write()

    def end(self, state: str, **words: Any) -> None:
        self._now = replace(self._now, state=state, stage="", **words)
        self._write()

    def _write(self) -> None:
        _write(replace(self._now, at=clock.now().isoformat()))


def _write(now: Progress) -> None:
    try:
        _redis().set(KEY.format(model=now.model), json.dumps(asdict(now)), ex=KEEP_S)
    except redis.RedisError:  # a fetch from the command line needs no Redis but for this picture
        log.warning("the progress of %s can't be written", now.model)


def _write_host(repository_dir: Path) -> None:
    """The host knows every entry from the start: a model that is fetched later needs no restart of it."""
    folders = {name: hub_folder() / loader.DOMAIN / listed.folder for name, listed in entries().items()}
    repository.write_host(repository_dir, HOST, folders, runner=services.RUNNER)


def _drop_older_nets(listed: HubEntry, found: loader.Fetched, repository_dir: Path) -> None:
    kept = {net.served for net in found.nets.values()}
    others = {name for other in entries() if other != listed.name and other.startswith(listed.name)
              for name in repository.models(repository_dir) if name.startswith(f"hub-{other}-")}
    for name in repository.models(repository_dir):
        if name.startswith(f"hub-{listed.name}-") and name not in kept | others:
            repository.remove_model(repository_dir, name)


def _digest(listed: HubEntry, seen: Mapping[str, Mapping[str, Any]]) -> str:
    """A hash of what a call runs: the files, and how the builder is told to use them."""
    what = [listed.builder, listed.options, {name: file["sha256"] for name, file in sorted(seen.items())}]
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def model_of(name: str) -> Model:
    """The registered model of an entry. Problem model_not_found for any other name."""
    entry(name)
    return selectors.model(name)


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.ENV.redis_url, socket_timeout=5, socket_connect_timeout=2)
