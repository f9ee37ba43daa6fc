"""Names of SQL dialects and words for its errors, for the entries that read SQL."""

from __future__ import annotations

from sqlglot.errors import SqlglotError


def dialect(name: str) -> str | None:
    """sqlglot's word for a dialect; None for the generic one."""
    return None if name == "generic" else name


def described(error: SqlglotError) -> str:
    """Line, column and fault of a parse error, in one line."""
    for fault in getattr(error, "errors", []):
        return f"line {fault.get('line')}, column {fault.get('col')}: {fault.get('description')}"
    return str(error).splitlines()[0][:200]
