"""The portal's pure parts: budgets of bytes, no claims in templates, translations, schemas as rows, the status page."""

from __future__ import annotations

import ast
import gzip
import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.template.loader import get_template
from django.test import RequestFactory
from django.utils.translation import override
from django.utils.translation.template import templatize

from billing.services import PLANS
from kernel.clock import now
from marketplace.portal import field_words, schema_fields
from marketplace.portal.forms import minor_units
from marketplace.portal.management.commands.compile_locale import read_po, write_mo
from marketplace.portal.middleware import StatusPage
from marketplace.portal.templatetags.portal import ago, code_words, device, plain, thousands
from marketplace.portal.views import usage

ROOT = Path(__file__).resolve().parents[2] / "frontend"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
CATALOGUE = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
# Kilobytes after gzip; a shell is what every page loads, an island what one element adds.
BUDGETS = {"src/main.ts": 30, "src/playground/index.ts": 15, "src/console/job.ts": 15}
CSS_KB = 15


@pytest.mark.parametrize("entry", BUDGETS)
def test_scripts_keep_to_their_budget(entry: str) -> None:
    path = ROOT / "dist" / "manifest.json"
    if not path.exists():
        pytest.skip("the pages are not built: make frontend")
    manifest = json.loads(path.read_text())
    size = len(gzip.compress((ROOT / "dist" / manifest[entry]["file"]).read_bytes(), 9))
    assert size <= BUDGETS[entry] * 1024
    for sheet in manifest[entry].get("css", []):
        assert len(gzip.compress((ROOT / "dist" / sheet).read_bytes(), 9)) <= CSS_KB * 1024


# A number with what makes it a claim: a share, a time, a multiple, thousands of users, stars.
CLAIM = re.compile(
    r"\d[\d.,]*\s?(?:ms|s|%|×|x|M\+?|k\+?|\+|★|stars|out of|times|毫秒|倍|万|亿|星)(?![\w-])"
    r"|\d[\d,.]*\+?\s?(?:models|customers|users|teams|companies|countries|reviews|calls"
    r"|个(?:模型|客户|用户|团队|国家)|家(?:公司|企业)|位用户|次调用)")
# No claims: what people set (shares of a budget or of calls), and the level of an interval or percentile.
SETTINGS = {"0 %", "25 %", "50 %", "75 %", "80 %", "100 %", "95%"}
QUIET = re.compile(r"{#.*?#}|{{.*?}}|{%\s*(?:if|elif|for|with|url|widthratio|static|include|icon|load|extends|block"
                   r"|blocktrans)\b.*?%}|<pre.*?</pre>|<c-code.*?</c-code>|<svg.*?</svg>|%\(\w+\)s", re.S)
TAG = re.compile(r"<[^>]*>")
SAID = re.compile(r"\s(?:label|title|alt|placeholder|aria-label|data-detail|content)=([\"'])(.*?)\1", re.S)


def claims(text: str) -> list[str]:
    """The figures of a template, or of a text, that read as if somebody had measured or counted them."""
    text = QUIET.sub(" ", text)
    said = TAG.sub(lambda tag: " ".join(["", *(words for _quote, words in SAID.findall(tag[0])), ""]), text)
    return [found for found in CLAIM.findall(said) if found not in SETTINGS]


@pytest.mark.parametrize("text", [
    "<p>99.95 % of calls</p>", '{% trans "Answers in 38 ms for all" %}', "<b>2.4M calls</b>", "<p>210 models</p>",
    '{% blocktrans with a=b %}Trusted by 5,000+ teams with {{ a }}{% endblocktrans %}', "<p>10x faster</p>", "4.8 ★",
    '<img alt="4.9 out of 5">', '{% trans "超过 2,000 家企业" %}', "快 3 倍", "<td>{{ n }} of 12 000 users</td>"])
def test_a_claim_is_found(text: str) -> None:
    assert claims(text) != []


@pytest.mark.parametrize("text", [
    "{{ n }} ms", '{% icon "x" %}', '<option label="25 %">', "{% blocktrans %}{{ n }} models{% endblocktrans %}",
    "<pre>p50 38 ms</pre>", '<div class="w-26 2xl:grid">', "%(n)s models", "Step 2", '{% if n > 90 %}x{% endif %}'])
def test_what_is_no_claim_is_left_alone(text: str) -> None:
    assert claims(text) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_a_figure_that_looks_like_a_claim(path: Path) -> None:
    assert claims(path.read_text()) == []


def test_no_translation_holds_one() -> None:
    """Texts of the code stand in the catalogue, too."""
    messages = read_po(CATALOGUE.read_text())
    assert {text: found for text in [*messages, *messages.values()] if (found := claims(text))} == {}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_template_compiles_without_inline_code(path: Path) -> None:
    get_template(str(path.relative_to(ROOT / "templates")))
    text = path.read_text()
    assert not re.search(r"<script(?![^>]*json)|\sstyle=|\son[a-z]+=", text)  # the content policy refuses these


def test_every_message_is_translated_and_keeps_its_places() -> None:
    messages = read_po(CATALOGUE.read_text())
    source = re.findall(r'^msgid ((?:".*"\n)+)', CATALOGUE.read_text(), re.M)
    assert len(messages) == len(source)  # an empty translation is left out by the reader
    for key, value in messages.items():
        places = set(re.findall(r"%\((\w+)\)s", key))
        assert set(re.findall(r"%\((\w+)\)s", value)) == places, key


def marked() -> set[str]:
    """Every text that templates and the portal's code hand to gettext."""
    found = set()
    for path in TEMPLATES:
        calls = re.findall(r"(?<![a-z])(?:n?gettext|_)\(u?('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")",
                           templatize(path.read_text(), origin=path.name))
        found |= {ast.literal_eval(text) for text in calls}
    for package in ("marketplace", "billing", "model_registry", "config"):
        for path in (ROOT.parent / package).rglob("*.py"):
            found |= marked_in(path.read_text())
    return found


def marked_in(source: str) -> set[str]:
    """The texts that Python code hands to gettext."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and node.args] \
        if "gettext" in source else []
    return {call.args[0].value for call in calls if isinstance(call.func, ast.Name)
            and call.func.id in {"_", "gettext", "gettext_lazy", "ngettext"}
            and isinstance(call.args[0], ast.Constant)}


def test_the_catalogue_holds_every_text_of_pages_and_code_and_no_other() -> None:
    known = {key.partition("\0")[0] for key in read_po(CATALOGUE.read_text())} - {""}
    found = marked()
    found |= {str(plan["name"]) for plan in PLANS.values()}  # which pages translate by what they are called
    assert found - known == set()
    assert known - found == set()


def test_a_chinese_page_names_fields_choices_and_results_in_chinese() -> None:
    manifest = {"input": {"text": {"kind": "text"}}, "parameters": {"range": {"kind": "choice", "choices": ["near"]}}}
    example = {"output": {"verdict": "good", "checks": [{"name": "no such word", "passed": True}]}}
    with override("zh-hans"):
        assert field_words.title("min_area") == "最小面积"
        assert field_words.used(manifest, example) == {
            "checks": "检查项", "good": "良好", "name": "名称", "near": "近", "passed": "通过", "verdict": "结论"}
    with override("en"):
        assert field_words.title("min_area") == "Min area"
        assert field_words.used(manifest, example) == {}


def test_every_field_of_the_catalogue_has_a_chinese_name() -> None:
    fields = {name for path in (ROOT.parent / "model_registry" / "catalog").glob("*/*/model.yaml")
              for name in re.findall(r"^  (\w+): \{kind:", path.read_text(), re.M)}
    assert len(fields) > 200
    assert fields - set(field_words.chinese()) == set()


def test_plurals_are_compiled_under_both_forms() -> None:
    found = read_po('msgid "a"\nmsgid_plural "b"\nmsgstr[0] "c"\n\nmsgid "d"\nmsgstr "e"\n')
    assert found == {"a\0b": "c", "d": "e"}
    assert b"a\0b\0" in write_mo(found)


def test_rows_of_a_schema_and_what_changed() -> None:
    schema = {"type": "object", "required": ["boxes"], "properties": {
        "boxes": {"type": "array", "items": {"type": "object", "properties": {"x": {"type": "number", "minimum": 0}}}},
        "unit": {"enum": ["a", "b"], "default": "a"}}}
    rows = {row.name: (row.kind, row.required, row.depth) for row in schema_fields.rows(schema)}
    assert rows == {"boxes": ("array of object", True, 0), "boxes[].x": ("number, ≥ 0", False, 1),
                    "unit": ("any, a · b, default a", False, 0)}
    before = {"input": {"a": {"kind": "text"}, "b": {"kind": "image"}}, "output": "boxes"}
    after = {"input": {"a": {"kind": "texts"}, "c": {"kind": "text"}}, "output": "boxes"}
    assert schema_fields.changes(before, after) == [
        ("+", "input.c"), ("−", "input.b"), ("~", "input.a.kind: text → texts")]
    assert schema_fields.changes(before, before) == []
    assert schema_fields.shortened([1] * 20) == [1] * 8 + ["…"]


@pytest.mark.parametrize(("number", "text"), [
    (1234567, "1,234,567"), (0, "0"), (None, "0"), ("", "0"), (Decimal("1234.50"), "1,234.5"), ("999", "999")])
def test_thousands_stand_apart(number: object, text: str) -> None:
    assert thousands(number) == text


@pytest.mark.parametrize(("age", "words"), [
    (timedelta(seconds=5), "just now"), (timedelta(minutes=1), "1 minute ago"),
    (timedelta(minutes=59), "59 minutes ago"),
    (timedelta(hours=23), "23 hours ago"), (timedelta(days=1), "1 day ago"), (timedelta(days=6), "6 days ago")])
def test_how_long_ago(age: timedelta, words: str) -> None:
    at = now() - age
    assert f">{words}</time>" in ago(at)
    assert f'title="{at:%Y-%m-%d %H:%M:%S} UTC"' in ago(at)


@pytest.mark.parametrize("at", ["2026-11-21T00:00:00", "2026-11-21T10:20:30.5", "2026-11-21T23:59:59.999999"])
def test_the_spans_of_usage_end_with_the_running_hour_or_day(at: str) -> None:
    """Off the full hour, no bar finds its rollup, and the drawing stays empty."""
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert usage._end(moment, hourly=False) == datetime(2026, 11, 22, tzinfo=UTC)
    assert usage._end(moment, hourly=True) == moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def test_what_is_long_ago_is_a_date() -> None:
    assert ">2026-01-02</time>" in ago(datetime(2026, 1, 2, 3, tzinfo=UTC))
    assert ago(None) == ""


@pytest.mark.parametrize(("agent", "words"), [
    ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome, Linux"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari, iPhone"),
    ("curl/8.5.0", "curl"), ("", "—")])
def test_a_browser_in_two_words(agent: str, words: str) -> None:
    assert device(agent) == words


def test_values_of_the_log_in_plain_words() -> None:
    assert [plain(value) for value in (["predict", "files"], [], None, 3)] == ["predict, files", "—", "—", "3"]


def test_words_between_backticks_are_code_and_nothing_else_is_markup() -> None:
    assert code_words("send `a<b` & <i>") == "send <code>a&lt;b</code> &amp; &lt;i&gt;"


@pytest.mark.parametrize(("raw", "currency", "minor"), [("250", "USD", 25000), ("12.5", "USD", 1250),
                                                        ("1,000", "JPY", 1000), ("0", "EUR", 0)])
def test_amounts_that_people_type(raw: str, currency: str, minor: int) -> None:
    assert minor_units(raw, currency) == minor


@pytest.mark.parametrize("raw", ["", "abc", "-1", "1.234", "NaN", "1e99", "Infinity"])
def test_amounts_that_are_none_are_refused(raw: str) -> None:
    from kernel.problems import Problem

    with pytest.raises(Problem, match="validation_error"):
        minor_units(raw, "USD")


def test_the_status_page_renders_without_any_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unit tests have no database, no Redis and no Triton: every part is down, and the page says so."""
    from marketplace.portal import status

    def down() -> None:
        raise OSError("unreachable")

    monkeypatch.setattr(status, "CHECKS", tuple((name, words, down) for name, words, _check in status.CHECKS))
    page = StatusPage(lambda request: pytest.fail("the middleware answers by itself"))  # type: ignore[arg-type]
    answer = page(RequestFactory().get("/status/"))
    assert answer.status_code == 200
    text = answer.content.decode()
    assert text.count("tag-bad") == len(status.CHECKS)
    assert "no-store" in answer.headers["Cache-Control"]
