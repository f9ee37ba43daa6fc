"""Where a version's file comes from when nobody sends it: made smaller from an earlier version, or fetched from a hub.

Such a version is a row like any other, queued for its checks; what it is made of stands in its `upload`, and the worker
that checks it first brings the file into its folder.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from inference_backend.jobs import files as stored_files
from kernel import ids
from kernel.problems import FieldError, Problem
from model_registry import artifacts, events, fetching, registration, selectors
from model_registry.access import Caller
from model_registry.hub.download import Paused, Source, download
from model_registry.hub.entries import PATH, REPOSITORY
from model_registry.models import Model, ModelVersion
from model_registry.uploads import sandbox
from model_registry.uploads.compression import METHODS

MAX_LINES = 2000  # of a data set
MAX_DATA = 32 << 20
MAX_CARD = 1 << 20
GUESSES = ("onnx/model.onnx", "model.onnx")  # where exporters put it
HUB_REVISION = r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$"
HUB_WALL_S = 200.0  # of a worker's turn; what came so far stays for the next one
SAY_EVERY_S = 1.0
_FRONT = re.compile(r"\A---\s*\n(.*?)\n---\s*\n", re.DOTALL)


# ---------------------------------------------------------------- asking for one

def begin_compression(*, caller: Caller, name: str, number: int, method: str, calibration_file_id: str = "",
                      data_file_id: str = "", min_agreement: float = 0.9) -> ModelVersion:
    """Queues a smaller form of a ready version as the next version. Its report tells before and after.

    Data are lines of {"input", "output"?} as JSON: `calibration` is what static quantisation measures ranges on, `data`
    what accuracy is told on (each the version's examples unless given). Raises validation_error, version_not_found,
    invalid_state (not ready) or not_found (the file).
    """
    if method not in METHODS:
        raise registration.invalid("/method", f"one of {', '.join(METHODS)}", "invalid_choice")
    base = selectors.version(selectors.own_model(name, org_id=caller.org_id), str(number))
    if base.state != ModelVersion.State.READY:
        raise Problem("invalid_state", f"version {number} is {base.state}")
    data = {word: _lines(caller, word, file_id) for word, file_id in (
        ("calibration", calibration_file_id), ("data", data_file_id)) if file_id}
    return registration.begin_version(
        caller=caller, name=name, label=None, manifest=json.dumps(_smaller_manifest(base, method)),
        upload={"filename": "model.onnx", "compress": {
            "version": number, "method": method, "min_agreement": min_agreement, **data}})


def _smaller_manifest(base: ModelVersion, method: str) -> dict[str, Any]:
    """The base's own words. Its golden outputs go: the smaller net's answers are its own, and held against it anew."""
    said = {key: value for key, value in base.manifest.items() if key not in ("version", "model", "architecture")}
    said["examples"] = [{**example, "output": None} for example in said.get("examples", [])]
    said["lineage"] = {**(said.get("lineage") or {}), "base_model": f"{base.model.name} version {base.number}"}
    said["changelog"] = f"{method} of version {base.number}."
    return said


def _lines(caller: Caller, word: str, file_id: str) -> list[dict[str, Any]]:
    row = stored_files.file_of(org_id=caller.org_id, file_id=ids.unprefixed("file", file_id))
    with stored_files.open_content(row) as content:
        text = content.read(MAX_DATA + 1)
    faults: list[FieldError] = []
    found: list[dict[str, Any]] = []
    if len(text) > MAX_DATA:
        faults.append(FieldError(f"/{word}_file_id", f"at most {MAX_DATA >> 20} MB"))
    for at, line in enumerate([] if faults else text.splitlines()[:MAX_LINES]):
        if not line.strip():
            continue
        try:
            one = json.loads(line)
            found.append({"input": dict(one["input"]), "parameters": dict(one.get("parameters") or {}),
                          "output": None if one.get("output") is None else dict(one["output"])})
        except (ValueError, KeyError, TypeError, RecursionError):
            faults.append(FieldError(f"/{word}_file_id", f"line {at + 1} is no {{input, output?}}"))
            break
    if faults or not found:
        raise Problem("validation_error", "the data can't be used",
                      errors=faults or [FieldError(f"/{word}_file_id", "there is no line in it")])
    return found


def begin_import(*, caller: Caller, repository: str, revision: str = "main", path: str = "", name: str = "",
                 title: str = "", summary: str = "", task: str = "", manifest: str | None = None,
                 ) -> tuple[Model, ModelVersion]:
    """Queues an ONNX file of a public hub's repository as the next version of a model, which is made where it is new.

    `path` is the file in the repository (unless told: where exporters put it). The hub is asked by the worker; what it
    is, and which hosts files may come from, the settings say. Raises validation_error, name_taken.
    """
    faults = [FieldError(f"/{word}", "is not one", "invalid") for word, value, form in (
        ("repository", repository, REPOSITORY), ("revision", revision, HUB_REVISION), ("path", path, PATH))
        if (value and not re.match(form, value)) or ".." in value]
    if not repository:
        faults.append(FieldError("/repository", "is required", "required"))
    if path and not path.endswith(".onnx"):
        faults.append(FieldError("/path", "must end with .onnx", "invalid"))
    if faults:
        raise Problem("validation_error", "this is nowhere on the hub", errors=faults)
    short = repository.rpartition("/")[2]
    whole = registration.full_name(caller.slug, name or re.sub(r"[^a-z0-9._-]+", "-", short.lower()).strip(".-_")[:30])
    model = selectors.own_models(caller.org_id).filter(name=whole).first()
    if model is None:
        if not task:
            raise registration.invalid("/task", "is needed where the model is new", "required")
        model = registration.create_model(
            caller=caller, name=whole, title=title or short[:80], task=task,
            summary=summary or f"{repository} of the hub, as it was exported to ONNX."[:300],
            card={"origin": {"name": repository, "url": f"{fetching.source().base}/{repository}"}})
    version = registration.begin_version(
        caller=caller, name=model.name, label=None,
        manifest=manifest or json.dumps({"lineage": {"base_model": f"{repository} at {revision}"}}), upload={
            "filename": "model.onnx", "hub": {"repository": repository, "revision": revision, "path": path}})
    events.announce(model, "model.imported", caller=caller, repository=repository, revision=revision,
                    version=version.number)
    return model, version


# ---------------------------------------------------------------- bringing it, in the worker

def is_brought(version: ModelVersion) -> bool:
    """Whether the file of a version has to be made or fetched."""
    return bool(version.upload.get("compress") or version.upload.get("hub"))


def bring(version: ModelVersion, folder: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Puts `upload` into the version's folder: the checks that this was (a failed one ends the version), and what the
    report says of it. Raises hub.download.Paused where the rest is for another turn."""
    if "compress" in version.upload:
        return _compress(version, folder, version.upload["compress"])
    return _fetch(version, folder, version.upload["hub"])


def _compress(version: ModelVersion, folder: Path, said: Mapping[str, Any]) -> tuple[list[dict[str, Any]],
                                                                                    dict[str, Any]]:
    base = selectors.version(version.model, str(said["version"]))
    shutil.copyfile(artifacts.path_of(base.artifacts.get().sha256), folder / "base.onnx")
    own: Sequence[Mapping[str, Any]] = base.service.get("examples", [])
    found = sandbox.compress(
        folder, method=said["method"], service=base.service, examples=said.get("data") or own,
        calibration=said.get("calibration") or [], min_agreement=float(said["min_agreement"]))
    report = found.result.get("report")
    return found.checks, {"compression": {**report, "of": base.number} if report else None}


def _fetch(version: ModelVersion, folder: Path, said: Mapping[str, Any]) -> tuple[list[dict[str, Any]],
                                                                                  dict[str, Any]]:
    source, until = fetching.source(), time.monotonic() + HUB_WALL_S
    told = [0.0]

    def tell(done: int, total: int) -> None:
        if time.monotonic() - told[0] > SAY_EVERY_S or done == total:
            told[0] = time.monotonic()
            version.upload = {**version.upload, "progress": {"done": done, "total": total}}
            ModelVersion.objects.filter(pk=version.pk).update(upload=version.upload)

    began, problem = time.perf_counter(), Problem("not_found", "the repository has no ONNX file")
    for path in (said["path"],) if said["path"] else GUESSES:
        try:
            got = download(source, source.url(said["repository"], said["revision"], path), folder / "upload",
                           until=until, tell=tell)
        except Problem as found:
            problem = found
            if found.code != "not_found":
                break
            continue
        for left in folder.glob("upload.*"):
            left.unlink()
        licence = _licence(source, said["repository"], got.revision or said["revision"], folder)
        check = registration.check("fetch", "", f"{path}, {got.size} bytes, licence {licence or 'not stated'}", "",
                                   "passed", ms=(time.perf_counter() - began) * 1000)
        if licence:
            _keep_licence(version.model, licence)
        return [check], {"hub": {"repository": said["repository"], "revision": got.revision or said["revision"],
                                 "path": path, "sha256": got.sha256, "bytes": got.size, "license": licence}}
    return [registration.check("fetch", problem.code, problem.detail,
                               "name the file by `path`, and a revision that has it")], {}


def _licence(source: Source, repository: str, revision: str, folder: Path) -> str:
    """What the repository's card says of its licence; "" where it has no card or the card doesn't say."""
    card = folder / "card.md"
    try:
        download(replace(source, max_bytes=MAX_CARD), source.url(repository, revision, "README.md"), card,
                 until=time.monotonic() + 20)
        front = _FRONT.match(card.read_text(encoding="utf-8", errors="replace")[:1 << 16])
        found = yaml.safe_load(front[1]) if front else {}
        return str(found.get("license") or "")[:60] if isinstance(found, dict) else ""
    except (Problem, Paused, yaml.YAMLError, OSError):
        return ""
    finally:
        for left in folder.glob("card.md*"):
            left.unlink()


def _keep_licence(model: Model, licence: str) -> None:
    """Writes the publisher's licence to a model that names none."""
    Model.objects.filter(pk=model.pk, license_code="").update(license_code=licence, license_weights=licence)
    model.refresh_from_db(fields=["license_code", "license_weights"])
