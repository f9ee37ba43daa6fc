"""JSON Schema of a capability's input, parameters and output, from its manifest. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model_registry.catalog_kit.outputs import OUTPUTS
from model_registry.manifest import Manifest

_MEDIA = {"type": "string", "description": "base64 text or a data: URL"}
_NUMBERS = {"type": "array", "items": {"type": "number"}}
_SERIES = {"anyOf": [_NUMBERS, {"type": "object", "required": ["values"], "properties": {
    "values": _NUMBERS, "start": {"type": "string"}, "freq": {"type": "string"}}}]}
_KINDS: dict[str, dict[str, Any]] = {
    "image": _MEDIA, "audio": _MEDIA, "bytes": _MEDIA, "images": {"type": "array", "items": _MEDIA},
    "text": {"type": "string"}, "texts": {"type": "array", "items": {"type": "string"}},
    "table": {"type": "array", "items": {"type": "object"}}, "series": _SERIES,
    "multi_series": {"type": ["object", "array"]}, "graph": {"type": "object"}, "problem": {},
    "number": {"type": "number"}, "integer": {"type": "integer"}, "boolean": {"type": "boolean"}, "choice": {},
}
_WORDS = {"minimum": "minimum", "maximum": "maximum", "choices": "enum", "default": "default", "title": "title",
          "description": "description"}
_ARRAYS = {"min_items": "minItems", "max_items": "maxItems", "min_rows": "minItems", "max_rows": "maxItems"}
_TEXTS = {"min_chars": "minLength", "max_chars": "maxLength"}


def schemas(manifest: Manifest) -> dict[str, dict[str, Any]]:
    """{"input", "parameters", "output"}: what goes in and what comes out."""
    inputs = manifest.input_bounds()
    return {
        "input": {"type": "object", "properties": {name: _field(b) for name, b in inputs.items()},
                  "required": [name for name, b in inputs.items() if not b.get("optional")],
                  "additionalProperties": False},
        "parameters": {"type": "object", "additionalProperties": False,
                       "properties": {name: _field(b) for name, b in manifest.parameter_bounds().items()}},
        "output": OUTPUTS[manifest.output],
    }


def of_service(service: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The same of a provider's version, from its service document."""
    inputs = service["input"]
    return {
        "input": {"type": "object", "properties": {name: _field(b) for name, b in inputs.items()},
                  "required": [name for name, b in inputs.items() if not b.get("optional")],
                  "additionalProperties": False},
        "parameters": {"type": "object", "additionalProperties": False,
                       "properties": {name: _field(b) for name, b in service["parameters"].items()}},
        "output": OUTPUTS[service["output"]],
    }


def differences(before: Any, after: Any, at: str = "") -> list[dict[str, Any]]:
    """What changed from one JSON document to another: pointer, change (added, removed, changed), before, after."""
    if isinstance(before, dict) and isinstance(after, dict):
        found: list[dict[str, Any]] = []
        for name in sorted({*before, *after}):
            pointer = f"{at}/{name}"
            if name not in after:
                found.append({"pointer": pointer, "change": "removed", "before": before[name], "after": None})
            elif name not in before:
                found.append({"pointer": pointer, "change": "added", "before": None, "after": after[name]})
            else:
                found += differences(before[name], after[name], pointer)
        return found
    return [] if before == after else [{"pointer": at, "change": "changed", "before": before, "after": after}]


def _field(bounds: dict[str, Any]) -> dict[str, Any]:
    schema = {**_KINDS[bounds["kind"]], **bounds.get("schema", {})}
    words = {**_WORDS, **(_TEXTS if schema.get("type") == "string" else {}),
             **(_ARRAYS if schema.get("type") == "array" else {})}
    return {**schema, **{words[name]: value for name, value in bounds.items() if name in words}}
