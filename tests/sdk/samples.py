"""Answers of the API as its document describes them, so that a test says only what it is about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DOCUMENT = json.loads((Path(__file__).resolve().parents[2] / "sdk" / "openapi.json").read_text())
PLAIN: dict[str, Any] = {"string": "", "integer": 0, "number": 0.0, "boolean": False, "array": [], "object": {},
                         "null": None}


def sample(schema: str, **known: Any) -> dict[str, Any]:
    """An object of the schema: every member that must be there, empty unless it is `known`."""
    return {**_of(DOCUMENT["components"]["schemas"][schema]), **known}


def _of(schema: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _of(DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    for key in ("allOf", "oneOf", "anyOf"):
        if key in schema:
            return None if any(part.get("type") == "null" for part in schema[key]) else _of(schema[key][0])
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") == "date-time":
        return "2026-01-01T00:00:00Z"
    kind = schema.get("type", "null")
    kind = "null" if isinstance(kind, list) and "null" in kind else kind
    if kind == "object":
        return {name: _of(inner) for name, inner in schema.get("properties", {}).items()
                if name in schema.get("required", [])}
    return json.loads(json.dumps(PLAIN[kind]))
