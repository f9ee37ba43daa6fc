"""A provider's models: their names, texts and prices, and the way of a version from its upload to `ready`."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, BinaryIO

from django.db import IntegrityError, transaction
from django.db.models import Q

from inference_backend.pools import of_version
from kernel import bus, clock
from kernel.facts import VersionPublished
from kernel.money import EXPONENTS
from kernel.problems import FieldError, Problem
from model_registry import artifacts, events, selectors, services
from model_registry.access import Caller
from model_registry.catalog_kit.tasks import TASKS
from model_registry.declared import service as declared
from model_registry.hub.download import Paused
from model_registry.manifest import Manifest, Unit
from model_registry.models import Model, ModelVersion
from model_registry.uploads import sandbox

log = logging.getLogger(__name__)

MAX_NAME = 52  # its hosts are called host-{name}.v{number}, and Triton's names have at most 64 characters here
MAX_WAITING = 4  # versions of one organization that wait for their checks at once
MAX_READY = 8  # versions of one model that can be called: Triton holds them all in memory
LEASE = timedelta(minutes=4)
MAX_ATTEMPTS = 3
NAME = re.compile(r"^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$")
UNITS: tuple[str, ...] = Unit.__args__  # type: ignore[attr-defined]
TEXTS = ("title", "title_zh", "summary", "summary_zh")
UNSTATED = "Not stated by the provider."


def invalid(pointer: str, detail: str, code: str = "invalid") -> Problem:
    return Problem("validation_error", f"{pointer}: {detail}", errors=[FieldError(pointer, detail, code)])


# ---------------------------------------------------------------- models

def full_name(slug: str, name: str) -> str:
    """The name with its owner's prefix. Raises Problem where it can't be one, or is another organization's."""
    name = name.strip().lower()
    prefix = f"{slug}."
    if "." in name and not name.startswith(prefix):
        raise invalid("/name", f"names of your organization begin with {prefix}", "prefix")
    whole = name if name.startswith(prefix) else prefix + name
    if len(whole) > MAX_NAME or not NAME.match(whole) or not whole.removeprefix(prefix):
        raise invalid("/name", f"letters, digits, dots and dashes; at most {MAX_NAME} characters with {prefix}")
    return whole


def create_model(*, caller: Caller, name: str, title: str, summary: str, task: str, title_zh: str = "",
                 summary_zh: str = "", industry: Sequence[str] = (), tags: Sequence[str] = (),
                 license: Mapping[str, str] | None = None, card: Mapping[str, Any] | None = None,
                 pricing: Mapping[str, Any] | None = None, access: str = Model.Access.OPEN) -> Model:
    """A model without versions, private to its organization. Raises name_taken or validation_error."""
    whole = full_name(caller.slug, name)
    if task not in TASKS:
        raise invalid("/task", f"unknown task; known: {', '.join(TASKS)}", "invalid_choice")
    price = price_of(pricing)
    _refuse_access(access)
    said = license or {}
    try:
        with transaction.atomic():
            made = Model.objects.create(
                name=whole, owner_id=caller.org_id, public=False, visibility=Model.Visibility.PRIVATE, task=task,
                domain="own", family="own", title=title, title_zh=title_zh, summary=summary, summary_zh=summary_zh,
                industry=list(industry), tags=list(tags), license_code=said.get("code", ""),
                license_weights=said.get("weights", ""), source="S3", evidence="-", card=dict(card or {}),
                access=access, created_by=caller.by)
            services.set_price(model=made, **price)
            events.announce(made, "model.created", caller=caller)
    except IntegrityError:
        raise Problem("name_taken", f"there is a model {whole} already") from None
    return made


def update_model(*, caller: Caller, name: str, changes: Mapping[str, Any]) -> Model:
    """Changes texts, tags, licence, card, price and who may subscribe; what a call runs never changes here."""
    _refuse_access(changes.get("access", Model.Access.OPEN))
    with transaction.atomic():
        model = selectors.own_model(name, org_id=caller.org_id, lock=True)
        for word in (*TEXTS, "tags", "industry", "card", "access"):
            if word in changes:
                setattr(model, word, changes[word])
        if "license" in changes:
            model.license_code = changes["license"].get("code", "")
            model.license_weights = changes["license"].get("weights", "")
        if changes.get("pricing") is not None:
            services.set_price(model=model, **price_of(changes["pricing"]))
        model.updated_at = clock.now()
        write_manifest(model)
        model.save()
        events.announce(model, "model.updated", caller=caller, fields=sorted(changes))
        published(model)
    return model


def _refuse_access(access: str) -> None:
    if access not in Model.Access.values:
        raise invalid("/access", f"one of {', '.join(Model.Access.values)}", "invalid_choice")


def delete_model(*, caller: Caller, name: str) -> None:
    """Takes a model away. Raises invalid_state while it is public. Its versions' numbers stay known to receipts."""
    from model_registry import deployment

    with transaction.atomic():
        model = selectors.own_model(name, org_id=caller.org_id, lock=True)
        if model.public:
            raise Problem("invalid_state", "others can subscribe to it: withdraw it first")
        model.state, model.updated_at, model.traffic = Model.State.RETIRED, clock.now(), []
        model.save(update_fields=["state", "updated_at", "traffic"])
        ready = ModelVersion.objects.filter(model=model, state=ModelVersion.State.READY)
        numbers = list(ready.values_list("number", flat=True))
        ready.update(state=ModelVersion.State.RETIRED)
        events.announce(model, "model.deleted", caller=caller)
        published(model)
        transaction.on_commit(lambda: [deployment.remove_version(model.name, number) for number in numbers] and None)


def price_of(pricing: Mapping[str, Any] | None) -> dict[str, Any]:
    """A price in exact minor units from one in the currency's unit; none is 0."""
    said = pricing or {"unit": "call", "amount": "0", "currency": "USD"}
    currency, unit = str(said.get("currency", "USD")), str(said.get("unit", "call"))
    if currency not in EXPONENTS:
        raise invalid("/pricing/currency", f"one of {', '.join(EXPONENTS)}", "invalid_choice")
    if unit not in UNITS:
        raise invalid("/pricing/unit", f"one of {', '.join(UNITS)}", "invalid_choice")
    try:
        amount = Decimal(str(said.get("amount", "0")))
    except InvalidOperation:
        raise invalid("/pricing/amount", "must be decimal text, such as 0.002") from None
    if not amount.is_finite() or not 0 <= amount <= 10_000 or -int(amount.as_tuple().exponent) > 8:
        raise invalid("/pricing/amount", "must be 0 to 10000, with at most 8 decimals")
    free = said.get("free_per_month", 0)
    return {"unit": unit, "amount": amount.scaleb(EXPONENTS[currency]), "currency": currency,
            "free_per_month": int(free)}


def write_manifest(model: Model, version: ModelVersion | None = None) -> None:
    """Puts the model's own words and the version's service together into the manifest that all others read.

    Without a version the one that is in it stays; a model that had none has no manifest yet.
    """
    if version is None and not model.manifest:
        return
    stored = dict(model.manifest)
    if version is not None:
        net = version.service
        stored.update({
            "version": version.label, "input": net["input"], "parameters": net["parameters"], "output": net["output"],
            "nets": [model.name], "serving": version.manifest.get("serving") or {},
            "tensors": {"net": model.name, "inputs": net["inputs"], "outputs": net["outputs"]}})
        examples = [e for e in net["examples"] if e.get("output") is not None]
        model.example = {**examples[0], "tolerance": examples[0].get("tolerance", 0.001)} if examples else None
    price = selectors.price(model)
    card = {"use": UNSTATED, "limits": UNSTATED, "misuse": UNSTATED, "origin": {"name": model.owner.name}, **model.card}
    stored.update({
        "name": model.name, "title": model.title, "title_zh": model.title_zh or model.title, "summary": model.summary,
        "summary_zh": model.summary_zh or model.summary, "task": model.task, "domain": "own",
        "industry": model.industry or ["developer-tools"], "tags": model.tags,
        "license": {"code": model.license_code or "not stated", "weights": model.license_weights or "not stated"},
        "source": "S3", "evidence": "-", "family": "own", "libraries": [],
        "pricing": {"unit": price.unit, "amount": format(price.amount.normalize(), "f"), "currency": price.currency,
                    "free_per_month": price.free_per_month},
        "card": card})
    Manifest.model_validate(stored)
    model.manifest = stored


# ---------------------------------------------------------------- a version comes in

def start_version(*, caller: Caller, name: str, files: Iterable[tuple[str, BinaryIO]],
                  manifest: str | None) -> ModelVersion:
    """Keeps what was sent and queues its checks. Several files are one bundle. Raises bundle_invalid, invalid_state."""
    return begin_version(caller=caller, name=name, label=_label_of(manifest), manifest=manifest, upload={},
                         keep=lambda target: _keep(files, target))


def begin_version(*, caller: Caller, name: str, label: str | None, manifest: str | None, upload: Mapping[str, Any],
                  keep: Callable[[Path], str] | None = None) -> ModelVersion:
    """The next version's row and folder, queued for its checks. `keep` writes the file that was sent and says its name;
    without it `upload` says where the worker gets the file. Raises invalid_state, conflict (too many wait)."""
    with transaction.atomic():
        model = selectors.own_model(name, org_id=caller.org_id, lock=True)
        if model.state in (Model.State.RETIRED, Model.State.TAKEN_DOWN):
            raise Problem("invalid_state", f"{model.name} is {model.state}")
        waiting = ModelVersion.objects.filter(model__owner_id=caller.org_id, state=ModelVersion.State.VALIDATING)
        if waiting.count() >= MAX_WAITING:
            raise Problem("conflict", f"{MAX_WAITING} versions of your organization are being checked already",
                          headers={"Retry-After": "10"})
        last = selectors.versions(model).first()
        number = last.number + 1 if last else 1
        at = clock.now()
        version = ModelVersion.objects.create(
            model=model, number=number, label=label or _next_label(last), state=ModelVersion.State.VALIDATING,
            digest="", created_by=caller.by, created_at=at, stages=[stage("validating", caller.by)],
            upload={"manifest": manifest, **upload})
        folder = artifacts.staging(model.name, number)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if keep is not None:
            try:
                version.upload["filename"] = keep(folder / "upload")
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            version.save(update_fields=["upload"])
        events.announce(model, "version.created", caller=caller, version=number)
        transaction.on_commit(lambda: ring(version.pk))
    return version


def ring(version_id: int) -> None:
    """Tells a worker; a lost message is made up for by the scan."""
    from model_registry.tasks import validate

    with contextlib.suppress(Exception):  # the broker is away: the scan finds the row
        validate.delay(version_id)


def _label_of(manifest: str | None) -> str | None:
    """The manifest's label. A manifest that can't be read is refused at once, with every fault."""
    if not manifest:
        return None
    try:
        return declared.parse(manifest).version
    except declared.ServiceError as error:
        raise Problem("bundle_invalid", f"the manifest can't be used: {error}"[:500], errors=[
            FieldError(f"/manifest{at}", fault, "manifest_invalid") for at, fault in error.faults]) from None


def _next_label(last: ModelVersion | None) -> str:
    if last is None or not re.match(declared.SEMVER, last.label):
        return "1.0.0"
    major, minor, patch = last.label.split(".")
    return f"{major}.{minor}.{int(patch) + 1}"


def _keep(files: Iterable[tuple[str, BinaryIO]], target: Path) -> str:
    """Writes one file as it is, several as a bundle; the name that it is known by."""
    from model_registry.uploads.bundle import MAX_UPLOAD

    given = list(files)
    if not given:
        raise Problem("bundle_invalid", "no file was sent", errors=[FieldError("/file", "is required", "required")])
    if len(given) == 1:
        size = 0
        with target.open("xb") as out:
            while chunk := given[0][1].read(1 << 20):
                size += len(chunk)
                if size > MAX_UPLOAD:
                    raise Problem("payload_too_large", f"a model has at most {MAX_UPLOAD >> 20} MB")
                out.write(chunk)
        return given[0][0][-200:]
    with zipfile.ZipFile(target, "x", zipfile.ZIP_STORED) as archive:
        for name, file in given:
            with archive.open(zipfile.ZipInfo(name.replace("\\", "/").rpartition("/")[2] or "file"), "w") as out:
                shutil.copyfileobj(file, out, 1 << 20)
    return "bundle.zip"


def inspect(*, filename: str, file: BinaryIO, manifest: str | None = None) -> dict[str, Any]:
    """What an upload would be read as, and a draft of its manifest; nothing is kept."""
    with tempfile.TemporaryDirectory(prefix="tessera-inspect-") as place:
        _keep([(filename, file)], Path(place, "upload"))
        try:
            findings = sandbox.examine(Path(place), filename=filename, mode="inspect", manifest=manifest, wall_s=30)
        except sandbox.NotStarted:
            raise Problem("overloaded", "the file could not be read in time, try again",
                          headers={"Retry-After": "10"}) from None
    result = findings.result
    return {"format": result.get("format", ""), "signature": result.get("signature"), "facts": result.get("facts"),
            "manifest": result.get("manifest"), "schemas": _schemas(result.get("service")), "checks": findings.checks}


def _schemas(service: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if service is None:
        return None
    from model_registry.schemas import of_service

    return of_service(service)


# ---------------------------------------------------------------- its checks

def lease(version_id: int) -> ModelVersion | None:
    """Takes a version for checking; None where it is not ours to check. The fourth try is a failure."""
    now = clock.now()
    with transaction.atomic():
        version = ModelVersion.objects.select_for_update(of=("self",)).select_related("model").filter(
            Q(leased_until=None) | Q(leased_until__lt=now), pk=version_id,
            state=ModelVersion.State.VALIDATING).first()
        if version is None:
            return None
        version.leased_until, version.attempts = now + LEASE, version.attempts + 1
        version.save(update_fields=["leased_until", "attempts"])
    return version


def waiting_versions() -> list[int]:
    """Versions that nobody checks; for the scan."""
    now = clock.now()
    return list(ModelVersion.objects.filter(
        Q(leased_until=None, created_at__lt=now - timedelta(seconds=20)) | Q(leased_until__lt=now),
        state=ModelVersion.State.VALIDATING).order_by("pk").values_list("pk", flat=True)[:20])


def validate_version(version_id: int) -> str:
    """Checks one version and, where all is well, has it served; its state afterwards. Safe to run twice."""
    from model_registry import deployment, origins

    version = lease(version_id)
    if version is None:
        return ""
    folder = artifacts.staging(version.model.name, version.number)
    brought = origins.is_brought(version)
    try:
        if version.attempts > MAX_ATTEMPTS or not (brought or (folder / "upload").is_file()):
            _fail(version, [check("load", "crashed", "its checks were begun and never ended", "upload it again")], {})
            return version.state
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.iterdir():  # of an attempt that was cut off; half a file from a hub is gone on with
            if left.name.partition(".")[0] != "upload":
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        try:
            first, extra = origins.bring(version, folder) if brought else ([], {})
        except Paused:  # the hub is slow: the rest is fetched behind what others wait for
            ModelVersion.objects.filter(pk=version.pk).update(leased_until=None, attempts=0)
            ring(version.pk)
            return version.state
        if any(one["status"] == "failed" for one in first):
            _fail(version, first, {**extra, "log": [one["detail"] for one in first]})
            return version.state
        findings = sandbox.examine(
            folder, filename=version.upload.get("filename", "upload"), mode="validate",
            net=of_version(version.model.name, version.number),
            manifest=version.upload.get("manifest"), signature=version.model.signature, version=version.number,
            unit=selectors.price(version.model).unit, licensed=bool(version.model.license_code))
        checks = [*first, *findings.checks]
        report = {"checks": checks, "log": findings.log, "isolation": findings.isolation,
                  "profile": findings.result.get("profile", {}), "facts": findings.result.get("facts"),
                  "signature": findings.result.get("signature"), **extra}
        if findings.failed is not None:
            _fail(version, checks, report)
            return version.state
        net = artifacts.store(folder / "net.onnx", "model.onnx")
        service = findings.result["service"]
        _prepare(version, net.sha256, service, findings.result["manifest"], report)
        try:
            answered = deployment.install(version)
        except Problem as problem:
            failed = check("deploy", "deploy_failed", problem.detail,
                            "the old version serves on; upload again, or ask us with the request's id")
            _fail(version, [*checks, failed], report)
            return version.state
        report["checks"] = [*checks, check("deploy", "", f"answered in {answered:.0f} ms", "", "passed")]
        _accept(version, net.sha256, report)
    except sandbox.NotStarted as busy:  # the scan rings again; after MAX_ATTEMPTS it is a failure
        log.warning("version %d of %s: %s", version.number, version.model.name, busy)
        ModelVersion.objects.filter(pk=version.pk).update(leased_until=None)
    finally:
        if ModelVersion.objects.filter(pk=version_id).exclude(state=ModelVersion.State.VALIDATING).exists():
            shutil.rmtree(folder, ignore_errors=True)
    return version.state


def _prepare(version: ModelVersion, sha256: str, service: dict[str, Any], manifest: dict[str, Any],
             report: dict[str, Any]) -> None:
    """Writes what the version will be, while it is still being checked."""
    run = {key: value for key, value in service.items() if key not in ("examples", "version", "net")}
    version.digest = hashlib.sha256(json.dumps([sha256, run], sort_keys=True).encode()).hexdigest()
    version.service, version.manifest = service, manifest
    version.changelog, version.lineage = manifest.get("changelog", ""), manifest.get("lineage") or {}
    version.label = manifest.get("version") or version.label
    version.report = report
    version.save(update_fields=["digest", "service", "manifest", "changelog", "lineage", "label", "report"])
    version.artifacts.set([sha256])


def _accept(version: ModelVersion, sha256: str, report: dict[str, Any]) -> None:
    """The version is ready. The first one of a model gets its calls, fixes the signature and writes its manifest."""
    from model_registry import deployment

    with transaction.atomic():
        model = Model.objects.select_for_update(of=("self",)).select_related("owner").get(pk=version.model_id)
        version.model = model
        version.state, version.leased_until, version.report = ModelVersion.State.READY, None, report
        version.upload = {}
        version.stages = [*version.stages, stage("ready", "")]
        version.save(update_fields=["state", "leased_until", "report", "stages", "upload"])
        if model.signature is None:
            model.signature = report["signature"]
        if not model.traffic:
            write_manifest(model, version)
            model.traffic = [{"version": version.number, "weight": 100, "label": "stable"}]
            deployment.note_change(model, reason=f"first version {version.number}", by="")
        model.updated_at = clock.now()
        model.save()
        events.announce(model, "version.ready", version=version.number)
        _tell_of_compression(model, version, report)
        published(model)


def _fail(version: ModelVersion, checks: list[dict[str, Any]], report: dict[str, Any]) -> None:
    with transaction.atomic():
        version.state, version.leased_until = ModelVersion.State.FAILED, None
        version.report = {**report, "checks": checks}
        version.stages = [*version.stages, stage("failed", "")]
        version.upload = {}
        held = list(version.artifacts.values_list("sha256", flat=True))
        version.artifacts.clear()
        version.save(update_fields=["state", "leased_until", "report", "stages", "upload"])
        events.announce(version.model, "version.failed", version=version.number)
        _tell_of_compression(version.model, version, version.report)
    for sha256 in held:
        artifacts.drop_unused(sha256)


def _tell_of_compression(model: Model, version: ModelVersion, report: Mapping[str, Any]) -> None:
    if "compression" in report:
        said = report["compression"] or {}
        events.announce(model, "compression.finished", version=version.number, succeeded=version.state == "ready",
                        method=said.get("method"), agreement=said.get("agreement"))


def check(name: str, code: str, detail: str, fix: str, status: str = "failed", *, ms: float = 0.0) -> dict[str, Any]:
    """A check that is not the child's, as a report has it."""
    from model_registry.uploads.checks import TITLES

    return {"id": name, "title": TITLES[name], "status": status, "detail": detail, "fix": fix, "code": code,
            "ms": round(ms, 2), "values": {}}


def stage(state: str, by: str) -> dict[str, str]:
    return {"state": state, "at": clock.now().isoformat(), "by": by}


# ---------------------------------------------------------------- what others hear

def published(model: Model) -> None:
    """After commit the route and the shelf are written anew, and the owner's keys know what they may call."""
    name, owner = model.name, model.owner_id
    newest = selectors.versions(model).values_list("number", flat=True).first() or 0
    transaction.on_commit(lambda: _publish(name, newest, owner))


def _publish(name: str, newest: int, owner: int | None) -> None:
    from kernel.facts import GrantsChanged

    bus.publish(VersionPublished(name, newest))
    if owner is not None:
        bus.publish(GrantsChanged(owner))
