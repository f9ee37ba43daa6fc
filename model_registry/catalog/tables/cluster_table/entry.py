"""Groups of rows by k-means (k by the silhouette) or HDBSCAN, on standardised numbers."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.metrics import silhouette_samples, silhouette_score

from model_registry.catalog_kit import InvalidInput, Request, Result
from model_registry.catalog_kit.tables import numbers, standardised


def run(request: Request) -> Result:
    columns, x, warnings = numbers(request.input["table"])
    z = standardised(x)
    groups = request.parameters["groups"]
    if request.parameters["method"] == "hdbscan":
        labels = HDBSCAN(min_cluster_size=max(5, len(z) // 50), copy=True).fit_predict(z)
    else:
        if groups > len(z):
            raise InvalidInput("more groups than rows", field="table")
        tried = [groups] if groups else range(2, min(9, len(z)))
        best = (-2.0, np.zeros(len(z), int))
        for k in tried:
            found = KMeans(k, n_init=5, random_state=0).fit_predict(z)
            if len(set(found)) < 2:
                continue
            score = silhouette_score(z, found, sample_size=min(len(z), 1500), random_state=0)
            best = max(best, (float(score), found), key=lambda b: b[0])
        labels = best[1]
    inside = [g for g in sorted(set(labels.tolist())) if g >= 0]
    if len(inside) > 1 and (labels >= 0).sum() > len(inside):
        kept = labels >= 0
        fit = np.zeros(len(z))
        fit[kept] = silhouette_samples(z[kept], labels[kept])
    else:
        fit = np.zeros(len(z))
        warnings.append("no separate groups were found")
    sizes = sorted(inside, key=lambda g: (-(labels == g).sum(), int(np.argmax(labels == g))))
    name = {g: f"group {i}" for i, g in enumerate(sizes, 1)} | {-1: "apart"}
    groups_out = []
    for g in sizes:
        centre = z[labels == g].mean(0)
        marks = np.argsort(-np.abs(centre))[:3]
        groups_out.append({"name": name[g], "size": int((labels == g).sum()),
                           "marks": [{"field": columns[j], "mean": round(float(x[labels == g, j].mean()), 6),
                                      "deviation": round(float(centre[j]), 3)} for j in marks]})
    return Result({"rows": [{"index": i, "score": round(float(s), 4), "label": name[int(g)]}
                            for i, (g, s) in enumerate(zip(labels, fit, strict=True))], "groups": groups_out},
                  warnings=warnings)
