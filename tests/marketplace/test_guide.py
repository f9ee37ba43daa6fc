"""The documentation's chapters: all there, in both languages, with the same code, and links that lead somewhere."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from django.utils import translation
from django.utils.safestring import SafeString

from marketplace.portal import docs, guide

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```.*?^```$", re.S | re.M)
ANCHOR = re.compile(r"\{#([a-z0-9-]+)\}")
VALUES = {"origin": "https://shop.example", "grpc": "shop.example:8001", "key": "tsr_test_<x>",
          "codes": SafeString("<table id='codes-table'></table>")}
GENERATED = {"sdk-reference"}  # names of methods: not translated
PLACES = {"/models/", "/console/keys/", "/console/billing/", "/console/webhooks/"}


def test_every_chapter_is_there_and_no_other() -> None:
    for lang in guide.LANGUAGES:
        wanted = set(docs.PAGES) - (GENERATED if lang != "en" else set())
        assert {path.stem for path in (guide.GUIDE / lang).glob("*.md")} == wanted


@pytest.mark.parametrize("slug", [slug for slug in docs.PAGES if slug not in GENERATED])
def test_both_languages_have_the_same_code_and_anchors(slug: str) -> None:
    english, chinese = (guide.source(slug, lang) for lang in guide.LANGUAGES)
    assert FENCE.findall(english) == FENCE.findall(chinese)
    assert ANCHOR.findall(english) == ANCHOR.findall(chinese)
    assert re.search(r"[\u4e00-\u9fff]", guide.title(slug, "zh")) or slug in {"sdk", "webhooks", "java"}


@pytest.mark.parametrize("lang", guide.LANGUAGES)
@pytest.mark.parametrize("slug", docs.PAGES)
def test_a_chapter_becomes_a_page(slug: str, lang: str) -> None:
    with translation.override("zh-hans" if lang == "zh" else "en"):
        assert guide.language() == lang
        html = guide.page(slug, lang, VALUES)
    assert html.count("<h1>") == 1
    assert "{{" not in html
    assert "{#" not in html
    assert "<x>" not in html  # values are text
    for target, anchor in re.findall(r'<a href="(/[^"#]*)(?:#([^"]*))?"', html):
        name = target.removeprefix("/docs/").strip("/")
        assert target in PLACES or name in docs.PAGES, target
        assert not anchor or anchor in ANCHOR.findall(guide.source(name, lang)), (target, anchor)


def test_what_stands_in_a_page() -> None:
    with translation.override("en"):
        quickstart = guide.page("quickstart", "en", VALUES)
        errors = guide.page("errors", "en", VALUES)
    assert '<h2 id="choose">1. Choose and subscribe</h2>' in quickstart
    assert "export TESSERA_API_KEY=&quot;tsr_test_&lt;x&gt;&quot;" in quickstart
    assert 'data-copy="quickstart-' in quickstart
    assert "<table id='codes-table'></table>" in errors
    assert "<p><table" not in errors
    # Nobody's HTML: what a chapter says stands there as text.
    assert "&lt;img" in guide.MarkdownIt("commonmark", {"html": False}).render("<img src=x>")


def test_the_reference_is_what_the_sources_say() -> None:
    sys.path.insert(0, str(ROOT / "sdk"))
    import generate_reference

    assert generate_reference.PAGE.read_text() == generate_reference.text(), "run make sdk"
    assert "- `client.batches.run(model, inputs, *, " in generate_reference.text()
    assert "- `client.predictions.cancel(prediction_id, *, idempotency_key=None)` → `Prediction[Any]`" in \
        generate_reference.text()
