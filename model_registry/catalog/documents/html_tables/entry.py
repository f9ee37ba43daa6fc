"""Rows and columns of a <table>; cells that span several places are repeated in each."""

from __future__ import annotations

from typing import Any

import lxml.html

from model_registry.catalog_kit import InvalidInput, Request, Result

MOST_ROWS, MOST_COLUMNS, MOST_SPAN = 5000, 200, 100


def run(request: Request) -> Result:
    try:
        parser = lxml.html.HTMLParser(no_network=True, encoding=None)
        root = lxml.html.document_fromstring(request.input["file"], parser=parser)
        tables = [t for t in root.iter("table") if t.find(".//tr") is not None]
    except Exception as error:
        raise InvalidInput("not a readable HTML page", field="file") from error
    if not tables:
        raise InvalidInput("no table in the page", field="file")
    index = request.parameters["index"]
    if index >= len(tables):
        raise InvalidInput(f"the page has {len(tables)} tables", field="/parameters/index")
    grid = _grid(tables[index])
    width = max(map(len, grid), default=0)
    if not width:
        raise InvalidInput("the table is empty", field="file")
    grid = [row + [""] * (width - len(row)) for row in grid]
    names: list[str] = []
    for i, name in enumerate(grid[0]):
        name = name or f"column {i + 1}"
        names.append(name if name not in names else f"{name} ({i + 1})")
    rows = [dict(zip(names, map(_value, row), strict=True)) for row in grid[1:]]
    return Result({"columns": names, "rows": rows, "summary": {"tables": len(tables), "rows": len(rows)}})


def _grid(table: Any) -> list[list[str]]:
    grid: list[list[str]] = []
    held: dict[int, tuple[int, str]] = {}  # column → rows still covered, text
    for row in list(table.iter("tr"))[:MOST_ROWS]:
        if next(row.iterancestors("table")) is not table:
            continue  # of a table inside
        cells: list[str] = []

        def fill(cells: list[str] = cells) -> None:
            while len(cells) in held and len(cells) < MOST_COLUMNS:
                left, text = held[len(cells)]
                held.pop(len(cells))
                if left > 1:
                    held[len(cells)] = (left - 1, text)
                cells.append(text)

        for cell in row:
            if cell.tag not in ("td", "th"):
                continue
            fill()
            text = " ".join(cell.text_content().split())
            down, across = _span(cell, "rowspan"), _span(cell, "colspan")
            for _ in range(across):
                if len(cells) < MOST_COLUMNS:
                    if down > 1:
                        held[len(cells)] = (down - 1, text)
                    cells.append(text)
        fill()
        grid.append(cells)
    return grid


def _span(cell: Any, name: str) -> int:
    text = str(cell.get(name, "1")).strip()
    return max(1, min(int(text), MOST_SPAN)) if text.isascii() and text.isdigit() else 1


def _value(text: str) -> str | float | int:
    """Numbers as numbers; everything else as text."""
    plain = text.replace(",", "").replace("\u2212", "-")
    try:
        return int(plain) if plain.lstrip("-").isdigit() and len(plain) < 16 else float(plain)
    except ValueError:
        return text
