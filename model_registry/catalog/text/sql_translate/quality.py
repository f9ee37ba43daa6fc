"""Queries translated for SQLite and run there: the rows must be those of the original meaning."""

from __future__ import annotations

import sqlite3

from model_registry.catalog_kit.quality import Ask, Measure

CASES = [
    ("tsql", "SELECT TOP 2 name FROM people ORDER BY born DESC", [("Cho",), ("Ben",)]),
    ("mysql", "SELECT IFNULL(city, 'none') FROM people ORDER BY name", [("Bern",), ("none",), ("Oslo",)]),
    ("postgres", "SELECT name || '!' FROM people WHERE born::INT > 1985 ORDER BY 1", [("Ben!",), ("Cho!",)]),
    ("bigquery", "SELECT COUNTIF(born > 1985) FROM `people`", [(2,)]),
    (
        "snowflake",
        "SELECT IFF(born > 1990, 'young', 'old') FROM people ORDER BY name",
        [("old",), ("old",), ("young",)],
    ),
    ("oracle", "SELECT NVL(city, '-') FROM people WHERE name = 'Ben'", [("-",)]),
]


def measure(ask: Ask) -> list[Measure]:
    base = sqlite3.connect(":memory:")
    base.execute("CREATE TABLE people (name TEXT, city TEXT, born INT)")
    base.executemany(
        "INSERT INTO people VALUES (?, ?, ?)", [("Ann", "Bern", 1980), ("Ben", None, 1988), ("Cho", "Oslo", 1999)]
    )
    right = 0
    for source, sql, rows in CASES:
        out = ask(sql=sql, parameters={"source": source, "target": "sqlite"}).values["sql"]
        try:
            right += base.execute(out).fetchall() == rows
        except sqlite3.Error:
            continue
    return [
        Measure("queries that answer the same", right / len(CASES), "", data="6 dialects run in SQLite", at_least=0.8)
    ]
