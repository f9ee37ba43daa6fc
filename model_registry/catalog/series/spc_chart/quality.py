"""Processes in control and processes moved at a known moment, and Cp and Cpk of known distributions."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    random, quiet, caught, early, first = np.random.default_rng(0), 0, 0, 0, 0
    for _ in range(60):
        y = 10 + random.normal(0, 0.1, 30)
        checks = ask(series=y.tolist()).output["checks"]
        quiet += any(not c["passed"] for c in checks)
        first += not next(c for c in checks if c["name"] == "one point beyond 3 sigma")["passed"]
        moved = np.concatenate([10 + random.normal(0, 0.1, 30), 10.25 + random.normal(0, 0.1, 20)])
        found = ask(series=moved.tolist(), parameters={"baseline": 30}).output
        caught += found["verdict"] == "out of control"
        early += any(
            int(i) < 30
            for c in found["checks"]
            if c["detail"].startswith("at ")
            for i in c["detail"].removeprefix("at ").split(", ")
        )
    y = 10 + random.normal(0, 0.1, 5000)
    known = {
        c["name"]: c["value"] for c in ask(series=y.tolist(), parameters={"lower": 9.6, "upper": 10.3}).output["checks"]
    }
    return [
        Measure(
            "shifts of 2.5 sigma caught",
            100 * caught / 60,
            "%",
            at_least=98,
            data="60 processes of 30 points that move for 20 more",
        ),
        Measure("alarms before the shift", 100 * early / 60, "% of processes", data="the same, all four rules"),
        Measure("alarms in control, all rules", 100 * quiet / 60, "% of 30 points", data="60 processes in control"),
        Measure("alarms in control, 3 sigma only", 100 * first / 60, "% of 30 points", data="the same", at_most=15),
        Measure("error of Cpk", abs(known["Cpk"] - 1.0), data="5,000 normal points, true Cpk 1.0", at_most=0.05),
        Measure("error of Cp", abs(known["Cp"] - 0.7 / 0.6), data="the same, true Cp 1.167", at_most=0.05),
    ]
