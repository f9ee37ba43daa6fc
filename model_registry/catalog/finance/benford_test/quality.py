"""Amounts that follow the law, amounts that cannot, and how often the test cries wolf."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    random = np.random.default_rng(0)
    alarms = [ask(amounts=(10 ** random.uniform(0, 5, 1000)).tolist()).output["score"] < 0.05 for _ in range(60)]
    caught = [
        ask(amounts=random.uniform(10, 99, 1000).tolist()).output["verdict"] == "nonconformity" for _ in range(10)
    ]
    powers = [2.0**k for k in range(1, 400)]
    known = ask(amounts=powers).output
    digits = {c["name"]: c["value"] for c in known["checks"]}
    wrong = abs(digits["digit 1"] - sum(str(2**k)[0] == "1" for k in range(1, 400)) / 399)
    return [
        Measure(
            "alarms on amounts of the law",
            100 * float(np.mean(alarms)),
            "%",
            at_most=12,
            data="60 sets of 1,000 log-uniform amounts",
            method="p below 0.05, where 5% are due",
        ),
        Measure(
            "uniform amounts caught",
            100 * float(np.mean(caught)),
            "%",
            at_least=100,
            data="10 sets of 1,000 amounts from 10 to 99",
        ),
        Measure("error of a digit's share", wrong, data="powers of two, counted exactly", at_most=1e-4),
    ]
