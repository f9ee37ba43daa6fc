"""What contents say in Chinese: cards of the catalogue, titles of the API's operations, its groups and its problems."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from django.utils.translation import override

from kernel.problems import CODES
from marketplace.portal import labels
from marketplace.portal.management.commands.compile_locale import read_po

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "frontend" / "locale" / "zh_Hans" / "LC_MESSAGES" / "contents.po"


def said() -> Iterator[str]:
    for path in (ROOT / "model_registry" / "catalog").glob("*/*/model.yaml"):
        card = yaml.safe_load(path.read_text())["card"]
        yield from (card[part] for part in ("use", "limits", "misuse"))
    for path in json.loads((ROOT / "sdk" / "openapi.json").read_text())["paths"].values():
        for operation in path.values():
            yield operation["summary"]
            yield operation["tags"][0]
    yield from (title for _status, title, _again in CODES.values())


def test_every_content_is_translated_and_no_other() -> None:
    known, found = set(read_po(CATALOGUE.read_text())) - {""}, set(said())
    assert len(found) > 900
    assert found - known == set()
    assert known - found == set()


def test_a_content_is_said_in_the_page_s_language() -> None:
    if not CATALOGUE.with_suffix(".mo").exists():
        pytest.skip("the translations are not compiled: make up")
    with override("zh-hans"):
        assert labels.content("Run a model") == "运行模型"
        assert labels.content("Written by a provider in whatever language.") == \
            "Written by a provider in whatever language."
        assert labels.content("") == ""
    with override("en"):
        assert labels.content("Run a model") == "Run a model"
