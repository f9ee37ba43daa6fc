"""Several workers on one port: the first process starts them, anew when they die, and ends them with itself.

They share the port by SO_REUSEPORT: the kernel spreads new connections over them. Each is a process of its own with
its own connections to Redis, Postgres and Triton. Nothing of the product is imported here: the first process is small.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from types import FrameType

WORKER = "TESSERA_WORKER"  # its number, in the processes that serve
RESTART_S = 0.5
PR_SET_PDEATHSIG = 1


def lead(variable: str) -> None:
    """Where `variable` asks for several workers and this isn't one of them: runs them until SIGTERM and exits."""
    wanted = os.environ.get(variable, "")
    if not wanted.isdigit() or int(wanted) <= 1 or os.environ.get(WORKER):
        return
    sys.exit(_Leader(int(wanted)).run())


class _Leader:
    def __init__(self, workers: int) -> None:
        self._count = workers
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._ending = False

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        for place in range(1, self._count + 1):
            self._start(place)
        while self._processes:
            time.sleep(0.1)
            for place, process in list(self._processes.items()):
                if process.poll() is None:
                    continue
                del self._processes[place]
                if not self._ending:
                    print(f"worker {place} ended with code {process.returncode}; starting it again", file=sys.stderr)
                    time.sleep(RESTART_S)
                    self._start(place)
        return 0

    def _start(self, place: int) -> None:
        self._processes[place] = subprocess.Popen(
            [sys.executable, *sys.orig_argv[1:]], env={**os.environ, WORKER: str(place)}, preexec_fn=_die_with_parent)
        if self._ending:  # the signal came while it was being started
            self._processes[place].terminate()

    def _end(self, number: int, frame: FrameType | None) -> None:
        self._ending = True
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.terminate()


def _die_with_parent() -> None:
    """A killed first process must not leave workers behind (Linux)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
