"""The one way to run a capability: the host in Triton, examples, tests and evaluation all call `run_capability`."""

from __future__ import annotations

import base64
import functools
import importlib.util
import json
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np

from kernel.problems import Problem
from model_registry.catalog_kit.kinds import decode_fields, refuse
from model_registry.catalog_kit.nets import LocalNets, TritonNets
from model_registry.catalog_kit.parameters import fill_parameters
from model_registry.catalog_kit.types import Media, Nets, Request, Result
from model_registry.catalog_kit.units import count_units
from model_registry.manifest import Manifest, folder_name, load

__all__ = [
    "CATALOG", "SAMPLES", "SOURCE_ROOT", "Capability", "Problem", "TritonNets", "find_folder", "inline_media",
    "load_capability", "load_module", "local_nets", "nets_folder", "plain", "problem_response",
    "read_example", "run_capability",
]

CATALOG = Path(__file__).resolve().parents[1] / "catalog"
SAMPLES = CATALOG / "samples"
SOURCE_ROOT = CATALOG.parents[1]


def nets_folder() -> Path:
    """Where nets too large to commit are built: `$TESSERA_NETS`, else `nets` below `$TESSERA_VAR`."""
    if os.environ.get("TESSERA_NETS"):
        return Path(os.environ["TESSERA_NETS"])
    return Path(os.environ.get("TESSERA_VAR") or CATALOG.parents[1] / "var") / "nets"


@dataclass(frozen=True, slots=True)
class Capability:
    """A loaded capability: its folder, manifest and code."""

    folder: Path
    manifest: Manifest
    run: Callable[[Request], Result]
    inputs: dict[str, dict[str, Any]]
    parameters: dict[str, dict[str, Any]]


def find_folder(name: str, roots: Sequence[Path] = (CATALOG,)) -> Path:
    """The folder of a capability by its public name."""
    for root in roots:
        for found in sorted(root.glob(f"*/{folder_name(name)}/model.yaml")):
            return found.parent
    raise Problem("model_not_found", f"no capability is named {name}")


_loading = threading.RLock()


def load_capability(folder: Path) -> Capability:
    """Manifest and code of a folder, once per process. The code's libraries are imported now, not before."""
    with _loading:  # two threads must not execute the same module twice
        return _load(folder.resolve())


@functools.cache
def _load(folder: Path) -> Capability:
    manifest = load(folder / "model.yaml")
    run = getattr(load_module(folder, "entry"), "run", None)
    if not callable(run):
        raise ImportError(f"{folder}/entry.py defines no run(request)")
    return Capability(folder, manifest, cast("Callable[[Request], Result]", run), manifest.input_bounds(),
                      manifest.parameter_bounds())


def load_module(folder: Path, kind: str) -> ModuleType:
    """Executes `{kind}.py` of an entry's folder as a module of its own."""
    name = f"tessera_catalog.{folder.parent.name}.{folder.name}.{kind}"
    spec = importlib.util.spec_from_file_location(name, folder / f"{kind}.py")
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder}/{kind}.py can't be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up here
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@functools.lru_cache(maxsize=1)
def local_nets() -> LocalNets:
    """The process's nets: those committed in the catalogue, then those built."""
    return LocalNets([CATALOG, nets_folder()])


def run_capability(target: str | Path, request_json: str | bytes | Mapping[str, Any], media: Sequence[bytes] = (), *,
                   nets: Nets | None = None, roots: Sequence[Path] = (CATALOG,)) -> tuple[dict[str, Any], list[Media]]:
    """Runs one call of a capability given by name or folder.

    Returns the response of the host wire (`output`, `units`, `warnings`, `media`, `elapsed_ms`) and its files. Raises
    InvalidInput for a fault of the caller and Problem `backend_error` for any other exception of the entry, with the
    cause chained.
    """
    started = time.perf_counter()
    capability = load_capability(target if isinstance(target, Path) else find_folder(target, roots))
    body = _parse(request_json)
    fields = decode_fields(capability.inputs, body.get("input"), media)
    parameters = fill_parameters(capability.parameters, body.get("parameters"))
    unit = capability.manifest.pricing.unit
    units = count_units(unit, capability.inputs, fields)
    try:
        result = capability.run(Request(fields, parameters, nets or local_nets()))
        output = plain(result.output)
    except Problem:
        raise
    except Exception as error:
        # The words of a library's exception can hold the caller's data or our paths: they go to the log, not out.
        raise Problem("backend_error", f"{capability.manifest.name} failed ({type(error).__name__})") from error
    response = {
        "output": output, "units": {unit: units}, "warnings": list(result.warnings),
        "media": [{"content_type": m.content_type} for m in result.media],
        "elapsed_ms": round((time.perf_counter() - started) * 1000, 3),
    }
    return response, list(result.media)


def problem_response(problem: Problem) -> dict[str, Any]:
    """The host wire's answer to a Problem."""
    return {"problem": {"code": problem.code, "detail": problem.detail, "errors": [
        {"pointer": e.pointer, "detail": e.detail, "code": e.code} for e in problem.errors]}}


def inline_media(value: Any, media: Sequence[Media]) -> Any:
    """An output with each {"$media": i} replaced by its data: URL."""
    if isinstance(value, dict):
        if set(value) == {"$media"}:
            found = media[value["$media"]]
            return f"data:{found.content_type};base64,{base64.b64encode(found.data).decode()}"
        return {k: inline_media(v, media) for k, v in value.items()}
    if isinstance(value, list):
        return [inline_media(v, media) for v in value]
    return value


def plain(value: Any) -> Any:
    """JSON values: numpy scalars and arrays become Python's, numbers that JSON lacks become null."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int | bool):
        return value
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def _parse(request_json: str | bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    body: Any = request_json
    if isinstance(request_json, str | bytes):
        try:
            body = json.loads(request_json)
        except (ValueError, RecursionError):
            raise Problem("malformed_json", "the request is not valid JSON") from None
    if not isinstance(body, Mapping):
        raise refuse("the request must be an object", "/")
    for name in body:
        if name not in ("input", "parameters"):
            raise refuse("unknown member; a request has input and parameters", f"/{name}")
    return body


def read_example(folder: Path, name: str = "example.json") -> tuple[dict[str, Any], list[bytes], dict[str, Any]]:
    """`example.json` as (request, media, the whole example): {"$file": name} becomes {"$media": i}."""
    example: dict[str, Any] = json.loads((folder / name).read_text())
    media: list[bytes] = []

    def fill(value: Any) -> Any:
        if isinstance(value, dict):
            if set(value) == {"$file"}:
                beside, shared = folder / value["$file"], SAMPLES / value["$file"]
                media.append((beside if beside.is_file() else shared).read_bytes())
                return {"$media": len(media) - 1}
            return {k: fill(v) for k, v in value.items()}
        return [fill(v) for v in value] if isinstance(value, list) else value

    request = {"input": fill(example["input"]), "parameters": example.get("parameters") or {}}
    return request, media, example
