"""The written specification carries the table that the code bills by."""

from __future__ import annotations

from pathlib import Path

from kernel import outcomes

SPECIFICATION = Path(__file__).resolve().parents[2] / "docs" / "spec" / "dialects.md"


def test_the_specification_shows_the_table_itself() -> None:
    assert outcomes.as_markdown() in SPECIFICATION.read_text()
