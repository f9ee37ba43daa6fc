"""The running product as its faults need it: which process is which."""

from __future__ import annotations

import os
import random
import signal
from contextlib import suppress
from pathlib import Path

import psycopg

from benchmarks.gateway.processes import command_line, tree
from config.env import Environment

# What the command line of a process holds, and of its parent where children do the work.
NAMED = {
    "web": "config.asgi", "gateway": "config.gateway", "worker": "config.celery worker", "beat": "config.celery beat",
    "triton": "bin/tritonserver", "triton keeper": "inference_backend.triton.server",
    "stub": "triton_python_backend_stub", "redis": "redis-server",
}
LEDGER = ("SELECT pid FROM pg_stat_activity WHERE application_name = 'tessera ledger' "
          "AND datname = current_database()")


class Product:
    """Looks processes up when they are asked for: they come and go."""

    def __init__(self, env: Environment, chance: random.Random) -> None:
        self.env, self._chance = env, chance
        self._root = int((env.var / "supervisor.pid").read_text())

    def pids(self, name: str) -> list[int]:
        """Processes by their name in NAMED, ``worker child``, ``postmaster``, ``postgres`` or ``ledger backend``."""
        if name == "postmaster":
            return self._postmaster()
        if name == "postgres":
            return tree(self._postmaster())
        if name == "ledger backend":
            with suppress(psycopg.Error), psycopg.connect(self.env.database_url, connect_timeout=2) as link:
                return [row[0] for row in link.execute(LEDGER)]
            return []
        child = name == "worker child"
        found = [pid for pid in tree([self._root])
                 if NAMED["worker" if child else name] in command_line(pid)]
        if name not in ("worker", "worker child"):
            return found
        children = [pid for pid in found if parent(pid) in found]
        return children if child else [pid for pid in found if pid not in children]

    def one(self, name: str) -> int | None:
        """One of them at random; None where none runs."""
        found = self.pids(name)
        return self._chance.choice(found) if found else None

    def _postmaster(self) -> list[int]:
        with suppress(OSError, ValueError, IndexError):
            return [int((self.env.var / "postgres" / "postmaster.pid").read_text().splitlines()[0])]
        return []


def parent(pid: int) -> int:
    """The process's parent; 0 where it is gone."""
    with suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def tell(pid: int | None, number: signal.Signals) -> bool:
    """Sends a signal; whether there was somebody to get it."""
    with suppress(ProcessLookupError):
        if pid is not None:
            os.kill(pid, number)
            return True
    return False
