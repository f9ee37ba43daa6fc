"""A start does again only what has changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from config import preparation


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    folder = tmp_path / "catalog" / "text" / "stem"
    folder.mkdir(parents=True)
    (folder / "model.yaml").write_text("name: stem\n")
    (folder / "entry.py").write_text("")
    return tmp_path / "catalog"


def fingerprint(catalog: Path) -> str:
    return preparation.fingerprint(catalog.parent / "nets", [catalog])


def test_nothing_changed_is_the_same(catalog: Path) -> None:
    (catalog / "text" / "stem" / "__pycache__").mkdir()
    before = fingerprint(catalog)
    (catalog / "text" / "stem" / "__pycache__" / "entry.pyc").write_text("x")
    assert fingerprint(catalog) == before


def test_a_changed_card_a_removed_entry_and_a_new_net_are_seen(catalog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {fingerprint(catalog)}
    card = catalog / "text" / "stem" / "model.yaml"
    card.write_text("name: stam\n")  # as long as before
    os.utime(card, ns=(1, 1))
    seen.add(fingerprint(catalog))
    (catalog / "text" / "stem" / "entry.py").unlink()
    seen.add(fingerprint(catalog))
    (catalog.parent / "nets").mkdir()
    (catalog.parent / "nets" / "n.onnx").write_text("net")
    seen.add(fingerprint(catalog))
    monkeypatch.setenv("TESSERA_TRITON_PROFILE", "gpu")
    seen.add(fingerprint(catalog))
    assert len(seen) == 5
