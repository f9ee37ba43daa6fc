"""Value at risk and expected shortfall of a history of returns, as positive losses."""

from __future__ import annotations

import numpy as np
from scipy.stats import kurtosis, norm, skew

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    r, level = request.input["returns"].values, request.parameters["level"]
    mean, deviation = float(r.mean()), float(r.std(ddof=1))
    if deviation <= 0:
        raise InvalidInput("the returns do not vary", field="returns")
    loss = np.sort(-r)
    historical = float(np.quantile(loss, level))
    tail = loss[loss >= historical]
    z = float(norm.ppf(level))
    s, k = -float(skew(r)), float(kurtosis(r))  # of losses
    fitted = z + (z**2 - 1) * s / 6 + (z**3 - 3 * z) * k / 24 - (2 * z**3 - 5 * z) * s**2 / 36
    found = (("historical VaR", historical), ("historical ES", float(tail.mean())),
             ("normal VaR", z * deviation - mean), ("normal ES", float(norm.pdf(z)) / (1 - level) * deviation - mean),
             ("Cornish-Fisher VaR", fitted * deviation - mean), ("skewness", -s), ("excess kurtosis", k))
    warnings = ["few points for this level: the tail is hardly seen"] if len(r) * (1 - level) < 10 else []
    return Result({"values": [{"name": n, "value": round(v, 6)} for n, v in found], "level": level}, warnings=warnings)
