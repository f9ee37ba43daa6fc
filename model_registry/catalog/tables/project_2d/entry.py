"""Rows on a plane: PCA, or t-SNE started from it."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness

from model_registry.catalog_kit import InvalidInput, Request, Result
from model_registry.catalog_kit.tables import numbers, standardised


def run(request: Request) -> Result:
    _, x, warnings = numbers(request.input["table"])
    z = standardised(x)
    if z.shape[1] < 2 or float(np.abs(z).max()) == 0:
        raise InvalidInput("at least two numeric columns that vary are needed", field="table")
    model = PCA(2, random_state=0)
    flat = model.fit_transform(z)
    summary = {"explained": [round(float(v), 4) for v in model.explained_variance_ratio_]}
    if request.parameters["method"] == "t-sne":
        perplexity = min(request.parameters["perplexity"], (len(z) - 1) / 3)
        flat = TSNE(
            2,
            perplexity=perplexity,
            init=flat / max(float(flat[:, 0].std()), 1e-9) * 1e-4,
            random_state=0,
            max_iter=400,
        ).fit_transform(z)
    else:
        for axis in range(2):  # a sign that does not depend on the linear algebra library
            if model.components_[axis][np.abs(model.components_[axis]).argmax()] < 0:
                flat[:, axis] *= -1
    neighbours = min(10, (len(z) - 1) // 2)
    summary["trustworthiness"] = round(float(trustworthiness(z, flat, n_neighbors=neighbours)), 4)
    return Result(
        {
            "columns": ["index", "x", "y"],
            "summary": summary,
            "rows": [{"index": i, "x": round(float(a), 5), "y": round(float(b), 5)} for i, (a, b) in enumerate(flat)],
        },
        warnings=warnings,
    )
