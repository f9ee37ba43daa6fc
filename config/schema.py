"""The tables of a fresh database, taken from an earlier run of the same migrations.

Sixty migrations take fifteen seconds, for Django works out the state of every model after each of their steps. An
embedded instance keeps what they came to (TESSERA_SCHEMA_CACHE names the folder), so that the next fresh database of
this checkout, such as a test's, is there in one. A migration that changed, came or went, or another server, is another
file.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.apps import apps
from django.db import connection

from config import archive


def cache() -> Path | None:
    """The folder that keeps them, if there is one."""
    named = os.environ.get("TESSERA_SCHEMA_CACHE", "")
    return Path(named) if named else None


def is_empty() -> bool:
    """Whether the database has no tables at all."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT NOT EXISTS (SELECT FROM information_schema.tables WHERE table_schema = 'public')")
        found: bool = cursor.fetchone()[0]
    return found


@contextmanager
def alone(folder: Path) -> Iterator[Path]:
    """The file for the present migrations. Of several that start at once, one writes it and the others wait for it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder / f"{fingerprint()}.dump"


def fingerprint() -> str:
    """A hash of every migration's source, of Django and of the server."""
    digest = hashlib.sha256(repr((django.VERSION, connection.pg_version)).encode())
    for app in sorted(apps.get_app_configs(), key=lambda app: app.label):
        for file in sorted(Path(app.path, "migrations").glob("*.py")):
            digest.update(f"{app.label}/{file.name}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:24]


def save(file: Path) -> None:
    """Writes the whole database, which must be as the migrations left it."""
    handle, unfinished = tempfile.mkstemp(prefix=".", dir=file.parent)
    os.close(handle)
    try:
        archive.run([archive.tool("pg_dump"), "--format=custom", "--no-owner", "--no-privileges",
                     f"--file={unfinished}", archive.address()])
        os.replace(unfinished, file)  # a dump is whole or not there
    finally:
        Path(unfinished).unlink(missing_ok=True)


def load(file: Path) -> None:
    """Fills the empty database from it, whole or not at all."""
    pg_restore = archive.tool("pg_restore")
    connection.close()
    archive.run([pg_restore, "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error",
                 f"--dbname={archive.address()}", str(file)])
