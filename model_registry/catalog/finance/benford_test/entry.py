"""First digits against Benford's law: chi-square and mean absolute deviation."""

from __future__ import annotations

import numpy as np
from scipy.stats import chisquare

from model_registry.catalog_kit import InvalidInput, Request, Result

EXPECTED = np.log10(1 + 1 / np.arange(1, 10))
BOUNDS = ((0.006, "close conformity"), (0.012, "acceptable conformity"), (0.015, "marginal conformity"))


def run(request: Request) -> Result:
    amounts = np.abs(request.input["amounts"].values)
    amounts = amounts[amounts > 0]
    if len(amounts) < 50:
        raise InvalidInput("at least 50 amounts other than zero are needed", field="amounts")
    # Twelve places absorb the binary error of numbers such as 0.3.
    digits = np.array([int(f"{a:.12e}"[0]) for a in amounts])
    counts = np.bincount(digits, minlength=10)[1:10]
    share = counts / len(amounts)
    deviation = float(np.abs(share - EXPECTED).mean())
    p = float(chisquare(counts, EXPECTED * len(amounts)).pvalue)
    verdict = next((name for most, name in BOUNDS if deviation <= most), "nonconformity")
    if p >= 0.05 and verdict == "nonconformity":  # the bounds are for thousands of amounts; fewer scatter wider
        verdict = "no significant deviation"
    z = (share - EXPECTED) / np.sqrt(EXPECTED * (1 - EXPECTED) / len(amounts))
    checks = [{"name": f"digit {d}", "passed": bool(abs(z[d - 1]) < 2.576), "value": round(float(share[d - 1]), 4),
               "detail": f"expected {EXPECTED[d - 1]:.4f}, z {z[d - 1]:.2f}"} for d in range(1, 10)]
    warnings = ["fewer than 300 amounts: the test is weak"] if len(amounts) < 300 else []
    return Result({"verdict": verdict, "score": round(p, 6), "checks": checks,
                   "mean_absolute_deviation": round(deviation, 6), "amounts": len(amounts)}, warnings=warnings)
