"""Comparing models on labelled data: reading it, what counts as an answer, and figures with their doubt. Pure."""

from __future__ import annotations

import base64
import io
import math
import zipfile
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.problems import Problem
from marketplace.listings import labelled, scoring
from marketplace.listings.labelled import Row


@pytest.mark.parametrize(("correct", "total", "low", "high"), [
    (8, 10, 0.4901625, 0.9433178),  # textbook values of Wilson's interval at 95 %
    (0, 10, 0.0, 0.2775328), (10, 10, 0.7224672, 1.0), (1, 1, 0.2065493, 1.0), (0, 0, 0.0, 1.0),
    (480, 1000, 0.4491707, 0.5109823)])
def test_wilson_is_the_textbook_s(correct: int, total: int, low: float, high: float) -> None:
    assert scoring.wilson(correct, total) == (pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))


@given(st.integers(1, 2000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_wilson_solves_its_own_equation(case: tuple[int, int]) -> None:
    """Both ends are where the share lies exactly z standard errors away from what was seen."""
    correct, total = case
    seen = correct / total
    for end in scoring.wilson(correct, total):
        if 0 < end < 1:
            assert abs(seen - end) == pytest.approx(scoring.Z_95 * math.sqrt(end * (1 - end) / total), abs=1e-9)


@pytest.mark.parametrize(("values", "share", "expected"), [
    ([3.0, 1.0, 2.0], 0.5, 2.0), ([float(n) for n in range(1, 101)], 0.95, 95.0), ([7.0], 0.95, 7.0), ([], 0.5, None),
    ([float(n) for n in range(1, 21)], 0.95, 19.0)])
def test_nearest_rank(values: list[float], share: float, expected: float | None) -> None:
    assert scoring.nearest_rank(values, share) == expected


def test_the_frontier_is_what_nothing_beats() -> None:
    points = [(Decimal(1), .8), (Decimal(2), .9), (Decimal(3), .85), (Decimal(1), .7), (Decimal(2), .9)]
    assert scoring.frontier(points) == {0, 1, 4}
    assert scoring.frontier([]) == set()


@pytest.mark.parametrize(("kind", "output", "said"), [
    ("label_scores", {"labels": [{"label": "de", "score": .2}, {"label": "en", "score": .7}]}, "en"),
    ("label_scores", {"labels": [{"label": "positive", "score": .5}], "verdict": "neutral"}, "neutral"),
    ("report", {"verdict": "good"}, "good"),
    ("spans", {"spans": [{"start": 0, "end": 4, "label": "A"}, {"start": 5, "end": 20, "label": "B"}]}, "B"),
    ("spans", {"spans": []}, "none"), ("codes", {"codes": [{"text": "42"}, {"text": "43"}]}, "42"),
    ("ocr", {"text": "Hello"}, "Hello"), ("boxes", {"boxes": [{}, {}]}, "2"),
    ("key_values", {"values": [{"name": "number", "value": 1}, {"name": "text", "value": "803.15"}]}, "803.15"),
    ("key_values", {"values": [{"name": "gtin", "value": "095"}, {"name": "expiry", "value": "2014"}]}, "095"),
    ("segments", {"segments": [{"label": "he"}, {"label": "was"}]}, "he was"),
    ("ranked", {"results": [{"text": "first"}, {"text": "second"}]}, "first"),
    ("tokens", {"tokens": [{"text": "children", "tag": "child"}]}, "child"), ("label_scores", {"labels": []}, "")])
def test_what_a_model_said(kind: str, output: dict[str, object], said: str) -> None:
    assert scoring.answer(kind, output) == said


def test_case_width_and_blanks_make_no_difference() -> None:
    assert scoring.plain("  Ｐositive\n x ") == scoring.plain("positive X")
    assert scoring.plain("negative") != scoring.plain("positive")


@pytest.mark.parametrize(("name", "text"), [
    ("a.csv", 'Text,Label\nGood,positive\n"Bad, really",negative\n\n'),
    ("a.csv", "label;text\npositive;Good\nnegative;Bad, really\n"),
    ("a.tsv", "id\ttext\tlabel\n1\tGood\tpositive\n2\tBad, really\tnegative\n"),
    ("a.jsonl", '{"text":"Good","label":"positive"}\n\n{"input":"Bad, really","expected":"negative"}\n')])
def test_rows_of_text(name: str, text: str) -> None:
    rows = labelled.read(name, ("\ufeff" + text).encode(), "text")
    assert rows == [Row("Good", "positive"), Row("Bad, really", "negative")]


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize("files", [
    {"5/a.png": b"one", "set/3/b.png": b"two", "__MACOSX/5/._a.png": b"x", "5/.DS_Store": b"x"},
    {"labels.csv": b"file,label\na.png,5\nin/b.png,3\n", "a.png": b"one", "in/b.png": b"two"}])
def test_files_of_a_zip(files: dict[str, bytes]) -> None:
    assert labelled.read("a.zip", packed(files), "image") == [
        Row(base64.b64encode(b"one").decode(), "5"), Row(base64.b64encode(b"two").decode(), "3")]


@pytest.mark.parametrize(("name", "content", "kind", "why"), [
    ("a.csv", b"words,meaning\na,b\n", "text", "first line names the columns"),
    ("a.csv", b"text,label\nGood\n", "text", "line 2 has too few columns"),
    ("a.csv", b"text,label\nGood,\n", "text", "row 1 has no label"),
    ("a.csv", b"text,label\n,x\n", "text", "row 1 is empty"),
    ("a.csv", b"text,label\n", "text", "no row"), ("a.csv", b"\xff\xfe", "text", "not UTF-8"),
    ("a.jsonl", b'{"text": "a"}\n', "text", "line 1 has no label"), ("a.jsonl", b"{oops}", "text", "not JSON"),
    ("a.csv", b"text,label\n" + b"a,b\n" * 1001, "text", "more than 1000"),
    ("a.csv", b"text,label\na,b\n", "image", "upload a ZIP"), ("a.zip", packed({"x/a": b"1"}), "text", "upload CSV"),
    ("a.zip", packed({"a.png": b"1"}), "image", "a.png has no label"), ("a.zip", b"PK\x03\x04torn", "image", "whole"),
    ("a.zip", packed({"x/big": bytes(labelled.MAX_ITEM + 1)}), "image", "MiB each"),
    ("a.zip", packed({f"x/{n}": bytes(2 << 20) for n in range(26)}), "image", "unpacked")])
def test_what_can_t_be_read_says_why(name: str, content: bytes, kind: str, why: str) -> None:
    with pytest.raises(Problem, match=why):
        labelled.read(name, content, kind)

@pytest.mark.parametrize("damage", [b"\xff" * 40, bytes(3)], ids=["bits", "lengths"])
def test_a_damaged_stream_is_refused_and_not_a_crash(damage: bytes) -> None:
    whole = packed({"x/a.txt": bytes(range(256)) * 40})
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        entry = archive.infolist()[0]
    start = entry.header_offset + 30 + len(entry.filename)
    torn = whole[:start] + damage + whole[start + len(damage):]
    with pytest.raises(Problem, match=r"x/a\.txt can't be unpacked"):
        labelled.read("a.zip", torn, "image")
