"""Long-only weights under four rules, on a shrunk covariance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.optimize import minimize
from scipy.spatial.distance import squareform

from model_registry.catalog_kit import InvalidInput, Request, Result

Matrix = NDArray[np.float64]


def shrunk(x: Matrix) -> Matrix:
    """Ledoit and Wolf's shrinkage towards the average variance times the identity."""
    n, k = x.shape
    x = x - x.mean(0)
    sample = x.T @ x / n
    centre = np.trace(sample) / k * np.eye(k)
    spread = float(((sample - centre) ** 2).sum())
    noise = float(((x**2).T @ (x**2) / n - sample**2).sum()) / n
    weight = min(noise / spread, 1.0) if spread > 0 else 1.0
    return weight * centre + (1 - weight) * sample


def best(goal: object, k: int) -> Matrix:
    found = minimize(
        goal,
        np.full(k, 1 / k),
        method="SLSQP",
        bounds=[(0, 1)] * k,
        constraints=[{"type": "eq", "fun": lambda w: w.sum() - 1}],
        options={"maxiter": 500, "ftol": 1e-12},
    )
    weights = np.clip(found.x, 0, None)
    return weights / weights.sum()


def hierarchical(covariance: Matrix) -> Matrix:
    """Recursive bisection along the tree of correlations."""
    deviation = np.sqrt(np.diag(covariance))
    correlation = np.clip(covariance / np.outer(deviation, deviation), -1, 1)
    apart = np.sqrt((1 - correlation) / 2)
    np.fill_diagonal(apart, 0)
    groups, weights = [list(leaves_list(linkage(squareform(apart, checks=False), "single")))], np.ones(len(covariance))
    while groups:
        group = groups.pop()
        if len(group) < 2:
            continue
        halves = group[: len(group) // 2], group[len(group) // 2 :]
        risks = []
        for half in halves:
            part = covariance[np.ix_(half, half)]
            inverse = 1 / np.diag(part)
            inverse /= inverse.sum()
            risks.append(float(inverse @ part @ inverse))
        weights[halves[0]] *= 1 - risks[0] / sum(risks)
        weights[halves[1]] *= risks[0] / sum(risks)
        groups += halves
    return weights


def run(request: Request) -> Result:
    series = request.input["returns"]
    if len({len(s.values) for s in series.values()}) != 1:
        raise InvalidInput("all series must be of one length", field="returns")
    x = np.column_stack([s.values for s in series.values()])
    if float(np.abs(x).max()) > 10:
        raise InvalidInput("give returns as fractions, 0.01 for one per cent", field="returns")
    covariance, mean, k = shrunk(x), x.mean(0), x.shape[1]
    if float(np.diag(covariance).min()) <= 1e-18:
        raise InvalidInput("a series does not move", field="returns")
    scale = float(np.trace(covariance)) / k
    rule = request.parameters["rule"]
    if rule == "least-variance":
        weights = best(lambda w: w @ covariance @ w / scale, k)
    elif rule == "best-sharpe":
        excess = mean - request.parameters["risk_free"] / request.parameters["periods"]
        weights = best(lambda w: -(w @ excess) / np.sqrt(w @ covariance @ w), k)
    elif rule == "equal-risk":
        raw = minimize(
            lambda w: w @ covariance @ w / scale / 2 - np.log(w).sum() / k,
            np.ones(k),
            method="L-BFGS-B",
            bounds=[(1e-9, None)] * k,
            options={"ftol": 1e-15, "gtol": 1e-12},
        ).x
        weights = raw / raw.sum()
    else:
        weights = hierarchical(covariance)
    risk = float(weights @ covariance @ weights)
    share = weights * (covariance @ weights) / risk
    year = request.parameters["periods"]
    return Result(
        {
            "values": [
                *(
                    {"name": n, "value": round(float(w), 6), "note": f"{100 * s:.1f} % of the risk"}
                    for n, w, s in zip(series, weights, share, strict=True)
                ),
                {"name": "expected_return", "value": round(float(weights @ mean) * year, 6), "unit": "a year"},
                {"name": "volatility", "value": round(float(np.sqrt(risk * year)), 6), "unit": "a year"},
            ]
        }
    )
