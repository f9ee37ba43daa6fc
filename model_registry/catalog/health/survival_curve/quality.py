"""Freireich's leukaemia trial (1963), whose curves, log-rank and hazard ratio are in every textbook."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

DRUG = [
    (6, 1),
    (6, 1),
    (6, 1),
    (6, 0),
    (7, 1),
    (9, 0),
    (10, 1),
    (10, 0),
    (11, 0),
    (13, 1),
    (16, 1),
    (17, 0),
    (19, 0),
    (20, 0),
    (22, 1),
    (23, 1),
    (25, 0),
    (32, 0),
    (32, 0),
    (34, 0),
    (35, 0),
]
PLACEBO = [(t, 1) for t in (1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)]


def measure(ask: Ask) -> list[Measure]:
    table = [{"time": t, "event": e, "group": g} for g, rows in (("drug", DRUG), ("placebo", PLACEBO)) for t, e in rows]
    out = ask(table=table).output
    at = {(r["group"], r["time"]): r["survival"] for r in out["rows"]}
    error = max(
        abs(at["drug", 6] - 0.857),
        abs(at["drug", 10] - 0.753),
        abs(at["drug", 23] - 0.448),
        abs(at["placebo", 8] - 0.381),
    )
    ratio = out["summary"]["hazard_ratios"][0]["ratio"]
    return [
        Measure("survival error", error, "", data="Freireich 1963, published to three digits", at_most=0.001),
        Measure(
            "median error",
            abs(out["summary"]["medians"]["drug"] - 23) + abs(out["summary"]["medians"]["placebo"] - 8),
            "weeks",
            data="23 and 8 weeks",
            at_most=0,
        ),
        Measure(
            "log-rank error",
            abs(out["summary"]["log_rank"]["statistic"] - 16.79),
            "",
            data="published 16.79",
            at_most=0.02,
        ),
        Measure("hazard ratio error", abs(ratio - 4.82), "", data="published 4.82 (Efron)", at_most=0.03),
    ]
