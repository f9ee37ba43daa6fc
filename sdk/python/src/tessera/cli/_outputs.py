"""Outputs for people: text as text, lists as tables, all else as JSON without the pixels."""

from __future__ import annotations

import json
from typing import Any

from tessera.cli import _shell as shell

# Output schema → where its rows are and which columns matter.
TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "label_scores": ("labels", ("label", "score")), "boxes": ("boxes", ("label", "score", "x", "y", "width", "height")),
    "codes": ("codes", ("format", "text")), "segments": ("segments", ("start", "end", "label", "score")),
    "spans": ("spans", ("start", "end", "label", "text")), "tokens": ("tokens", ("text", "tag")),
    "ranked": ("results", ("index", "score", "text")), "row_scores": ("rows", ("index", "label", "score")),
    "key_values": ("values", ("name", "value", "unit")), "report": ("checks", ("name", "passed", "value", "detail")),
    "series_forecast": ("forecast", ("step", "value", "lower", "upper")),
}


def show_output(output: Any, schema: str) -> None:
    """Prints an output by its schema; one that is not known, or has another shape, as JSON."""
    if schema == "ocr" and isinstance(output, dict) and isinstance(output.get("text"), str):
        return shell.out(output["text"])
    if schema in TABLES and isinstance(output, dict):
        name, columns = TABLES[schema]
        rows = output.get(name)
        if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
            heads = {key: value for key, value in output.items() if isinstance(value, str | int | float | bool)
                     and not str(value).startswith("data:")}
            for key, value in heads.items():
                shell.say(f"{key}: {value}")
            return shell.table([[_cell(row.get(column)) for column in columns] for row in rows], columns)
    return shell.out(json.dumps(shell.plain(_short(output)), indent=2, ensure_ascii=False))


def _cell(value: Any) -> Any:
    return f"{value:.4g}" if isinstance(value, float) else value


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _short(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_short(item) for item in value]
    if isinstance(value, str) and value.startswith("data:") and len(value) > 100:
        return f"{value[:value.find(',') + 1]}… ({len(value) * 3 // 4} bytes, saved)"
    return value
