"""Two proportions: pooled z-test, Newcombe interval and the Beta posterior's chance that B is better."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import beta, norm

from model_registry.catalog_kit import InvalidInput, Request, Result


def wilson(successes: int, trials: int, z: float) -> tuple[float, float]:
    p = successes / trials
    middle = (p + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials**2))
    return middle - half, middle + half


def run(request: Request) -> Result:
    i, alpha = request.input, request.parameters["alpha"]
    for group in "ab":
        if i[f"{group}_successes"] > i[f"{group}_trials"]:
            raise InvalidInput("more successes than trials", field=f"{group}_successes")
    (na, xa), (nb, xb) = ((i[f"{g}_trials"], i[f"{g}_successes"]) for g in "ab")
    pa, pb, pooled = xa / na, xb / nb, (xa + xb) / (na + nb)
    error = math.sqrt(pooled * (1 - pooled) * (1 / na + 1 / nb))
    p = float(2 * norm.sf(abs(pb - pa) / error)) if error > 0 else 1.0
    z = float(norm.ppf(1 - alpha / 2))
    (la, ua), (lb, ub) = wilson(xa, na, z), wilson(xb, nb, z)
    low = pb - pa - math.hypot(pb - lb, ua - pa)
    high = pb - pa + math.hypot(ub - pb, pa - la)
    # P(B > A) by quadrature over A's quantiles, so that the answer is the same each time.
    grid = beta.ppf((np.arange(4000) + 0.5) / 4000, xa + 1, na - xa + 1)
    better = float(beta.sf(grid, xb + 1, nb - xb + 1).mean())
    least = min(xa, xb, na - xa, nb - xb)
    verdict = "no clear difference" if p >= alpha else "B is better" if pb > pa else "A is better"
    return Result({"verdict": verdict, "score": round(better, 6), "checks": [
        {"name": "p-value", "passed": p < alpha, "value": round(p, 8),
         "detail": f"two-sided, below {alpha:g} is significant"},
        {"name": "difference", "passed": None, "value": round(pb - pa, 8), "detail": f"from {low:.6f} to {high:.6f}"},
        {"name": "chance that B is better", "passed": None, "value": round(better, 6), "detail": "flat prior"},
        {"name": "enough successes", "passed": least >= 5, "value": least,
         "detail": "least count, at least 5 for the z-test"}]})
