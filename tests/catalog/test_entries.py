"""One test for every capability: its manifest, its example by value, its schema, and what strangers may send it."""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kernel.problems import Problem
from model_registry.catalog_kit import encode_png, encode_wav
from model_registry.catalog_kit.metrics import read_metrics
from model_registry.catalog_kit.outputs import output_fault
from model_registry.catalog_kit.quality import measure
from model_registry.catalog_kit.runner import CATALOG, inline_media, read_example, run_capability
from model_registry.manifest import Manifest, load, load_all
from model_registry.routes import to_route

FOLDERS = sorted(p.parent for p in CATALOG.glob("*/*/model.yaml"))
MEASURED = [f for f in FOLDERS if (f / "quality.py").is_file()]
each_entry = pytest.mark.parametrize("folder", FOLDERS, ids=[f.name for f in FOLDERS])


def differences(found: Any, expected: Any, tolerance: float, at: str = "output") -> Iterator[str]:
    """Where two JSON values differ; numbers may by `tolerance`, relative above 1 and absolute below."""
    if isinstance(expected, dict) and isinstance(found, dict):
        if set(found) != set(expected):
            yield f"{at}: members {sorted(set(found) ^ set(expected))} are in one only"
        for name in set(found) & set(expected):
            yield from differences(found[name], expected[name], tolerance, f"{at}.{name}")
    elif isinstance(expected, list) and isinstance(found, list):
        if len(found) != len(expected):
            yield f"{at}: {len(found)} items instead of {len(expected)}"
        for i, (a, b) in enumerate(zip(found, expected, strict=False)):
            yield from differences(a, b, tolerance, f"{at}[{i}]")
    elif isinstance(expected, int | float) and isinstance(found, int | float) and not isinstance(expected, bool):
        if abs(found - expected) > tolerance * max(1.0, abs(expected)):
            yield f"{at}: {found} instead of {expected}"
    elif found != expected:
        yield f"{at}: {found!r} instead of {expected!r}"


def answer(folder: Path, request: dict[str, Any], media: list[bytes]) -> tuple[dict[str, Any], list[Any]]:
    try:
        return run_capability(folder, request, media)
    except Problem as problem:
        if problem.code == "model_not_ready" and load(folder).source == "S3":
            pytest.skip("fetched on first use, and not here")
        raise


def test_all_manifests_load_and_names_are_unique() -> None:
    assert len(load_all(CATALOG)) == len(FOLDERS)


@each_entry
def test_example(folder: Path) -> None:
    manifest = load(folder)
    request, media, example = read_example(folder)
    response, files = answer(folder, request, media)
    assert output_fault(manifest.output, response["output"]) is None
    assert output_fault(manifest.output, inline_media(response["output"], files)) is None
    assert json.loads(json.dumps(response, allow_nan=False)) == response
    assert response["units"][manifest.pricing.unit] >= 1
    assert len(response["media"]) == len(files)
    assert all(file.data for file in files)
    wrong = list(differences(response["output"], example["output"], float(example.get("tolerance", 1e-6))))
    assert not wrong, "\n".join(wrong[:10])
    assert to_route(manifest, version=1).model == manifest.name


@pytest.mark.parametrize("folder", MEASURED, ids=[f.name for f in MEASURED])
def test_quality_holds_on_its_data(folder: Path) -> None:
    """What quality.py measures against data of known truth stays within the bounds that it states."""
    found = measure(folder)
    assert found, "quality.py measured nothing"
    assert any(m.at_least is not None or m.at_most is not None for m in found)
    assert not [m.fault for m in found if m.fault]


@pytest.mark.parametrize("folder", MEASURED, ids=[f.name for f in MEASURED])
def test_the_card_carries_measured_figures(folder: Path) -> None:
    found, card = read_metrics(folder), load(folder).card
    assert found is not None, f"make catalog-eval name={folder.name}"
    assert [m.value for m in card.metrics] == [m["value"] for m in found["quality"]]
    assert card.measured is not None
    assert 0 < card.measured.latency_ms.p50 <= card.measured.latency_ms.p95
    assert card.measured.date
    assert card.measured.machine


@each_entry
def test_hostile_input_is_refused_cleanly(folder: Path) -> None:
    manifest = load(folder)
    request, media, _ = read_example(folder)
    answer(folder, request, media)  # skips what is not here
    for value, must_refuse, sent in hostile_requests(manifest, request):
        body = {**request, "input": {**request["input"], **value}}
        problem = refusal(folder, body, [*media, *sent])
        # A caller's fault, never ours: anything else that the entry raises becomes backend_error.
        shown = f"{str(value)[:200]}: {problem!r} from {problem and problem.__cause__!r}"
        assert not must_refuse if problem is None else problem.status < 500, shown
    for bad in ({"input": {}}, {"input": []}, [], {"input": request["input"], "parameters": {"no_such": 1}},
                {"input": {**request["input"], "no_such": 1}}):
        optional = all(f.optional or f.default is not None for f in manifest.input.values())
        if not (bad == {"input": {}} and optional):
            with pytest.raises(Problem):
                run_capability(folder, bad, media)  # type: ignore[arg-type]
    for name, parameter in manifest.parameters.items():
        for wrong in ([], {}, math.nan if parameter.kind != "text" else 1):
            with pytest.raises(Problem) as caught:
                run_capability(folder, {**request, "parameters": {name: wrong}}, media)
            assert caught.value.status < 500


def refusal(folder: Path, request: dict[str, Any], media: list[bytes]) -> Problem | None:
    """The Problem that a request is refused with; any other exception is a failure of the test."""
    try:
        run_capability(folder, request, media)
    except Problem as problem:
        return problem
    return None


def hostile_requests(manifest: Manifest, request: dict[str, Any]) -> Iterator[tuple[dict[str, Any], bool, list[bytes]]]:
    """(fields to replace, whether it must be refused, further media) of each field, by its kind."""
    known = _count_media(request)
    for name, bounds in manifest.input.items():
        for value, must_refuse in HOSTILE[bounds.kind]:
            if isinstance(value, bytes):
                reference: Any = {"$media": known}
                yield {name: [reference] if bounds.kind == "images" else reference}, must_refuse, [value]
            else:
                yield {name: value}, must_refuse, []


def _count_media(value: Any) -> int:
    if isinstance(value, dict):
        return 1 if set(value) == {"$media"} else sum(map(_count_media, value.values()))
    return sum(map(_count_media, value)) if isinstance(value, list) else 0


def _bomb() -> bytes:
    """A PNG whose header promises 60,000 × 60,000 pixels."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


def _deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return {"x": value}


NAN, HUGE = math.nan, 10**400
IMAGES = [(b"", True), (b"\x89PNG\r\n\x1a\n" + b"x" * 50, True), (_bomb(), True), (b"<svg/>", True), (5, True),
          (encode_png(np.zeros((1, 1, 3), np.uint8)), False), (encode_png(np.full((40, 3, 3), 255, np.uint8)), False)]
TEXTS = [(5, True), ("\ud800", True), ("a\x00b", True), (["x"], True), ("\u202e🙂 ﷺ", False),
         ("'; -- <b>%s{0}\\", False)]
SERIES = [([], True), (["a"], True), ([NAN] * 50, True), ([HUGE] * 50, True), ("1,2", True), ([True] * 50, True),
          ([0.0] * 64, False), ([1.0], False), ([1e300, -1e300] * 40, False)]
OBJECTS = [(5, True), ("x", True), (_deep(100), True), ({"x": NAN}, True),
           ({}, False), ([], False), ({"x": None}, False)]
HOSTILE: dict[str, list[tuple[Any, bool]]] = {
    "image": IMAGES,
    "images": [*IMAGES, ([], True)],
    "audio": [(b"", True), (b"RIFF\xff\xff\xff\xffWAVEfmt ", True), (b"ID3" + b"x" * 60, True), (7, True),
              (encode_wav(np.zeros(1, np.float32), 16_000), False),
              (encode_wav(np.zeros(16_000, np.float32), 8_000), False)],
    "bytes": [(b"", True), (5, True), ("not base64!", True), (b"\x00\xff" * 500, False), (b"%PDF-1.4\n%%EOF", False)],
    "text": TEXTS,
    "texts": [("x", True), ([], True), ([5], True), (["\ud800"], True), ([None], True), (["🙂", "\u202e"], False)],
    "table": [([], True), ([[]], True), ([{}], True), ("x", True), ([{"a": NAN}], True), ([{"a": {"b": 1}}], True),
              ([{"zzz": None}], False), ([{"zzz": "x"}] * 3, False)],
    "series": SERIES,
    "multi_series": [({}, True), ([], True), ({"a": ["x"]}, True), ({"a": [NAN]}, True), ({"a": [0.0] * 40}, False),
                     ({"a": [0.0] * 40, "b": [1.0] * 3}, False)],
    "graph": [({}, True), ([], True), ({"edges": [[1]]}, True), ({"edges": [["a", "b", NAN]]}, True),
              ({"edges": [["a", "a"]]}, False), ({"nodes": ["a"], "edges": []}, False),
              ({"edges": [["a", "b", -5]]}, False)],
    "problem": OBJECTS,
    "number": [(NAN, True), (HUGE, True), ("5", True), (True, True), (-1e300, False), (0, False)],
    "integer": [(NAN, True), (1.5, True), ("5", True), (True, True)],
    "boolean": [(1, True), ("true", True)],
    "choice": [({}, True), ("no such choice", True), (True, True)],
}
