"""metrics.json: the figures that `make catalog-eval` measured for one entry. Reading it needs nothing heavy."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.metadata
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

METRICS_FILE = "metrics.json"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
KIT, ROOT = "model_registry.catalog_kit", Path(__file__).resolve().parents[2]
# Words of the card, the figures themselves and a second request: none of them changes what is measured.
NOT_MEASURED = ("model.yaml", METRICS_FILE, "second.json")
SIGNATURE = ("input", "parameters", "output", "nets", "tensors")
# The kit's plumbing decides nothing about an answer's value; the examples, which always run, would show it.
PLUMBING = ("__init__", "evaluate", "kinds", "metrics", "outputs", "parameters", "quality", "runner", "types", "units")


def read_metrics(folder: Path) -> dict[str, Any] | None:
    """`quality`, `latency_ms`, `cold_start_ms`, `memory_mb` and `measured` of an entry, or None where it never was."""
    file = folder / METRICS_FILE
    if not file.is_file():
        return None
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def quality_stamp(found: dict[str, Any]) -> dict[str, Any]:
    """When, where and of which code and data the quality was measured, apart from speed and memory."""
    stamp: dict[str, Any] = found.get("quality_measured") or found["measured"]
    return stamp


def is_current(folder: Path, part: str = "measured") -> bool:
    """Whether the figures of a part (`measured`, `quality_measured`) are those of the present code and data."""
    found = read_metrics(folder)
    if found is None:
        return False
    stamp = quality_stamp(found) if part == "quality_measured" else found["measured"]
    return bool(stamp["fingerprint"] == fingerprint(folder))


def fingerprint(folder: Path) -> str:
    """A hash of what the figures depend on.

    That is the entry's code and data, the signature in its manifest, the modules of the kit and the shared samples
    that it names, its nets, and the versions of the libraries that all of these import.
    """
    digest = hashlib.sha256()
    for name, content in sorted(_parts(folder)):
        digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    return digest.hexdigest()[:16]


def _parts(folder: Path) -> Iterator[tuple[str, bytes]]:
    manifest = yaml.load((folder / "model.yaml").read_bytes(), Loader=LOADER)  # noqa: S506 - a safe loader
    signature = {name: manifest[name] for name in SIGNATURE if manifest.get(name)}
    yield "signature", json.dumps(signature, sort_keys=True, default=str).encode()
    named, imported = "", set[str]()
    for file in folder.iterdir():
        if not file.is_file() or file.name in NOT_MEASURED or file.name.startswith(("test_", ".")):
            continue
        content = file.read_bytes()
        yield file.name, content
        if file.suffix == ".py":
            imported |= _imports(content.decode())
        if file.suffix in (".py", ".json"):
            named += content.decode()
    kit = _kit_modules(frozenset(imported))
    for module in kit:
        yield f"kit {module}", (Path(__file__).parent / f"{module}.py").read_bytes()
    for module in sorted(m for m in imported if m.startswith("model_registry.") and not m.startswith(KIT)):
        yield f"ours {module}", (ROOT / f"{module.replace('.', '/')}.py").read_bytes()
    samples = folder.parents[1] / "samples"
    if samples.is_dir():
        yield from ((f"sample {s.name}", s.read_bytes()) for s in samples.iterdir() if f'"{s.name}"' in named)
    nets = manifest.get("nets") or []
    yield from ((f"net {name}", _net(folder.parents[1], name)) for name in nets)
    libraries = imported.union(*(_imports_of(module) for module in kit), {"onnxruntime"} if nets else ())
    for library in sorted({name.partition(".")[0] for name in libraries}):
        for distribution in _distributions().get(library, ()):
            yield f"library {distribution}", importlib.metadata.version(distribution).encode()


def _imports(source: str) -> set[str]:
    """Dotted modules that a source imports; names taken from the kit itself stand for the module that defines them."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == KIT:
            found |= {_exports().get(alias.name, KIT) for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return {name for name in found if name.partition(".")[0] not in sys.stdlib_module_names}


@functools.cache
def _imports_of(module: str) -> frozenset[str]:
    return frozenset(_imports((Path(__file__).parent / f"{module}.py").read_text(encoding="utf-8")))


@functools.cache
def _exports() -> dict[str, str]:
    """Name → module, of what the kit's package offers."""
    tree = ast.parse((Path(__file__).parent / "__init__.py").read_text(encoding="utf-8"))
    return {alias.name: str(node.module) for node in tree.body if isinstance(node, ast.ImportFrom)
            for alias in node.names}


@functools.cache
def _kit_modules(imported: frozenset[str]) -> list[str]:
    """The kit's modules behind these imports, through each other, without its plumbing."""
    found, waiting = set[str](), set(imported)
    while waiting:
        name = waiting.pop().removeprefix(f"{KIT}.")
        if name not in found and name not in PLUMBING and (Path(__file__).parent / f"{name}.py").is_file():
            found.add(name)
            waiting |= {m for m in _imports_of(name) if m.startswith(f"{KIT}.")}
    return sorted(found)


@functools.cache
def _distributions() -> dict[str, list[str]]:
    return {name: sorted(set(found)) for name, found in importlib.metadata.packages_distributions().items()}


@functools.cache
def _pinned() -> dict[str, Any]:
    listed = yaml.safe_load((ROOT / "model_registry" / "nets" / "nets.yaml").read_text(encoding="utf-8"))
    return {net["name"]: net for net in listed["nets"]}


@functools.cache
def _net(catalog: Path, name: str) -> bytes:
    """A committed net's bytes, or what pins a built one."""
    for committed in sorted(catalog.glob(f"*/*/{name}.onnx")):
        return committed.read_bytes()
    return json.dumps(_pinned().get(name), sort_keys=True, default=str).encode()
