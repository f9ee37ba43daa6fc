"""`prepare` on a real database: what has not changed is left alone, what has is done."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from config import preparation
from config.management.commands import prepare
from marketplace.listings import selectors as shelf
from model_registry import selectors as registry
from model_registry.catalog_kit.runner import CATALOG
from model_registry.models import Model

pytestmark = [pytest.mark.django_db, pytest.mark.stack]
KNOWN = "catalogue: nothing changed since the last start"


@pytest.fixture
def catalog(tmp_path: Path, settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue of two real capabilities that need no nets, and a repository of its own."""
    root = tmp_path / "catalog"
    for name in ("stem", "zh_convert"):
        shutil.copytree(CATALOG / "text" / name, root / "text" / name)
    real = preparation.fingerprint
    settings.ENV = replace(settings.ENV, var=tmp_path, triton_repository=tmp_path / "models")
    monkeypatch.setattr(prepare, "CATALOG", root)
    monkeypatch.setattr(preparation, "fingerprint", lambda nets: real(nets, [root]))
    return root


def run() -> list[str]:
    said = io.StringIO()
    call_command("prepare", "--no-demo", "--no-examples", stdout=said)
    return said.getvalue().splitlines()


def names() -> set[str]:
    return set(shelf.on_shelf().filter(name__in=["stem", "zh-convert"]).values_list("name", flat=True))


def test_only_what_changed_is_done_again(catalog: Path) -> None:
    assert any("2 models (2 new" in line for line in run())
    assert names() == {"stem", "zh-convert"}
    assert KNOWN in run()

    card = catalog / "text" / "stem" / "model.yaml"
    card.write_text(card.read_text().replace("title: ", "title: Changed ", 1))
    assert KNOWN not in run()
    assert registry.model("stem").title.startswith("Changed ")
    assert KNOWN in run()

    shutil.rmtree(catalog / "text" / "zh_convert")
    assert any("1 retired" in line for line in run())
    assert registry.route_for(Model.objects.get(name="zh-convert")) is None

    shutil.rmtree(catalog.parent / "models" / "host-text")
    assert KNOWN not in run()
    assert (catalog.parent / "models" / "host-text" / "config.pbtxt").is_file()


def test_a_fault_is_said_at_every_start(catalog: Path) -> None:
    (catalog / "text" / "stem" / "model.yaml").write_text("name: [")
    assert [sum("catalogue fault" in line for line in run()) for _ in range(2)] == [1, 1]


def test_a_new_migration_is_applied(catalog: Path) -> None:
    """Known to the code and not to the database: as after a newer version was fetched."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE config_preparation")
    MigrationRecorder(connection).record_unapplied("config", "0001_initial")
    run()
    assert KNOWN in run()
