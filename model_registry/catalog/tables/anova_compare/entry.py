"""Normality and equal spread first; then ANOVA, Welch's test or Kruskal–Wallis, and pairs."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from scipy import stats

from model_registry.catalog_kit import InvalidInput, Request, Result, check


def run(request: Request) -> Result:
    groups = {n: s.values for n, s in request.input["groups"].items()}
    alpha = request.parameters["alpha"]
    everything = np.concatenate(list(groups.values()))
    if float(np.ptp(everything)) == 0 or not np.isfinite(everything.std()):
        raise InvalidInput("the values do not vary", field="groups")
    inside = np.concatenate([v - v.mean() for v in groups.values()])
    normal = float(stats.shapiro(inside[:5000]).pvalue) if np.ptp(inside) > 0 else 1.0
    spread = float(stats.levene(*groups.values(), center="median").pvalue) if np.ptp(inside) > 0 else 1.0
    spread = 1.0 if np.isnan(spread) else spread
    large = min(map(len, groups.values())) >= 30  # the mean of 30 is near enough to normal
    if normal >= 0.01 or large:
        equal = spread >= 0.05
        test = "ANOVA" if equal else "Welch's ANOVA"
        found = stats.f_oneway(*groups.values(), equal_var=equal)
        pairs = {(a, b): float(stats.ttest_ind(groups[a], groups[b], equal_var=equal).pvalue)
                 for a, b in combinations(groups, 2)}
    else:
        test = "Kruskal–Wallis"
        found = stats.kruskal(*groups.values())
        pairs = {(a, b): float(stats.mannwhitneyu(groups[a], groups[b]).pvalue) for a, b in combinations(groups, 2)}
    p = float(found.pvalue) if np.isfinite(found.pvalue) else 0.0
    between = sum(len(v) * (v.mean() - everything.mean()) ** 2 for v in groups.values())
    eta = float(between / ((everything - everything.mean()) ** 2).sum())
    ordered = sorted(pairs, key=lambda k: (pairs[k] if np.isfinite(pairs[k]) else 1.0, k))
    holm, least = {}, 0.0
    for i, pair in enumerate(ordered):
        raw = pairs[pair] if np.isfinite(pairs[pair]) else 1.0
        least = holm[pair] = min(max(least, raw * (len(ordered) - i)), 1.0)
    checks = [check("normal residuals", normal >= 0.01, round(normal, 6), "Shapiro–Wilk p, at least 0.01"),
              check("equal spread", spread >= 0.05, round(spread, 6), "Levene's p, at least 0.05"),
              check(test, p < alpha, float(f"{p:.6g}"), f"p, below {alpha:g} means that the groups differ"),
              check("share explained", None, round(eta, 6), "η², of all variation")]
    checks += [check(f"{a} − {b}", holm[a, b] < alpha, float(f"{holm[a, b]:.6g}"),
                     f"difference of means {groups[a].mean() - groups[b].mean():.6g}; p after Holm")
               for a, b in pairs]
    return Result({"verdict": "the groups differ" if p < alpha else "no clear difference", "score": float(f"{p:.6g}"),
                   "checks": checks, "means": {n: round(float(v.mean()), 9) for n, v in groups.items()}})
