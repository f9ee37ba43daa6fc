"""A backup holds the database of one moment, and a restore brings back exactly that or says what differs."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from config import archive
from marketplace.accounts import audit, services
from marketplace.accounts.models import Organization

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.stack]
EMPTY = "tessera_archive_test"


@pytest.fixture
def state(settings: Any, tmp_path: Path) -> Path:
    settings.ENV = replace(settings.ENV, var=tmp_path)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    (tmp_path / "files" / "objects").mkdir(parents=True)
    (tmp_path / "files" / "objects" / "one").write_bytes(b"bytes of a customer")
    return tmp_path


@pytest.fixture
def empty() -> Iterator[Any]:
    """A switch to an empty database, and back."""
    before = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {EMPTY}")
        cursor.execute(f"CREATE DATABASE {EMPTY}")

    def switch(name: str) -> None:
        connection.close()
        connection.settings_dict["NAME"] = name

    yield lambda: switch(EMPTY)
    switch(before)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {EMPTY} WITH (FORCE)")


def test_what_was_backed_up_comes_back(state: Path, empty: Any) -> None:
    user, org = services.sign_up(email="keeper@example.com", password="correct horse 7", organization_name="Keeper")
    services.create_api_key(org=org, actor=user, name="k")
    file = state / "backup.tar"
    facts = archive.back_up(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert facts["tables"]["accounts_organization"][0] == 1
    assert facts["ledger"]["events"] == facts["tables"]["billing_usage_event"][0]
    services.rename_organization(org=org, actor=user, name="Later")
    with pytest.raises(archive.ArchiveError, match="not empty"):
        archive.restore(file)
    (state / "files" / "objects" / "one").unlink()
    empty()
    assert archive.restore(file)["ledger"] == facts["ledger"]
    found = Organization.objects.get()
    assert found.name == "Keeper"
    assert audit.first_broken_link(found) is None
    assert (state / "files" / "objects" / "one").read_bytes() == b"bytes of a customer"


def test_a_backup_that_was_changed_is_not_trusted(state: Path, empty: Any) -> None:
    services.sign_up(email="keeper@example.com", password="correct horse 7", organization_name="Keeper")
    file, opened = state / "backup.tar", state / "opened"
    archive.back_up(file)
    with tarfile.open(file) as old:
        old.extractall(opened, filter="data")
    facts = json.loads((opened / "facts.json").read_text())
    facts["tables"]["accounts_user"][1] = "1"
    (opened / "facts.json").write_text(json.dumps(facts))
    with tarfile.open(file, "w") as new:
        for name in ("facts.json", "database.dump", "var"):
            new.add(opened / name, name)
    empty()
    with pytest.raises(archive.ArchiveError, match="accounts_user"):
        archive.restore(file)
