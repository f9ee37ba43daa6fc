"""Money has no float: no literal, no name, and no true division of whole numbers can make one in billing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def floats(source: str) -> list[int]:
    """The lines of a module where a float is written, named or made by `/`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        named = isinstance(node, ast.Name) and node.id == "float"
        field = isinstance(node, ast.Attribute) and node.attr in ("FloatField", "fsum")
        divided = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
        if literal or named or field or divided:
            found.append(node.lineno)
    return found


@pytest.mark.parametrize("path", sorted((ROOT / "billing").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_billing_has_no_float(path: Path) -> None:
    assert floats(path.read_text()) == []


@pytest.mark.parametrize("source", ["a = 0.1", "a = float(b)", "a = 1 / 3", "a /= 2", "a = models.FloatField()"])
def test_the_lint_sees_a_float(source: str) -> None:
    assert floats(source) == [1]
