"""Population stability index over the reference's quantiles, and the Kolmogorov-Smirnov test."""

from __future__ import annotations

import numpy as np
from scipy.stats import ks_2samp

from model_registry.catalog_kit import Request, Result


def run(request: Request) -> Result:
    before, now = request.input["reference"].values, request.input["current"].values
    edges = np.unique(np.quantile(before, np.linspace(0, 1, request.parameters["bins"] + 1)[1:-1]))
    size = len(edges) + 1
    # Half a count in each bin keeps empty ones finite.
    p, q = ((np.bincount(np.searchsorted(edges, x, side="right"), minlength=size) + 0.5) / (len(x) + 0.5 * size)
            for x in (before, now))
    psi = float(np.sum((q - p) * np.log(q / p)))
    ks = ks_2samp(before, now)
    verdict = "stable" if psi < 0.1 else "moved" if psi < 0.25 else "drifted"
    return Result({"verdict": verdict, "score": round(psi, 6), "checks": [
        {"name": "PSI", "passed": psi < 0.1, "value": round(psi, 6), "detail": "stable below 0.1, drifted from 0.25"},
        {"name": "Kolmogorov-Smirnov", "passed": bool(ks.pvalue >= 0.01), "value": round(float(ks.statistic), 6),
         "detail": f"p = {ks.pvalue:.4g}"},
        {"name": "mean", "passed": None, "value": round(float(now.mean()), 6), "detail": f"was {before.mean():.6g}"}],
        "bins": [{"below": None if i == len(edges) else float(edges[i]), "reference": round(float(a), 4),
                  "current": round(float(b), 4)} for i, (a, b) in enumerate(zip(p, q, strict=True))]})
