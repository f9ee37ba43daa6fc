"""The Python SDK's own sources → docs/guide/en/sdk-reference.md: each public method and its first words.

The output depends on the sources alone, so that the tests can compare. Blocking classes only: AsyncAIClient has the
same methods to await.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "python" / "src" / "tessera"
PAGE = HERE.parent / "docs" / "guide" / "en" / "sdk-reference.md"
INTRODUCTION = """# SDK reference

Every public method of the Python SDK, written by `make sdk` from its own sources. `AsyncAIClient` has the same methods
to await. Arguments behind `*` are named; those with `OMIT` are left out of the request unless given.
"""
# Heading → (what stands before a method's name, file, class; "" for the functions of a file).
WRITTEN = (
    ("AIClient", "client", "client.py", "AIClient"), ("Model", "model", "client.py", "Model"),
    ("Prediction", "prediction", "prediction.py", "Prediction"), ("Files", "client.files", "files.py", "Files"),
    ("Batches", "client.batches", "batches.py", "Batches"),
)
AFTER = (
    ("Webhooks", "webhooks", "webhooks.py", ""), ("Receipts", "receipts", "receipts.py", ""),
    ("ModelService", "service", "service/base.py", "ModelService"),
)


def text() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    parts += [_section(*entry) for entry in WRITTEN]
    tree = ast.parse((SOURCES / "_generated" / "resources.py").read_text())
    for owner in tree.body:
        if isinstance(owner, ast.ClassDef) and owner.name.endswith("Resource") and not owner.name.startswith("Async"):
            where = (ast.get_docstring(owner) or "").strip("`")
            parts.append(_heading(where, where) + _methods(where, owner))
    parts += [_section(*entry) for entry in AFTER]
    parts.append(_errors())
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _heading(title: str, anchor: str) -> str:
    return f"## {title} {{#{re.sub(r'[^a-z0-9]+', '-', anchor.lower())}}}\n\n"


def _section(title: str, where: str, file: str, name: str) -> str:
    tree: ast.Module | ast.ClassDef = ast.parse((SOURCES / file).read_text())
    if name:
        tree = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    words = _words(tree)
    return _heading(title, f"{where}-{title}") + (f"{words}\n\n" if words else "") + _methods(where, tree)


def _methods(where: str, owner: ast.Module | ast.ClassDef) -> str:
    found: dict[str, str] = {}
    for node in owner.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            found[node.name] = _line(where, node)  # of an overload, the last: the one with the words
    return "\n".join(found.values()) + "\n"


def _line(where: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    plain = {ast.unparse(decorator) for decorator in node.decorator_list}
    words = _words(node)
    tail = f": {words}" if words else ""
    if "property" in plain:
        return f"- `{where}.{node.name}` → `{_kind(node.returns)}`{tail}"
    arguments = node.args
    if arguments.args and arguments.args[0].arg in ("self", "cls"):
        arguments.args = arguments.args[1:]
    for argument in (*arguments.args, *arguments.kwonlyargs):
        argument.annotation = None
    told = ast.unparse(arguments)
    return f"- `{where}.{node.name}({told})` → `{_kind(node.returns)}`{tail}"


def _kind(node: ast.expr | None) -> str:
    return re.sub(r"\bm\.", "", ast.unparse(node)).replace("builtins.", "") if node is not None else "None"


def _words(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """The first paragraph, up to a block of code."""
    first = (ast.get_docstring(node) or "").split("\n\n")[0]
    return " ".join(first.split())


def _errors() -> str:
    tree = ast.parse((SOURCES / "errors.py").read_text())
    rows = [f"- `errors.{node.name}` ({', '.join(ast.unparse(base) for base in node.bases)}): {_words(node)}"
            for node in tree.body if isinstance(node, ast.ClassDef) and _words(node)]
    return _heading("Errors", "errors") + "\n".join(rows) + "\n"


def main() -> None:
    PAGE.write_text(text())


if __name__ == "__main__":
    sys.exit(main())
