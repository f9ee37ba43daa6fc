"""The house's layout of a manifest: whatever fits on a line stands on one, and what only says the default is left out.

`python -m model_registry.catalog_kit tidy NAME…` rewrites model.yaml; what it means stays the same.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import yaml

WIDTH = 120
EMPTY = ("tags", "libraries", "nets", "parameters")  # left out where they hold nothing


def tidy(folder: Path) -> bool:
    """Rewrites a folder's model.yaml; whether it changed. ValueError where it holds comments, which would be lost."""
    file = folder / "model.yaml"
    before = file.read_text(encoding="utf-8")
    if any(line.lstrip().startswith("#") for line in before.splitlines()):
        raise ValueError(f"{file} holds comments")
    document = yaml.safe_load(before)
    document = {name: value for name, value in document.items() if value or name not in EMPTY}
    # Figures come from metrics.json alone.
    document["card"] = {name: value for name, value in document["card"].items() if name != "metrics"}
    text = "".join(_lines(document, 0))
    if yaml.safe_load(text) != document:
        raise ValueError(f"{file} would mean something else")
    file.write_text(text, encoding="utf-8")
    return text != before


def _flow(value: Any) -> str:
    dumped = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**6)
    return dumped.removesuffix("\n").removesuffix("\n...")


def _lines(value: dict[str, Any], indent: int) -> list[str]:
    lines = []
    for name, inner in value.items():
        head = f"{' ' * indent}{_flow(name)}:"
        flow = _flow(inner)
        if len(head) + 1 + len(flow) <= WIDTH:
            lines.append(f"{head} {flow}\n")
        elif isinstance(inner, dict):
            lines += [f"{head}\n", *_lines(inner, indent + 2)]
        else:  # a long text or list, folded: a line break in it means a space
            lines += [f"{line}\n" for line in textwrap.wrap(
                f"{head} {flow}", WIDTH, subsequent_indent=" " * (indent + 2), break_long_words=False,
                break_on_hyphens=False)]
    return lines
