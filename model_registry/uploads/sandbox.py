"""Starts the child that opens an upload: its own process group and namespaces, an empty environment, and a deadline.

What the machine lets us cut off is tried once and said in the report: a worker in a container without user namespaces
still has the limits of memory, processor and time, but shares the network.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from model_registry.uploads.checks import TITLES

CHILD = Path(__file__).with_name("child.py")
MEMORY = 3 << 30
CPU_S = 15
WALL_S = 90.0  # a busy machine gives the child its processor time late
COMPRESS_CPU_S = 60
COMPRESS_WALL_S = 180.0
MAX_FILE = 1 << 30
MAX_SAID = 16 << 20
NOBODY = 65534


class NotStarted(Exception):
    """The child did not come so far as to look at the upload: the machine's fault, not the file's."""


@dataclass(slots=True)
class Findings:
    """What the child said, or the check that it died in."""

    checks: list[dict[str, Any]]
    result: dict[str, Any]
    isolation: dict[str, Any]
    log: list[str] = field(default_factory=list)

    @property
    def failed(self) -> dict[str, Any] | None:
        return next((check for check in self.checks if check["status"] == "failed"), None)


@cache
def _cut_off() -> tuple[tuple[str, ...], str]:
    """The command that takes the network away, and what that isolates; found out once."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return (), "shared: the machine has no unshare"
    for flags in (("--net", "--ipc", "--pid", "--fork", "--kill-child"),
                  ("--user", "--map-root-user", "--net", "--ipc", "--pid", "--fork", "--kill-child")):
        tried = subprocess.run([unshare, *flags, "true"], capture_output=True, timeout=10, check=False)
        if tried.returncode == 0:
            return (unshare, *flags), "none"
    return (), "shared: this machine permits no namespaces"


def examine(folder: Path, *, filename: str, mode: Literal["inspect", "validate"], manifest: str | None = None,
            signature: Mapping[str, Any] | None = None, net: str = "net", version: int = 1, unit: str = "call",
            licensed: bool = False, memory: int = MEMORY, cpu_s: int = CPU_S, wall_s: float = WALL_S) -> Findings:
    """Examines `folder`/upload. A validated net lies in `folder`/net.onnx afterwards. Never raises for what is in the
    upload; NotStarted where the machine was too busy to begin."""
    return _in_child(folder, {
        "mode": mode, "filename": filename, "manifest": manifest, "signature": signature, "net": net,
        "version": version, "unit": unit, "licensed": licensed}, memory=memory, cpu_s=cpu_s, wall_s=wall_s)


def compress(folder: Path, *, method: str, service: Mapping[str, Any], examples: Sequence[Mapping[str, Any]],
             calibration: Sequence[Mapping[str, Any]], min_agreement: float) -> Findings:
    """Makes `folder`/upload of `folder`/base.onnx; the result's `report` compares the two. Never raises for the net."""
    order = {"mode": "compress", "method": method, "service": dict(service), "examples": list(examples),
             "calibration": list(calibration), "min_agreement": min_agreement}
    # The quantiser follows whole paths: the child may enter this folder, and not always those above `folder`.
    with tempfile.TemporaryDirectory(prefix="tessera-compress-") as place:
        shutil.copyfile(folder / "base.onnx", Path(place, "base.onnx"))
        found = _in_child(Path(place), order, memory=MEMORY, cpu_s=COMPRESS_CPU_S, wall_s=COMPRESS_WALL_S)
        if found.failed is None:
            shutil.copyfile(Path(place, "upload"), folder / "upload")
    return found


def _in_child(folder: Path, order: dict[str, Any], *, memory: int, cpu_s: int, wall_s: float) -> Findings:
    prefix, network = _cut_off()
    folder.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
        for file in folder.iterdir():
            if file.is_file():
                file.chmod(0o644)
    order |= {"folder": str(folder), "limits": {"memory": memory, "cpu_s": cpu_s, "file": MAX_FILE}}
    before = _processor_s()
    process = subprocess.Popen(
        [*prefix, sys.executable, "-I", str(CHILD)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True, cwd="/", env={
            "PATH": "/usr/bin:/bin", "ORT_DISABLE_TELEMETRY": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "2"})
    late = threading.Event()

    def end() -> None:
        late.set()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(wall_s, end)
    timer.start()
    try:
        said, errors = process.communicate(json.dumps(order).encode())
    finally:
        timer.cancel()
        with contextlib.suppress(ProcessLookupError):  # what it may have left behind
            os.killpg(process.pid, signal.SIGKILL)
    # A namespace's first process hides the signal that ended the child: what it used tells as much.
    spent = _processor_s() - before >= cpu_s
    return _findings(said[:MAX_SAID], errors[-4000:], process.returncode, late=late.is_set() or spent, network=network,
                     cpu_s=cpu_s)


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _findings(said: bytes, errors: bytes, code: int, *, late: bool, network: str, cpu_s: int) -> Findings:
    lines: list[dict[str, Any]] = []
    for text in said.splitlines():
        with contextlib.suppress(ValueError):
            lines.append(json.loads(text))
    isolation: dict[str, Any] = {"network": network, "process": "own, ended with the examination"}
    begun: list[str] = []
    for line in lines:
        isolation.update(line.get("isolation", {}))
        if "begin" in line:
            begun.append(line["begin"])
        if "result" in line:
            result = line["result"]
            return Findings(result.pop("checks"), result, isolation, result.pop("log"))
    if late and "user" not in isolation:
        raise NotStarted(f"the child was still starting when its time was over; {errors[-500:]!r}")
    died = next((line["died"] for line in lines if "died" in line), "")
    checks = [{"id": name, "title": TITLES[name], "status": "passed", "detail": "", "fix": "", "code": "", "ms": 0.0,
               "values": {}} for name in begun] or [
        {"id": "archive", "title": TITLES["archive"], "status": "passed", "detail": "", "fix": "", "code": "",
         "ms": 0.0, "values": {}}]
    checks[-1].update(_death(died, errors, code, late=late, cpu_s=cpu_s), status="failed")
    return Findings(checks, {}, isolation, [f"{checks[-1]['id']}: {checks[-1]['detail']}"])


def _death(died: str, errors: bytes, code: int, *, late: bool, cpu_s: int) -> dict[str, str]:
    """Why there is no result. A child inside of a pid namespace dies as 128 + the signal."""
    ended_by = -code if code < 0 else code - 128 if code > 128 else 0
    if late or ended_by in (signal.SIGXCPU, signal.SIGALRM):
        return {"code": "timed_out", "detail": f"it took more than {cpu_s} s of processor time and was ended",
                "fix": "look for a loop without an end; make the net smaller"}
    if died == "out_of_memory" or b"MemoryError" in errors or b"bad_alloc" in errors or ended_by == signal.SIGABRT:
        return {"code": "out_of_memory", "detail": f"it took more than {MEMORY >> 30} GB and was ended",
                "fix": "quantise the net, or cut its input"}
    return {"code": "crashed", "detail": "it ended the process that opened it",
            "fix": "run it once with onnxruntime on your side and export again"}
