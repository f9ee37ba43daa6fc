"""Simulated experiments: how often it alarms where nothing differs, how well its interval holds, known examples."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    random, alarms, held, better = np.random.default_rng(0), 0, 0, []
    for _ in range(300):
        a, b = random.binomial(2000, 0.1, 2)
        found = ask(a_trials=2000, a_successes=int(a), b_trials=2000, b_successes=int(b)).output
        checks = {c["name"]: c for c in found["checks"]}
        alarms += checks["p-value"]["passed"]
        low, high = (float(v) for v in checks["difference"]["detail"].removeprefix("from ").split(" to "))
        held += low <= 0 <= high
    for a, b in ((100, 130), (90, 85), (40, 60)):
        chance = ask(a_trials=1000, a_successes=a, b_trials=1000, b_successes=b).output["score"]
        draws = [random.beta(s + 1, 1001 - s, 200_000) for s in (a, b)]
        better.append(abs(chance - float((draws[1] > draws[0]).mean())))
    known = ask(a_trials=1000, a_successes=100, b_trials=1000, b_successes=130).output["checks"][0]["value"]
    return [
        Measure(
            "false alarms at 5%",
            100 * alarms / 300,
            "%",
            data="300 simulated experiments without a difference",
            at_least=1.5,
            at_most=9,
        ),
        Measure("intervals that hold the truth", 100 * held / 300, "%", data="the same, interval of 95%", at_least=91),
        Measure(
            "error of P(B > A)",
            max(better),
            "at most",
            method="200,000 draws of the posterior",
            data="three experiments",
            at_most=0.004,
        ),
        Measure(
            "error of the p-value", abs(known - 0.03548846), data="100 against 130 of 1,000; z = 2.1027", at_most=1e-6
        ),
    ]
