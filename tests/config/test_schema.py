"""A fresh database that is filled from an earlier run of the migrations is what the migrations make."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection

from config import archive, schema

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.stack]
OTHER = "tessera_schema_test"


@pytest.fixture
def elsewhere() -> Iterator[None]:
    """Django is connected to an empty database."""
    before = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {OTHER}")
        cursor.execute(f"CREATE DATABASE {OTHER}")
    connection.close()
    connection.settings_dict["NAME"] = OTHER
    yield
    connection.close()
    connection.settings_dict["NAME"] = before
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {OTHER} WITH (FORCE)")


def definition() -> list[str]:
    """Every table, index, constraint, function and trigger as SQL; without the random words of a dump's safeguard."""
    done = subprocess.run([archive.tool("pg_dump"), "--schema-only", "--no-owner", archive.address()], check=True,
                          capture_output=True, text=True)
    return [line for line in done.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]


def test_it_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setenv("TESSERA_SCHEMA_CACHE", str(tmp_path))
    assert not schema.is_empty()
    made = definition()
    with schema.alone(tmp_path) as file:
        schema.save(file)
    request.getfixturevalue("elsewhere")
    assert schema.is_empty()
    call_command("migrate", verbosity=0)
    assert definition() == made
    assert len(made) > 1000
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_migrations")
        assert cursor.fetchone()[0] > 50
    call_command("migrate", verbosity=0, check_unapplied=True)  # it would exit with 1


def test_a_changed_migration_is_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = apps.get_app_config("config")
    shutil.copytree(app.path + "/migrations", tmp_path / "migrations")
    monkeypatch.setattr(app, "path", str(tmp_path))
    before = schema.fingerprint()
    file = tmp_path / "migrations" / "0001_initial.py"
    file.write_text(file.read_text() + "\n")
    assert schema.fingerprint() != before
