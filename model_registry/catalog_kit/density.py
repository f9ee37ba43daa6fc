"""How much is written for an entry: lines of code without blanks, comments and docstrings, and of its manifest."""

from __future__ import annotations

import ast
import io
import statistics
import tokenize
from dataclasses import dataclass
from pathlib import Path

LAYOUT = {tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING,
          tokenize.ENDMARKER}


@dataclass(frozen=True, slots=True)
class Size:
    """Lines of an entry; what only measures or tests it is not counted."""

    name: str
    code: int
    manifest: int

    @property
    def lines(self) -> int:
        return self.code + self.manifest


def code_lines(source: str) -> int:
    """Lines that hold code: no blanks, comments or docstrings."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    words = {line for node in ast.walk(tree) if isinstance(node, documented) and ast.get_docstring(node) is not None
             for line in range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)}
    held = {line for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type not in LAYOUT
            for line in range(token.start[0], token.end[0] + 1)}
    return len(held - words)


def size(folder: Path) -> Size:
    """The size of one entry."""
    code = sum(code_lines(file.read_text(encoding="utf-8")) for file in folder.glob("*.py")
               if file.name != "quality.py" and not file.name.startswith("test_"))
    manifest = sum(bool(line.strip()) for line in (folder / "model.yaml").read_text(encoding="utf-8").splitlines())
    return Size(folder.name, code, manifest)


def sizes(root: Path) -> list[Size]:
    """Every entry below a catalogue's root, smallest first."""
    return sorted((size(file.parent) for file in root.glob("*/*/model.yaml")), key=lambda s: (s.lines, s.name))


def median(found: list[Size]) -> float:
    """The median of lines an entry."""
    return statistics.median(s.lines for s in found)
