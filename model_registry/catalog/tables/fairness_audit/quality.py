"""Rates that follow from the counts put in."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    def rows(group: str, tp: int, fp: int, fn: int, tn: int) -> list[dict[str, object]]:
        return [
            {"group": group, "decision": d, "truth": t}
            for d, t, n in ((1, 1, tp), (1, 0, fp), (0, 1, fn), (0, 0, tn))
            for _ in range(n)
        ]

    out = ask(table=rows("a", 40, 10, 10, 40) + rows("b", 20, 5, 30, 45)).output
    got = {c["name"]: c["value"] for c in out["checks"]}
    want = {
        "four-fifths rule": 0.5,
        "selection gap": 0.25,
        "equal opportunity gap": 0.4,
        "false alarm gap": 0.1,
        "precision gap": 0.0,
    }
    low, high = out["groups"][0]["interval"]
    return [
        Measure(
            "largest error",
            max(abs(got[k] - v) for k, v in want.items()),
            "",
            data="200 decisions with known counts",
            at_most=1e-4,
        ),
        Measure(
            "interval error",
            max(abs(low - 0.4038), abs(high - 0.5962)),
            "",
            data="Wilson's interval of 50 in 100",
            at_most=2e-4,
        ),
    ]
