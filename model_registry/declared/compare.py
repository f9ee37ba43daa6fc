"""Whether two answers are the same, where numbers may differ a little."""

from __future__ import annotations

from typing import Any


def difference(expected: Any, given: Any, tolerance: float, at: str = "") -> str:
    """Where and how they differ, "" for not at all. Numbers may be off by `tolerance`, absolutely or relatively; an
    expected object may leave members out."""
    if isinstance(expected, dict) and isinstance(given, dict):
        for name, value in expected.items():
            if name not in given:
                return f"{at}/{name} is missing"
            if found := difference(value, given[name], tolerance, f"{at}/{name}"):
                return found
        return ""
    if isinstance(expected, list) and isinstance(given, list):
        if len(expected) != len(given):
            return f"{at} has {len(given)} items, not {len(expected)}"
        for i, (one, other) in enumerate(zip(expected, given, strict=True)):
            if found := difference(one, other, tolerance, f"{at}/{i}"):
                return found
        return ""
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (expected, given))
    if numbers and abs(expected - given) <= tolerance * max(1.0, abs(expected)):
        return ""
    return "" if expected == given and type(expected) is type(given) else f"{at} is {given!r}, not {expected!r}"
