"""Money has no float: no literal, no name, and no true division of whole numbers can make one in billing.

Seconds may be fractions: what a name that ends in `_s` or `_S` is given is a length of time, and no amount.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def floats(source: str) -> list[int]:
    """The lines of a module where a float is written, named or made by `/`."""
    found = []
    tree = ast.parse(source)
    seconds = {id(part) for value in _lengths_of_time(tree) for part in ast.walk(value)}
    for node in ast.walk(tree):
        if id(node) in seconds:
            continue
        literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        named = isinstance(node, ast.Name) and node.id == "float"
        field = isinstance(node, ast.Attribute) and node.attr in ("FloatField", "fsum")
        divided = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
        if literal or named or field or divided:
            found.append(node.lineno)
    return found


def _lengths_of_time(tree: ast.Module) -> Iterator[ast.expr]:
    """What is assigned to names that end in `_s`, and the type and default of arguments that do."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            names = [part.id if isinstance(part, ast.Name) else part.attr for target in node.targets
                     for part in (target.elts if isinstance(target, ast.Tuple) else [target])
                     if isinstance(part, ast.Name | ast.Attribute)]
            if names and all(name.lower().endswith("_s") for name in names):
                yield node.value
        elif isinstance(node, ast.arguments):
            positional = [*node.posonlyargs, *node.args]
            pairs = [*zip(positional[::-1], node.defaults[::-1], strict=False),
                     *zip(node.kwonlyargs, node.kw_defaults, strict=True)]
            for argument in [*positional, *node.kwonlyargs]:
                if argument.arg.endswith("_s") and argument.annotation is not None:
                    yield argument.annotation
            yield from (value for argument, value in pairs if value is not None and argument.arg.endswith("_s"))


CONNECTIONS = {"meter_wire.py"}  # speaks to Redis: it knows seconds and bytes, and no amount
FILES = [file for file in (ROOT / "billing").rglob("*.py") if file.name not in CONNECTIONS]


@pytest.mark.parametrize("path", sorted(FILES), ids=lambda p: str(p.relative_to(ROOT)))
def test_billing_has_no_float(path: Path) -> None:
    assert floats(path.read_text()) == []


@pytest.mark.parametrize("source", ["a = 0.1", "a = float(b)", "a = 1 / 3", "a /= 2", "a = models.FloatField()"])
def test_the_lint_sees_a_float(source: str) -> None:
    assert floats(source) == [1]


def test_the_lint_lets_seconds_be_fractions() -> None:
    assert floats("FIRST_S, LAST_S = 0.1, 5.0\nPRICE = 0.1\nA_S = B = 0.1") == [2, 3]
    assert floats("def wait(a: int, b_s: float = 0.1, *, c: int = 1): ...\ndef pay(cost: float): ...") == [2]
