"""Augmented inverse propensity weighting with cross-fitting."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from model_registry.catalog_kit import InvalidInput, Request, Result, check


def run(request: Request) -> Result:
    names = request.parameters["treatment"], request.parameters["outcome"]
    frame = pd.DataFrame(request.input["table"])
    for name in names:
        if name not in frame:
            raise InvalidInput(f"the table has no column {name}", field="table")
    t, y = (pd.to_numeric(frame.pop(n), errors="coerce") for n in names)
    if t.isna().any() or y.isna().any() or not set(t.unique()) <= {0, 1}:
        raise InvalidInput("the treatment must be 0 or 1 and the outcome a number, without gaps", field="table")
    if min(int(t.sum()), int((1 - t).sum())) < 20:
        raise InvalidInput("at least 20 treated and 20 untreated rows are needed", field="table")
    x = pd.get_dummies(frame, dummy_na=False).apply(pd.to_numeric, errors="coerce")
    x = x.fillna(x.median()).fillna(0.0).to_numpy(float)
    if not 1 <= x.shape[1] <= 60:
        raise InvalidInput("between 1 and 60 columns to adjust for (words count by their values)", field="table")
    t, y = t.to_numpy(int), y.to_numpy(float)
    chance, guess = np.zeros(len(t)), np.zeros((2, len(t)))
    degree = 2 if x.shape[1] <= 12 else 1
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(x, t):
        chooser = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
        chance[test] = chooser.fit(x[train], t[train]).predict_proba(x[test])[:, 1]
        for arm in (0, 1):
            model = make_pipeline(
                StandardScaler(),
                PolynomialFeatures(degree, include_bias=False),
                StandardScaler(),
                RidgeCV(np.logspace(-2, 3, 11)),
            )
            rows = train[t[train] == arm]
            guess[arm, test] = model.fit(x[rows], y[rows]).predict(x[test])
    overlap = float(((chance > 0.05) & (chance < 0.95)).mean())
    chance = np.clip(chance, 0.02, 0.98)
    each = guess[1] - guess[0] + t * (y - guess[1]) / chance - (1 - t) * (y - guess[0]) / (1 - chance)
    effect, error = float(each.mean()), float(each.std(ddof=1) / np.sqrt(len(each)))
    p = float(2 * norm.sf(abs(effect) / error)) if error > 0 else 1.0
    plain = float(y[t == 1].mean() - y[t == 0].mean())
    return Result(
        {
            "verdict": "an effect" if p < 0.05 else "no clear effect",
            "score": round(effect, 6),
            "checks": [
                check(
                    "effect",
                    p < 0.05,
                    round(effect, 6),
                    f"95 % from {effect - 1.96 * error:.6g} to {effect + 1.96 * error:.6g}, p {p:.3g}",
                ),
                check("plain difference", None, round(plain, 6), "without adjustment, for comparison"),
                check(
                    "overlap",
                    overlap > 0.9,
                    round(overlap, 4),
                    "rows whose chance of treatment lies between 5 and 95 %",
                ),
            ],
        }
    )
