"""How many units a call is billed for, counted from the decoded input, never from what the caller claims."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from kernel.contracts import UNITS
from model_registry.catalog_kit.types import Audio, Series


def count_units(unit: str, specs: Mapping[str, Mapping[str, Any]], values: Mapping[str, Any]) -> int:
    """Units of one call; the smallest is 1. `values` are the decoded fields."""
    if unit not in UNITS:
        raise ValueError(f"unknown unit {unit}")
    total = 0
    for name, bounds in specs.items():
        value = values.get(name)
        if value is not None:
            total += _of(unit, bounds["kind"], value)
    if unit == "1k_chars":
        total = math.ceil(total / 1000)
    return max(1, total)


def _of(unit: str, kind: str, value: Any) -> int:
    match unit, kind:
        case ("image" | "page", "image"):
            return 1
        case ("image" | "page", "images"):
            return len(value)
        case "second", "audio":
            sound: Audio = value
            return math.ceil(sound.duration)
        case "1k_chars", "text":
            return len(value)
        case "1k_chars", "texts":
            return sum(map(len, value))
        case "row", "table" | "texts":
            return len(value)
        case "point", "series":
            line: Series = value
            return len(line.values)
        case "point", "multi_series":
            return sum(len(v.values) for v in value.values())
    return 0
