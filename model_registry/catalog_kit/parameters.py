"""Parameters of a call: defaults filled in, bounds checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model_registry.catalog_kit.kinds import DECODERS, refuse

PARAMETER_KINDS = ("number", "integer", "boolean", "choice", "text", "texts")


def fill_parameters(specs: Mapping[str, Mapping[str, Any]], values: object) -> dict[str, Any]:
    """The parameters of a request; a declared parameter without default or value is None."""
    if values is None:
        values = {}
    if not isinstance(values, Mapping):
        raise refuse("parameters must be an object", "/parameters")
    for name in values:
        if name not in specs:
            known = ", ".join(specs) or "none"
            raise refuse(f"unknown parameter; known: {known}", f"/parameters/{name}")
    filled: dict[str, Any] = {}
    for name, bounds in specs.items():
        value = values.get(name)
        if value is None:
            filled[name] = bounds.get("default")
        else:
            filled[name] = DECODERS[bounds["kind"]](value, bounds, f"/parameters/{name}")
    return filled
