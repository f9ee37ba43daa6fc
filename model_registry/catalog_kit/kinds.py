"""The kinds of input: from what arrives (JSON values, media) to what an entry works with, within the manifest's bounds.

A decoder takes (value, bounds, field) and raises InvalidInput with code `validation_error` that names the field.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from model_registry.catalog_kit.images import FORMATS, MAX_PIXELS, decode_image
from model_registry.catalog_kit.sound import MAX_SECONDS, decode_audio
from model_registry.catalog_kit.types import InvalidInput, Series

Bounds = Mapping[str, Any]

# What a field may cost where its manifest sets no bound.
DEFAULT_MAX_BYTES = 10_000_000
DEFAULT_MAX_CHARS = 100_000
DEFAULT_MAX_ITEMS = 1_000
DEFAULT_MAX_ROWS = 10_000
DEFAULT_MAX_POINTS = 100_000
DEFAULT_MAX_EDGES = 20_000
MAX_COLUMNS = 500
MAX_DEPTH = 32


def refuse(detail: str, field: str) -> InvalidInput:
    """A value outside the manifest's bounds."""
    return InvalidInput(detail, field=field, code="validation_error")


def decode_fields(specs: Mapping[str, Bounds], values: object, media: Sequence[bytes]) -> dict[str, Any]:
    """Every declared field of a request's `input`, decoded; unknown and missing fields are refused."""
    if not isinstance(values, Mapping):
        raise refuse("input must be an object", "/input")
    for name in values:
        if name not in specs:
            raise refuse(f"unknown field; this capability takes {', '.join(specs)}", f"/input/{name}")
    decoded: dict[str, Any] = {}
    for name, bounds in specs.items():
        value = values.get(name)
        if value is None:
            if bounds.get("default") is not None:
                value = bounds["default"]
            elif bounds.get("optional"):
                decoded[name] = None
                continue
            else:
                raise refuse("this field is required", name)
        decoded[name] = DECODERS[bounds["kind"]](_fill(value, media, name), bounds, name)
    return decoded


def _fill(value: Any, media: Sequence[bytes], field: str) -> Any:
    """Puts the bytes of {"$media": i} in place, in a field or in a list of them."""
    if isinstance(value, list):
        return [_fill(v, media, field) if isinstance(v, dict) else v for v in value]
    if isinstance(value, dict) and set(value) == {"$media"}:
        index = value["$media"]
        if type(index) is not int or not 0 <= index < len(media):
            raise refuse("refers to a file that was not sent", field)
        return media[index]
    return value


def to_bytes(value: Any, bounds: Bounds, field: str) -> bytes:
    """Bytes as they are, or from base64 or a data: URL."""
    limit = int(bounds.get("max_bytes") or DEFAULT_MAX_BYTES)
    if isinstance(value, str):
        if len(value) > limit * 4 // 3 + 1024:
            raise refuse(f"larger than {limit:,} bytes", field)
        text = value.partition(",")[2] if value.startswith("data:") else value
        try:
            value = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise refuse("not base64 or a data: URL", field) from None
    if not isinstance(value, bytes | bytearray | memoryview):
        raise refuse("send a file, base64 text or a data: URL", field)
    if not 0 < len(value) <= limit:
        raise refuse(f"larger than {limit:,} bytes" if len(value) else "the file is empty", field)
    return bytes(value)


def _image(value: Any, bounds: Bounds, field: str) -> Any:
    types = tuple(bounds.get("media_types") or FORMATS.values())
    pixels = min(int(bounds.get("max_pixels") or MAX_PIXELS), MAX_PIXELS)
    return decode_image(to_bytes(value, bounds, field), field=field, max_pixels=pixels, media_types=types)


def _items(value: Any, bounds: Bounds, field: str, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise refuse(f"must be a list of {what}", field)
    least, most = int(bounds.get("min_items") or 1), int(bounds.get("max_items") or DEFAULT_MAX_ITEMS)
    if not least <= len(value) <= most:
        raise refuse(f"{len(value)} {what}; between {least:,} and {most:,} are accepted", field)
    return value


def _images(value: Any, bounds: Bounds, field: str) -> Any:
    capped = {**bounds, "max_items": bounds.get("max_items") or 16}
    return [_image(v, bounds, f"/input/{field}/{i}") for i, v in enumerate(_items(value, capped, field, "images"))]


def _audio(value: Any, bounds: Bounds, field: str) -> Any:
    return decode_audio(to_bytes(value, bounds, field), field=field, rate=bounds.get("rate"),
                        max_seconds=float(bounds.get("max_seconds") or MAX_SECONDS),
                        min_seconds=float(bounds.get("min_seconds") or 0.0))


def _text(value: Any, bounds: Bounds, field: str) -> str:
    if not isinstance(value, str):
        raise refuse("must be text", field)
    least, most = bounds.get("min_chars"), int(bounds.get("max_chars") or DEFAULT_MAX_CHARS)
    least = 1 if least is None else int(least)
    if len(value) > most:
        raise refuse(f"{len(value):,} characters; at most {most:,} are accepted", field)
    if least and len(value.strip()) < least:
        raise refuse("the text is empty" if least == 1 else f"at least {least} characters are needed", field)
    if "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise refuse("the text holds characters that are not valid Unicode text", field)
    return value


def _texts(value: Any, bounds: Bounds, field: str) -> list[str]:
    return [_text(v, bounds, f"/input/{field}/{i}") for i, v in enumerate(_items(value, bounds, field, "texts"))]


def finite(value: Any, field: str) -> float:
    """A finite number; booleans and numerals in text are not numbers here."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refuse("must be a number", field)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise refuse("must be a finite number", field)
    return number


def _number(value: Any, bounds: Bounds, field: str) -> float | int:
    number = finite(value, field)
    low, high = bounds.get("minimum"), bounds.get("maximum")
    if low is not None and number < low:
        raise refuse(f"must be at least {low}", field)
    if high is not None and number > high:
        raise refuse(f"must be at most {high}", field)
    return value if isinstance(value, int) else number


def _integer(value: Any, bounds: Bounds, field: str) -> int:
    number = _number(value, bounds, field)
    if number != int(number):
        raise refuse("must be a whole number", field)
    return int(number)


def _boolean(value: Any, bounds: Bounds, field: str) -> bool:
    if not isinstance(value, bool):
        raise refuse("must be true or false", field)
    return value


def _choice(value: Any, bounds: Bounds, field: str) -> Any:
    # The type is compared too: in Python True == 1.
    if not any(value == c and type(value) is type(c) for c in bounds["choices"]):
        raise refuse(f"must be one of {', '.join(map(str, bounds['choices']))}", field)
    return value


def _table(value: Any, bounds: Bounds, field: str) -> list[dict[str, Any]]:
    most, least = int(bounds.get("max_rows") or DEFAULT_MAX_ROWS), int(bounds.get("min_rows") or 1)
    if not isinstance(value, list):
        raise refuse("must be a list of row objects", field)
    if not least <= len(value) <= most:
        raise refuse(f"{len(value)} rows; between {least:,} and {most:,} are accepted", field)
    needed = bounds.get("columns") or []
    for i, row in enumerate(value):
        at = f"/input/{field}/{i}"
        if not isinstance(row, dict):
            raise refuse("each row must be an object", at)
        if not 0 < len(row) <= MAX_COLUMNS:
            raise refuse(f"a row must have 1 to {MAX_COLUMNS} columns", at)
        for name, cell in row.items():
            if isinstance(cell, str):
                if len(cell) > DEFAULT_MAX_CHARS:
                    raise refuse("the cell is too long", f"{at}/{name}")
                if "\x00" in cell or any("\ud800" <= c <= "\udfff" for c in cell):
                    raise refuse("the cell is not valid Unicode text", f"{at}/{name}")
            elif cell is not None and not isinstance(cell, bool):
                finite(cell, f"{at}/{name}")
        for name in needed:
            if name not in row:
                raise refuse(f"column {name} is missing", f"{at}/{name}")
    return [dict(row) for row in value]


def _series(value: Any, bounds: Bounds, field: str) -> Series:
    start = freq = None
    at = field if field.startswith("/") else f"/input/{field}"
    if isinstance(value, dict):
        if set(value) - {"values", "start", "freq"}:
            raise refuse("a series has values, start and freq", field)
        start, freq, value = value.get("start"), value.get("freq"), value.get("values")
        for name, part in (("start", start), ("freq", freq)):
            if part is not None and (not isinstance(part, str) or len(part) > 40):
                raise refuse("must be a short text", f"{at}/{name}")
    if not isinstance(value, list):
        raise refuse("must be a list of numbers", field)
    least, most = int(bounds.get("min_points") or 1), int(bounds.get("max_points") or DEFAULT_MAX_POINTS)
    if not least <= len(value) <= most:
        raise refuse(f"{len(value):,} points; between {least:,} and {most:,} are accepted", field)
    gaps = bool(bounds.get("allow_missing"))
    numbers = [math.nan if v is None and gaps else finite(v, f"{at}/{i}") for i, v in enumerate(value)]
    return Series(np.asarray(numbers, np.float64), start, freq)


def _multi_series(value: Any, bounds: Bounds, field: str) -> dict[str, Series]:
    if not isinstance(value, dict) or not value or len(value) > int(bounds.get("max_items") or 50):
        raise refuse("must be an object of named series (at most 50)", field)
    least = int(bounds.get("min_items") or 1)
    if len(value) < least:
        raise refuse(f"at least {least} series are needed", field)
    return {name: _series(v, bounds, f"/input/{field}/{name}") for name, v in value.items()}


def _graph(value: Any, bounds: Bounds, field: str) -> dict[str, Any]:
    """`{"nodes": [str], "edges": [(str, str, weight)]}`; edges may arrive as [a, b], [a, b, w] or objects."""
    if not isinstance(value, dict) or set(value) - {"nodes", "edges"} or not isinstance(value.get("edges"), list):
        raise refuse("a graph is {nodes?: [id], edges: [[from, to, weight?]]}", field)
    most = int(bounds.get("max_items") or DEFAULT_MAX_EDGES)
    edges, listed = value["edges"], value.get("nodes") or []
    if not isinstance(listed, list) or len(edges) > most or len(listed) > most or not (edges or listed):
        raise refuse(f"between 1 and {most:,} edges and nodes are accepted", field)

    def node(item: Any, at: str) -> str:
        if isinstance(item, bool) or not isinstance(item, str | int) or len(str(item)) > 200:
            raise refuse("a node is a short text or a whole number", at)
        return _text(str(item), {}, at)

    found: dict[str, None] = dict.fromkeys(node(n, f"/input/{field}/nodes/{i}") for i, n in enumerate(listed))
    lines: list[tuple[str, str, float]] = []
    for i, edge in enumerate(edges):
        at = f"/input/{field}/edges/{i}"
        if isinstance(edge, dict):
            edge = [edge.get("source"), edge.get("target"), edge.get("weight", 1.0)]
        if not isinstance(edge, list) or len(edge) not in (2, 3):
            raise refuse("an edge is [from, to] or [from, to, weight]", at)
        a, b = node(edge[0], at), node(edge[1], at)
        lines.append((a, b, finite(edge[2], at) if len(edge) == 3 else 1.0))
        found.setdefault(a)
        found.setdefault(b)
    return {"nodes": list(found), "edges": lines}


def _problem(value: Any, bounds: Bounds, field: str) -> Any:
    """Free JSON, within depth and the manifest's JSON Schema."""
    if not isinstance(value, dict | list):
        raise refuse("must be an object", field)
    _check_json(value, f"/input/{field}", 0)
    schema = bounds.get("schema")
    if schema:
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import best_match

        fault = best_match(Draft202012Validator(schema).iter_errors(value))
        if fault is not None:
            raise refuse(fault.message[:300], "/".join(["/input", field, *map(str, fault.absolute_path)]))
    return value


def _check_json(value: Any, at: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise refuse("nested too deep", at)
    if isinstance(value, dict):
        for name, inner in value.items():
            _check_json(inner, f"{at}/{name}", depth + 1)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            _check_json(inner, f"{at}/{i}", depth + 1)
    elif isinstance(value, str):
        if "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value):
            raise refuse("not valid Unicode text", at)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        finite(value, at)
    elif value is not None and not isinstance(value, bool):
        raise refuse("not a JSON value", at)


DECODERS: dict[str, Callable[[Any, Bounds, str], Any]] = {
    "image": _image, "images": _images, "audio": _audio, "text": _text, "texts": _texts, "bytes": to_bytes,
    "table": _table, "series": _series, "multi_series": _multi_series, "graph": _graph, "problem": _problem,
    "number": _number, "integer": _integer, "boolean": _boolean, "choice": _choice,
}
