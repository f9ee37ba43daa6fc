"""The fork server behind Triton's Python stub: models start from a process that has the libraries already.

A cold load then costs a fork instead of an interpreter and its imports, and the libraries' pages are shared by all
models. Two small C programs make it (backends/zygote); where they can't be built or don't come up, Triton's own stub
serves as before, and `Zygote.reason` says why.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

SOURCES = Path(__file__).resolve().parents[1] / "backends" / "zygote"
START_TIMEOUT_S = 30.0
SHORT_LIFE_S = 20.0
BUILD_TIMEOUT_S = 120.0
# The stub itself imports asyncio at its first call.
LIBRARIES = ("asyncio", "json", "pathlib", "numpy", "onnxruntime")
# Imported when they are there and only for hosts: their pages are what makes hosts large.
HOST_LIBRARIES = ("scipy.sparse", "scipy.signal", "scipy.stats", "sklearn.base", "pandas", "PIL.Image", "cv2")
_TITLE = "_" * 2000  # room for a stub's own arguments in the process list
_IN_CHILD = "import numpy; numpy.random.seed()"  # or every model would draw the same numbers


class Zygote:
    """One fork server for one Triton."""

    def __init__(self, state: Path, repository: Path) -> None:
        self._state = state / "zygote"
        self._repository = repository
        # A Unix socket's path is short by law.
        digest = hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:12]
        self.socket = Path(tempfile.gettempdir()) / f"tessera-zygote-{os.getuid()}-{digest}"
        self._pid_file = state / "zygote.pid"
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self.short_lives = 0  # starts in a row that did not last
        self.reason = "not started"  # why there is none; empty where there is one

    def install(self, stub: Path) -> bool:
        """Puts the launcher in the stub's place; the stub itself gets the name `<stub>.real`."""
        try:
            launcher = build(self._state)
        except (OSError, subprocess.SubprocessError) as error:
            self.reason = f"it can't be built: {error}"
            return False
        stub.rename(stub.with_name(f"{stub.name}.real"))
        shutil.copy(launcher / "launcher", stub)
        stub.chmod(0o755)
        return True

    def start(self, stub: Path, environment: Mapping[str, str], output: IO[bytes] | Path) -> None:
        """Starts the fork server on an installed stub; it is ready some seconds later. Its words go to `output`."""
        now = time.monotonic()
        self.short_lives = self.short_lives + 1 if now - self._started_at < SHORT_LIFE_S else 0
        self._started_at = now
        self.socket.unlink(missing_ok=True)
        library = build(self._state) / "forkserver.so"
        variables = {
            **environment, "LD_PRELOAD": str(library), "TESSERA_ZYGOTE": str(self.socket),
            "TESSERA_ZYGOTE_PRELOAD": self._imports(), "TESSERA_ZYGOTE_CHILD": _IN_CHILD,
        }
        variables.pop("TESSERA_ZYGOTE_SOCKET", None)
        with contextlib.ExitStack() as files:
            log = files.enter_context(output.open("ab")) if isinstance(output, Path) else output
            self._process = subprocess.Popen(
                [str(stub.with_name(f"{stub.name}.real")), _TITLE], env=variables, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, cwd=self._state, start_new_session=True)
        self._pid_file.write_text(str(self._process.pid))
        self.reason = "it is starting"

    def wait(self, timeout: float = START_TIMEOUT_S) -> bool:
        """Whether it takes requests within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while self.alive() and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
                probe.connect(str(self.socket))
                self.reason = ""
                return True
            time.sleep(0.02)
        self.reason = "it ended while starting" if not self.alive() else "it did not get ready in time"
        return False

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Ends it with all stubs that it made."""
        if self._process is not None:
            _kill_group(self._process.pid)
            self._process.wait()
            self._process = None
        self._pid_file.unlink(missing_ok=True)
        self.socket.unlink(missing_ok=True)

    def end_leftover(self) -> None:
        """Ends the fork server of an owner that was killed, and its stubs."""
        with contextlib.suppress(OSError, ValueError):
            pid = int(self._pid_file.read_text())
            # Its leader may be gone while its stubs live on; they are known by their group and their program.
            for entry in Path("/proc").iterdir():
                if entry.name.isdecimal():
                    with contextlib.suppress(OSError):
                        if os.getpgid(int(entry.name)) == pid and b"python_backend_stub" in (
                                entry / "cmdline").read_bytes():
                            os.kill(int(entry.name), signal.SIGKILL)
        self._pid_file.unlink(missing_ok=True)

    def _imports(self) -> str:
        """Python that imports what models share. A library that is missing is no reason to have no fork server."""
        modules = [*LIBRARIES]
        hosts = sorted(self._repository.glob("host-*/*/entries.json"))
        if hosts:
            modules += [*HOST_LIBRARIES, *{json.loads(file.read_text())["runner"] for file in hosts}]
        lines = ["import importlib, os, sys",
                 "sys.path[:0] = [p for p in os.environ.get('PYTHONPATH', '').split(':') if p and p not in sys.path]"]
        for module in modules:
            lines += ["try:", f"    importlib.import_module({module!r})", "except ImportError as error:",
                      f"    print('fork server: {module} is left out:', error, file=sys.stderr)"]
        return "\n".join(lines)


def build(state: Path) -> Path:
    """The folder with `launcher` and `forkserver.so`, built at the first call. OSError or SubprocessError where there
    is no C compiler or it fails."""
    sources = [SOURCES / "launcher.c", SOURCES / "forkserver.c"]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    target = state / digest
    if (target / "forkserver.so").is_file():
        return target
    state.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix="build-", dir=state))
    try:
        compiler = [*_compiler(), "-O2"]
        _compile([*compiler, "-o", str(stage / "launcher"), str(sources[0])])
        _compile([*compiler, "-shared", "-fPIC", "-o", str(stage / "forkserver.so"), str(sources[1]), "-ldl"])
        with contextlib.suppress(OSError):  # another process was faster
            stage.rename(target)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return target


def _compiler() -> list[str]:
    for name in ("cc", "gcc", "clang"):
        if found := shutil.which(name):
            return [found]
    if importlib.util.find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang", "cc"]
    raise OSError("there is no C compiler (cc, gcc, clang or the package ziglang)")


def _compile(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, check=False)
    if done.returncode:
        raise OSError(done.stderr.strip().splitlines()[0] if done.stderr.strip() else f"{command[0]} failed")


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
