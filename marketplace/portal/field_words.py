"""The names of fields, choices and results, which manifests give in English, in the language of the page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from marketplace.portal import labels

LONGEST = 40  # what is longer is a sentence of an answer and no name


@cache
def chinese() -> dict[str, str]:
    """English name → Chinese words."""
    found: dict[str, str] = json.loads((Path(settings.LOCALE_PATHS[0]) / "zh_Hans" / "fields.json").read_text("utf-8"))
    return found


def title(name: str) -> str:
    """A field's name for people: `min_area` is "Min area", or what Chinese calls it."""
    return (chinese().get(name) if labels.chinese() else None) or name.replace("_", " ").capitalize()


def used(manifest: Mapping[str, Any], example: Mapping[str, Any] | None) -> dict[str, str]:
    """The words that a model's choices and stored answer need, by their English names; none for an English page."""
    if not labels.chinese():
        return {}
    specs = {**(manifest.get("input") or {}), **(manifest.get("parameters") or {})}
    choices = [choice for spec in specs.values() for choice in spec.get("choices", [])]
    names = {*_names(choices), *_names((example or {}).get("output"))}
    return {name: words for name in sorted(names) if (words := chinese().get(name))}


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) <= LONGEST:
            yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from _names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _names(inner)
