"""Planted faults, each found; lineage that can be read off."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

FAULTS = {
    "no SELECT *": "SELECT * FROM t",
    "UPDATE and DELETE have WHERE": "DELETE FROM t",
    "NULL compared by IS": "SELECT a FROM t WHERE b = NULL",
    "no leading wildcard": "SELECT a FROM t WHERE b LIKE '%x'",
    "joins have a condition": "SELECT a.x FROM a JOIN b",
    "parses": "SELECT FROM WHERE (",
    "columns exist": "SELECT nothing FROM t",
}


def measure(ask: Ask) -> list[Measure]:
    missed = 0
    for name, sql in FAULTS.items():
        fields = {"tables": {"t": ["a", "b"]}} if name == "columns exist" else {}
        checks = {c["name"]: c["passed"] for c in ask(sql=sql, **fields).output["checks"]}
        missed += checks.get(name) is not False
    good = (
        ask(sql="SELECT a, COUNT(*) AS n FROM t WHERE b IS NULL GROUP BY a", tables={"t": ["a", "b"]}).output["verdict"]
        != "clean"
    )
    flow = ask(
        sql="WITH s AS (SELECT k, x + y AS z FROM t) SELECT z * 2 AS w FROM s", tables={"t": ["k", "x", "y"]}
    ).output["lineage"]
    wrong = flow != [{"column": "w", "sources": ["t.x", "t.y"]}]
    return [
        Measure("faults missed", missed, f"of {len(FAULTS)}", data="one planted fault each", at_most=0),
        Measure("false findings", int(good), "", data="a clean query", at_most=0),
        Measure("lineage wrong", int(wrong), "", data="a column through a CTE", at_most=0),
    ]
