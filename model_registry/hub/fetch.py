"""A whole model: its files fetched, its nets looked into, its example answered once, and only then put into place.

Below the hub's folder (`$TESSERA_VAR/hub`): `.coming/{name}/` while it is fetched, `hub/{name}/` when it is there, with
`model.yaml`, `entry.py`, `example.json`, `fetched.json` and the files as the catalogue's host expects them.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from kernel.problems import Problem
from model_registry.catalog_kit.runner import SOURCE_ROOT
from model_registry.hub.download import Seen, Source, download
from model_registry.hub.entries import HubEntry, net_name
from model_registry.hub.kit import NUMPY, Kit, Net, Port

FETCHED = "fetched.json"
DOMAIN = "hub"  # the folder's and the manifests'
TRIAL_S = 300
TRIAL_MB = 6144
# Of onnxruntime itself: the quantised graphs of the hub use the second.
OPERATORS = {"", "ai.onnx", "ai.onnx.ml", "com.microsoft"}
ENTRY = """from model_registry.hub.serve import answer_of

run = answer_of(__file__)
"""

Note = Callable[[str, int, int], None]  # what is under way, bytes so far, bytes in all (0: not known)


@dataclass(frozen=True, slots=True)
class File:
    """One fetched file: where it came from and what it is."""

    name: str
    repository: str
    revision: str  # the commit, where the hub told it; else as it was asked for
    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """A model that lies in place."""

    folder: Path
    files: tuple[File, ...]
    nets: Mapping[str, Net]  # by role

    def net_file(self, role: str) -> Path:
        return self.folder / "files" / f"{role}.onnx"

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.files)


def fetch(entry: HubEntry, *, root: Path, source: Source = Source(), seen: Mapping[str, File] | None = None,
          note: Note = lambda what, done, total: None, until: float = float("inf"),
          trial: bool = True) -> Fetched:
    """Brings one model into place below `root`.

    `seen` are the files of an earlier fetch: what the entry leaves open is held to them. Problems: those of `download`,
    `bundle_invalid` (a net that is not served here, or that does not answer its example), `conflict` (another process
    is fetching it). Raises download.Paused.
    """
    coming = root / ".coming" / entry.folder
    coming.mkdir(parents=True, exist_ok=True)
    with _alone(coming):
        files = _fetch_files(entry, coming, source, seen or {}, note, until)
        note("checking", 0, 0)
        nets = {role: _net(entry, role, coming / f"{role}.onnx", files) for role in entry.kind.roles}
        stage = Path(tempfile.mkdtemp(prefix=".stage-", dir=root)) / DOMAIN / entry.folder
        try:
            fetched = _lay_out(entry, stage, coming, files, nets)
            if trial:
                note("trying", 0, 0)
                _try(entry, stage)
            place = root / DOMAIN / entry.folder
            place.parent.mkdir(parents=True, exist_ok=True)
            if place.exists():
                place.rename(stage.parent.parent / "old")
            stage.rename(place)
        finally:
            shutil.rmtree(stage.parent.parent, ignore_errors=True)
        shutil.rmtree(coming, ignore_errors=True)
    return Fetched(place, fetched.files, fetched.nets)


def fetched(entry: HubEntry, root: Path) -> Fetched | None:
    """What lies in place of a model; None where it was not fetched or a file of it is gone."""
    return read(root / DOMAIN / entry.folder)


def read(folder: Path) -> Fetched | None:
    """A model's folder as its `fetched.json` tells it."""
    try:
        data = json.loads((folder / FETCHED).read_text(encoding="utf-8"))
        files = tuple(File(**file) for file in data["files"])
        nets = {role: Net(net["served"], _ports(net["inputs"]), _ports(net["outputs"]))
                for role, net in data["nets"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if any(_size(folder / "files" / _file_name(file.name, nets)) != file.size for file in files):
        return None
    return Fetched(folder, files, nets)


def kit_of(folder: Path, name: str, options: Mapping[str, Any]) -> Kit:
    """What the builder works with; `model_not_ready` where the folder is not whole."""
    found = read(folder)
    if found is None:
        raise Problem("model_not_ready", f"{name} is not fetched: manage.py fetch_model {name}")
    return Kit(name, options, folder / "files", found.nets)


def _ports(raw: Any) -> tuple[Port, ...]:
    return tuple(Port(p["name"], p["datatype"], tuple(p["shape"])) for p in raw)


def _file_name(name: str, roles: Any) -> str:
    return f"{name}.onnx" if name in roles else name


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else -1


@contextlib.contextmanager
def _alone(coming: Path) -> Iterator[None]:
    """One process at a time fetches a model."""
    with (coming.parent / f".{coming.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Problem("conflict", "another process is fetching this model") from None
        yield


def _fetch_files(entry: HubEntry, coming: Path, source: Source, seen: Mapping[str, File], note: Note,
                 until: float) -> tuple[File, ...]:
    known = entry.bytes or 0
    before, found = 0, []
    for name, listed in entry.files.items():
        repository, revision, path = entry.place(name)
        earlier = seen.get(name)
        held = listed.seen
        if earlier is not None and (earlier.repository, earlier.path) == (repository, path):
            held = Seen(held.sha256 or earlier.sha256, held.size or earlier.size)
            revision = earlier.revision if revision == "main" else revision

        def tell(done: int, total: int, name: str = name, before: int = before) -> None:
            note(name, before + done, known or before + total)

        try:
            got = download(source, source.url(repository, revision, path), coming / _file_name(name, entry.kind.roles),
                           expected=held, until=until, tell=tell)
        except Problem as problem:
            if problem.code == "not_found" and listed.optional:
                continue
            raise
        found.append(File(name, repository, got.revision or revision, path, got.sha256, got.size))
        before += got.size
    return tuple(found)


def _net(entry: HubEntry, role: str, path: Path, files: tuple[File, ...]) -> Net:
    """Looks into a net without running it: operators of onnxruntime only, nothing outside the file, tensors that the
    house serves."""
    import onnx

    from inference_backend.triton.repository import tensors_of  # with Triton's client, which the hosts do without

    try:
        model = onnx.load(str(path), load_external_data=False)
        foreign = {node.domain for node in _nodes(model.graph)} - OPERATORS
        if foreign:
            raise ValueError(f"it has operators of {', '.join(sorted(foreign))}")
        if any(t.data_location == onnx.TensorProto.EXTERNAL for t in _weights(model.graph)):
            raise ValueError("it keeps weights in other files")
        wanted = entry.outputs.get(role)
        if wanted:  # the others may be of a form that is not served
            kept = [value for value in model.graph.output if value.name in wanted]
            missing = set(wanted) - {value.name for value in kept}
            if missing:
                raise ValueError(f"it has no output {', '.join(sorted(missing))}")
        inputs, outputs = tensors_of(path)
        for tensor in (*inputs, *outputs):
            if tensor.datatype not in NUMPY:
                raise ValueError(f"{tensor.name} is {tensor.datatype}")
    except Problem:
        raise
    except Exception as error:  # a parser's exceptions are many; to the caller the file is wrong
        raise Problem("bundle_invalid", f"{entry.files[role].path} can't be served: {error}"[:400]) from error
    digest = next(file.sha256 for file in files if file.name == role)
    return Net(net_name(entry.name, role, digest),
               tuple(Port(t.name, t.datatype, t.shape) for t in inputs),
               tuple(Port(t.name, t.datatype, t.shape) for t in outputs if not wanted or t.name in wanted))


def _nodes(graph: Any) -> Iterator[Any]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _nodes(inner)


def _weights(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for inner in (attribute.g, *attribute.graphs):
                yield from _weights(inner)


def _lay_out(entry: HubEntry, stage: Path, coming: Path, files: tuple[File, ...],
             nets: Mapping[str, Net]) -> Fetched:
    """Writes the folder as the host reads it."""
    (stage / "files").mkdir(parents=True)
    for file in files:
        name = _file_name(file.name, nets)
        os.link(coming / name, stage / "files" / name)
    manifest = entry.manifest({role: net.served for role, net in nets.items()})
    data = manifest.model_dump(mode="json", by_alias=True, exclude_none=True)
    (stage / "model.yaml").write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
    (stage / "entry.py").write_text(ENTRY, encoding="utf-8")
    (stage / "example.json").write_text(json.dumps(entry.kind.example, ensure_ascii=False), encoding="utf-8")
    (stage / FETCHED).write_text(json.dumps({
        "name": entry.name, "files": [asdict(file) for file in files],
        "nets": {role: asdict(net) for role, net in nets.items()}}, indent=1), encoding="utf-8")
    return Fetched(stage, files, nets)


def _try(entry: HubEntry, stage: Path) -> None:
    """Answers the example in a process of its own, with bounds: a net that hangs or eats memory never reaches Triton.
    The answer becomes the stored one of the example."""
    command = [sys.executable, "-m", "model_registry.hub.trial", str(stage), str(TRIAL_MB)]
    kept = {name: os.environ[name] for name in ("PATH", "TESSERA_VAR", "TZ", "LANG") if name in os.environ}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TRIAL_S, check=False,
                              cwd=SOURCE_ROOT,
                              env={**kept, "ORT_DISABLE_TELEMETRY": "1", "OMP_NUM_THREADS": "1"})
    except subprocess.TimeoutExpired:
        raise Problem("bundle_invalid", f"{entry.name} did not answer its example within {TRIAL_S} s") from None
    if done.returncode != 0:
        lines = [line for line in (done.stderr or done.stdout).strip().splitlines() if line.strip()]
        raise Problem("bundle_invalid", f"{entry.name} did not answer its example: "
                                        f"{lines[-1] if lines else f'exit {done.returncode}'}"[:400])
