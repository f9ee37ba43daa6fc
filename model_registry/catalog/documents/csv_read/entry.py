"""Guesses the encoding, then the separator under which rows agree best, then header and types."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter

from model_registry.catalog_kit import InvalidInput, Request, Result

SEPARATORS = (",", ";", "\t", "|")
NUMBER = re.compile(r"^[-+]?\d{1,15}(?:\.\d+)?(?:[eE][-+]?\d{1,3})?$")
COMMA_NUMBER = re.compile(r"^[-+]?\d{1,3}(?:\.\d{3})*,\d+$|^[-+]?\d+,\d+$")
DATE = re.compile(r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2})?)?$|^\d{1,2}[./]\d{1,2}[./]\d{4}$")
MOST_COLUMNS = 500


def run(request: Request) -> Result:
    text, encoding = _decode(request.input["file"])
    csv.field_size_limit(1_000_000)
    lines = text[:200_000].splitlines()[:200]
    separator = max(SEPARATORS, key=lambda s: _agreement(lines, s))
    try:
        grid = [row for _, row in zip(range(request.parameters["max_rows"] + 2),
                                      csv.reader(io.StringIO(text, newline=""), delimiter=separator), strict=False)]
    except csv.Error as error:
        raise InvalidInput(f"not a readable CSV file: {str(error)[:100]}", field="file") from error
    grid = [row for row in grid if any(cell.strip() for cell in row)]
    if not grid:
        raise InvalidInput("the file has no rows", field="file")
    width = max(map(len, grid))
    if width > MOST_COLUMNS:
        raise InvalidInput(f"at most {MOST_COLUMNS} columns are accepted", field="file")
    grid = [row + [""] * (width - len(row)) for row in grid]
    header = _has_header(grid)
    names: list[str] = []
    for i in range(width):
        name = (grid[0][i].strip() if header else "") or f"column {i + 1}"
        names.append(name if name not in names else f"{name} ({i + 1})")
    body = grid[1:] if header else grid
    body = body[:request.parameters["max_rows"]]
    types = {name: _type([row[i].strip() for row in body]) for i, name in enumerate(names)}
    rows = [{name: _value(row[i].strip(), types[name]) for i, name in enumerate(names)} for row in body]
    summary = {"encoding": encoding, "separator": "tab" if separator == "\t" else separator, "header": header,
               "types": types, "rows": len(rows)}
    return Result({"columns": names, "rows": rows, "summary": summary})


def _decode(data: bytes) -> tuple[str, str]:
    for encoding in ("utf-8-sig", "utf-16") if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig",):
        try:
            return data.decode(encoding).replace("\x00", ""), encoding
        except UnicodeDecodeError:
            continue
    from charset_normalizer import from_bytes

    best = from_bytes(data[:200_000], cp_isolation=["gb18030", "big5", "cp1252", "cp1251", "shift_jis",
                                                    "utf_16"]).best()
    if best is None:
        raise InvalidInput("the file is not text", field="file")
    return data.decode(best.encoding, "replace").replace("\x00", ""), str(best.encoding)


def _agreement(lines: list[str], separator: str) -> float:
    """How many rows have the commonest number of fields, and more fields count for more."""
    try:
        counts = Counter(len(row) for row in csv.reader(lines, delimiter=separator) if row)
    except csv.Error:
        return 0.0
    fields, rows = max(counts.items(), key=lambda c: (c[1], c[0]), default=(1, 0))
    return rows / max(1, sum(counts.values())) * min(fields, 20) if fields > 1 else 0.1


def _has_header(grid: list[list[str]]) -> bool:
    """A first row of texts above a column of another type, or of short different texts."""
    if len(grid) < 2 or any(_type([c.strip()]) not in ("text", "empty") for c in grid[0]):
        return False
    below = [_type([row[i].strip() for row in grid[1:]]) for i in range(len(grid[0]))]
    return any(t not in ("text", "empty") for t in below) or len(set(grid[0])) == len(grid[0])


def _type(values: list[str]) -> str:
    filled = [v for v in values if v]
    if not filled:
        return "empty"
    for name, pattern in (("number", NUMBER), ("decimal comma", COMMA_NUMBER), ("date", DATE)):
        good = sum(bool(pattern.match(v)) for v in filled)
        if good == len(filled) and not (name == "number" and any(re.match(r"^0\d", v) for v in filled)):
            return name
    return "text"


def _value(text: str, kind: str) -> str | float | int | None:
    if not text:
        return None
    if kind == "number":
        return int(text) if re.fullmatch(r"[-+]?\d{1,15}", text) else float(text)
    if kind == "decimal comma":
        return float(text.replace(".", "").replace(",", "."))
    return text
