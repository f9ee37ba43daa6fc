"""Processes of a run: free ports, starting and ending, memory (PSS) and CPU time of process trees."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(command: Sequence[str], url: str, *, cwd: Path, env: Mapping[str, str] | None = None,
            timeout: float = 150.0) -> Iterator[int]:
    """Runs a server beside the block; gives its process id once `url` answers. Its words go to a log in `cwd`."""
    with (cwd / f"{Path(command[0]).name}.log").open("wb") as log:
        # Nothing of the product's environment: a peer would take DATABASE_URL for its own.
        plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        process = subprocess.Popen(command, cwd=cwd, env={**plain, **(env or {})}, stdout=log, stderr=log,
                                   start_new_session=True)
        try:
            _wait(process, url, timeout, Path(log.name))
            yield process.pid
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, timeout: float, log: Path) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 — always http on the loopback
                return
        except OSError as error:
            if isinstance(error, urllib.error.HTTPError) and error.code < 500:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"a peer did not start:\n{log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.2)


def tree(roots: Iterable[int], *, without: Iterable[int] = ()) -> list[int]:
    """The processes below `roots`, these too, without the trees of `without`."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found: list[int] = []
    pending, skipped = list(roots), set(without)
    while pending:
        process = pending.pop()
        if process not in skipped and process not in found:
            found.append(process)
            pending += children.get(process, [])
    return found


def pss_mb(processes: Iterable[int]) -> float:
    """Memory of processes with shared pages counted once (proportional set size), in MB of 2^20 bytes."""
    total = 0
    for process in processes:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1024


def cpu_s(processes: Iterable[int]) -> float:
    """CPU seconds that processes have used."""
    ticks = 0
    for process in processes:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def command_line(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
