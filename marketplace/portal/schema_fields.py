"""JSON Schemas as rows for people: names, kinds, bounds, and what changed between two versions. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

DEPTH = 3
LONG = 8
BOUNDS = {"minimum": "≥ {}", "maximum": "≤ {}", "minLength": "≥ {} characters", "maxLength": "≤ {} characters",
          "minItems": "≥ {} items", "maxItems": "≤ {} items"}


@dataclass(frozen=True, slots=True)
class Row:
    """One field: its dotted name, its kind with bounds, whether it must be there."""

    name: str
    kind: str
    required: bool
    words: str
    depth: int


def rows(schema: Mapping[str, Any]) -> list[Row]:
    """The fields of an object's schema, nested ones below their parent."""
    return list(_rows(schema, "", 0))


def _rows(schema: Mapping[str, Any], prefix: str, depth: int) -> Iterator[Row]:
    needed = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        yield Row(path, kind(field), name in needed, str(field.get("description", "")), depth)
        inner = field
        if field.get("type") == "array" and isinstance(field.get("items"), dict):
            inner, path = field["items"], f"{path}[]"
        if depth + 1 < DEPTH and inner.get("properties"):
            yield from _rows(inner, f"{path}.", depth + 1)


def kind(field: Mapping[str, Any]) -> str:
    """A field's type and bounds in one line: ``number, ≥ 0, ≤ 1, default 0.5``."""
    if "anyOf" in field or "oneOf" in field:
        return " | ".join(dict.fromkeys(kind(one) for one in field.get("anyOf") or field["oneOf"]))
    named = field.get("type", "any")
    named = " | ".join(named) if isinstance(named, list) else str(named)
    if named == "array" and isinstance(field.get("items"), dict) and field["items"].get("type"):
        named = f"array of {field['items']['type']}"
    parts = [str(field["$ref"]).rpartition("/")[2] if "$ref" in field else named]
    if "enum" in field:
        parts.append(" · ".join(str(value) for value in field["enum"]))
    parts += [words.format(field[word]) for word, words in BOUNDS.items() if word in field]
    if field.get("default") is not None:
        parts.append(f"default {field['default']}")
    if field.get("format"):
        parts.append(str(field["format"]))
    return ", ".join(parts)


def shortened(value: Any) -> Any:
    """A value for reading: long lists keep their first items, long texts their start."""
    if isinstance(value, dict):
        return value.get("$url", "…").rpartition("/")[2] if "$url" in value else {
            key: shortened(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shortened(inner) for inner in value[:LONG]] + (["…"] if len(value) > LONG else [])
    return f"{value[:200]}…" if isinstance(value, str) and len(value) > 200 else value


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a signature gained (+), lost (−) and changed (~): fields of input and parameters, kind of output."""
    found = []
    for part in ("input", "parameters"):
        old, new = before.get(part) or {}, after.get(part) or {}
        found += [("+", f"{part}.{name}") for name in new if name not in old]
        found += [("−", f"{part}.{name}") for name in old if name not in new]
        for name in (name for name in new if name in old):
            found += [("~", f"{part}.{name}.{word}: {old[name].get(word)} → {new[name].get(word)}")
                      for word in sorted({*old[name], *new[name]}) if old[name].get(word) != new[name].get(word)]
    if before.get("output") != after.get("output"):
        found.append(("~", f"output: {before.get('output')} → {after.get('output')}"))
    return found
