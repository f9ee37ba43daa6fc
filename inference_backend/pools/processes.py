"""What the models' processes take, as Linux counts it. Only for a Triton on this machine; elsewhere all is unknown."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from pathlib import Path

PROC = Path("/proc")
STUB = b"triton_python_backend_stub"
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


class Processes:
    """The Python stubs that serve one model repository."""

    def __init__(self, repository: Path) -> None:
        self._prefix = f"{repository.resolve()}/".encode()

    def by_model(self) -> dict[str, list[int]]:
        """Model → the pids behind it."""
        return {model: [pid for pids in groups.values() for pid in pids] for model, groups in self._seen().items()}

    def instances(self, model: str) -> int:
        """How many instances of a model have their process. One that goes counts until it is gone."""
        return len(self._seen().get(model, {}))

    def _seen(self) -> dict[str, dict[bytes, list[int]]]:
        """Model → instance, by its region of shared memory → its pids: a fork and its launcher share that name."""
        found: dict[str, dict[bytes, list[int]]] = {}
        for name in os.listdir(PROC):
            if not name.isdecimal():
                continue
            with contextlib.suppress(OSError):
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    words = file.read(8192).split(b"\0")
                # stub, model file, shared memory, …; a Triton's own children carry its repository's path
                if len(words) > 8 and STUB in words[0] and words[1].startswith(self._prefix):
                    model = words[1][len(self._prefix):].split(b"/", 1)[0].decode(errors="replace")
                    found.setdefault(model, {}).setdefault(words[2], []).append(int(name))
        return found

    def kinds(self) -> dict[str, int]:
        """How many stubs are forks of the warm process, and how many started on their own."""
        counts = {"forked": 0, "plain": 0}
        for pids in self.by_model().values():
            for pid in pids:
                with contextlib.suppress(OSError):
                    program = os.readlink(f"/proc/{pid}/exe")
                    comm = Path(f"/proc/{pid}/comm").read_bytes().rstrip()
                    if program.endswith(".real") and not STUB.startswith(comm):
                        counts["forked"] += 1  # a fork goes by its model's name
                    elif program.endswith(".real") or not self._launched(program):
                        counts["plain"] += 1
        return counts

    @staticmethod
    def _launched(program: str) -> bool:
        """Whether a stub's program is the launcher of the fork server: then it only waits for its fork."""
        return os.path.exists(f"{program}.real")

    def footprint(self, model: str) -> float:
        """Megabytes (PSS) of the model's processes; 0.0 where they can't be seen."""
        return sum(map(pss_mb, self.by_model().get(model, ())))

    def footprints(self) -> dict[str, float]:
        return {model: sum(map(pss_mb, pids)) for model, pids in self.by_model().items()}

    def kill(self, model: str) -> int:
        """Ends the processes of a model that hangs; how many there were."""
        pids = self.by_model().get(model, [])
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        return len(pids)


def pss_mb(pid: int) -> float:
    """The process's share of memory: shared pages count by their sharers."""
    try:
        found = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


def machine_mb() -> int:
    """Memory of this machine or of the container, whichever is less."""
    text = Path("/proc/meminfo").read_text()
    found = re.search(r"^MemTotal:\s+(\d+) kB", text, re.MULTILINE)
    total = int(found[1]) // 1024 if found else 4096
    with contextlib.suppress(OSError, ValueError):
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()) >> 20)
    return total


def default_budget_mb() -> int:
    """A quarter of the machine, and no more than 2.25 GB: the product whole then stays below 4 GB."""
    return min(2304, machine_mb() // 4)
