"""Where two answers differ by value, and what strangers may send: for the catalogue's tests, here and over HTTP."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from model_registry.catalog_kit.images import encode_png
from model_registry.catalog_kit.sound import encode_wav
from model_registry.manifest import Manifest


def differences(found: Any, expected: Any, tolerance: float, at: str = "output") -> Iterator[str]:
    """Where two JSON values differ; numbers may by `tolerance`, relative above 1 and absolute below.

    A file that is expected ({"$media": i}) may stand there as such or as its data: URL.
    """
    if isinstance(expected, dict) and set(expected) == {"$media"} and isinstance(found, str):
        if not found.startswith("data:") or len(found) < 40:
            yield f"{at}: no file"
    elif isinstance(expected, dict) and isinstance(found, dict):
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
