"""One table written in many ways: encodings, separators, quotes, with and without a header."""

from __future__ import annotations

import csv
import io
from typing import Any

from model_registry.catalog_kit.quality import Ask, Measure

NAMES = ("名称", "数量", "单价", "日期", "编号")
ROWS = [(f"产品{c}, 大号" if i % 3 == 0 else f"产品{c} 价格", i * 3 + 1, i * 1.25 + 0.5,
         f"2024-0{1 + i % 9}-15", f"00{i}7")
        for i, c in enumerate("甲乙丙丁戊己庚辛壬癸子丑")]
PLAIN = [("Café Zürich" if i % 2 else "Müller & Söhne", i * 3 + 1, i * 1.25 + 0.5, f"2024-0{1 + i % 9}-15", f"00{i}7")
         for i in range(12)]


def written(rows: list[tuple], separator: str, encoding: str, *, header: bool = True, comma: bool = False) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator)
    if header:
        writer.writerow(NAMES if rows is ROWS else ("name", "count", "price", "date", "code"))
    for name, count, price, date, code in rows:
        writer.writerow((name, count, f"{price:.2f}".replace(".", ",") if comma else f"{price:.2f}", date, code))
    return out.getvalue().encode(encoding)


CASES = [(ROWS, ",", "utf-8", True, False), (ROWS, ";", "gb18030", True, True), (ROWS, "\t", "utf-8-sig", True, False),
         (PLAIN, ";", "cp1252", True, True), (PLAIN, "|", "utf-8", True, False), (PLAIN, ",", "utf-16", True, False),
         (PLAIN, ",", "utf-8", False, False)]


def samples() -> dict[str, Any]:
    return {"prices.csv": written(ROWS[:6], ";", "gb18030", comma=True)}


def measure(ask: Ask) -> list[Measure]:
    right = 0
    for rows, separator, encoding, header, comma in CASES:
        output = ask(file=written(rows, separator, encoding, header=header, comma=comma)).output
        found = [tuple(row.values()) for row in output["rows"]]
        right += found == rows and output["summary"]["header"] == header
    return [Measure("files read exactly", 100 * right / len(CASES), "%", at_least=100,
                    data="seven files: four encodings, four separators, quotes, decimal commas, without a header")]
