"""Prices against the cost of one more megawatt at each bus, on the textbook triangle and random grids."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    error = book = 0.0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        n = 5
        buses = [{"name": f"b{i}", "load": float(rng.integers(20, 60))} for i in range(n)]
        lines = [
            {"from": f"b{i}", "to": f"b{(i + 1) % n}", "reactance": float(rng.uniform(0.05, 0.2)), "limit": 45.0}
            for i in range(n)
        ]
        generators = [{"bus": f"b{i}", "max": 150.0, "cost": float(rng.integers(10, 50))} for i in (0, 2, 3)]
        base = ask(problem={"buses": buses, "lines": lines, "generators": generators}).output
        for i in range(n):
            more = [{**b, "load": b["load"] + (0.001 if k == i else 0)} for k, b in enumerate(buses)]
            cost = ask(problem={"buses": more, "lines": lines, "generators": generators}).output["summary"]["cost"]
            error = max(error, abs((cost - base["summary"]["cost"]) / 0.001 - base["rows"][i]["price"]))
    triangle = ask(
        problem={
            "buses": [{"name": "A"}, {"name": "B"}, {"name": "C", "load": 150}],
            "lines": [
                {"from": "A", "to": "B", "reactance": 0.1},
                {"from": "B", "to": "C", "reactance": 0.1},
                {"from": "A", "to": "C", "reactance": 0.1, "limit": 80},
            ],
            "generators": [{"bus": "A", "max": 200, "cost": 10}, {"bus": "B", "max": 200, "cost": 30}],
        }
    ).output
    book = max(abs(r["price"] - w) for r, w in zip(triangle["rows"], (10, 30, 50), strict=True))
    return [
        Measure("price error", error, "", data="30 buses of random grids, one more kilowatt each", at_most=0.02),
        Measure("triangle error", book, "", data="three buses, one line full: 10, 30 and 50", at_most=1e-6),
    ]
