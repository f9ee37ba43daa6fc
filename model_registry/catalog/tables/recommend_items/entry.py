"""Implicit-feedback recommendations: cosine of items, or alternating least squares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from model_registry.catalog_kit import InvalidInput, Request, Result

Matrix = NDArray[np.float64]


def half_step(confidence: sparse.csr_matrix, other: Matrix, strength: float) -> Matrix:
    """The factors of one side, given those of the other."""
    gram = other.T @ other
    eye = strength * np.eye(other.shape[1])
    found = np.zeros((confidence.shape[0], other.shape[1]))
    for i in range(confidence.shape[0]):
        start, end = confidence.indptr[i], confidence.indptr[i + 1]
        if start < end:
            mine, weight = other[confidence.indices[start:end]], confidence.data[start:end]
            found[i] = np.linalg.solve(gram + (mine.T * weight) @ mine + eye, (mine.T * (1 + weight)).sum(1))
    return found


def run(request: Request) -> Result:
    table, p = request.input["interactions"], request.parameters
    users = {u: i for i, u in enumerate(dict.fromkeys(str(r["user"]) for r in table))}
    items = {m: i for i, m in enumerate(dict.fromkeys(str(r["item"]) for r in table))}
    if len(users) * len(items) > 20_000_000 or len(items) > 5000:
        raise InvalidInput("too large: at most 5,000 items and 20 million pairs", field="interactions")
    weight = []
    for i, row in enumerate(table):
        w = row.get("weight", 1.0)
        if isinstance(w, bool) or not isinstance(w, int | float) or not 0 < w <= 1e6:
            raise InvalidInput("a weight must be above 0", field=f"/input/interactions/{i}/weight")
        weight.append(float(w))
    seen = sparse.csr_matrix(
        (weight, ([users[str(r["user"])] for r in table], [items[str(r["item"])] for r in table])),
        shape=(len(users), len(items)),
    )
    asked = p["users"] or list(users)[:50]
    popular = np.asarray((seen > 0).sum(0)).ravel().astype(float)
    if p["method"] == "als":
        rng = np.random.default_rng(0)
        mine, theirs = (rng.normal(0, 0.1, (n, min(p["factors"], len(items)))) for n in seen.shape)
        back = seen.T.tocsr()
        for _ in range(12):
            mine = half_step(seen * 10.0, theirs, 1.0)
            theirs = half_step((back * 10.0).tocsr(), mine, 1.0)
        chosen = [users[u] for u in asked if u in users]
        scores = dict(zip(chosen, mine[chosen] @ theirs.T, strict=True))
    else:
        unit = seen.multiply(1 / np.sqrt(np.maximum(np.asarray(seen.multiply(seen).sum(0)), 1e-12))).tocsr()
        alike = (unit.T @ unit).toarray()
        np.fill_diagonal(alike, 0)
        scores = {users[u]: np.asarray(seen[users[u]] @ alike).ravel() for u in asked if u in users}
    names = list(items)
    rows = []
    for user in asked:
        known = user in users
        score = scores[users[user]].copy() if known else popular / popular.max()
        if known:
            score[seen[users[user]].indices] = -np.inf
        for rank, i in enumerate(np.argsort(-score, kind="stable")[: p["top"]], 1):
            if np.isfinite(score[i]):
                rows.append({"user": user, "rank": rank, "item": names[i], "score": round(float(score[i]), 6)})
    strangers = [u for u in asked if u not in users]
    return Result(
        {
            "columns": ["user", "rank", "item", "score"],
            "rows": rows,
            "summary": {"users": len(users), "items": len(items)},
        },
        warnings=[f"not seen before, got the popular items: {', '.join(strangers[:10])}"] if strangers else [],
    )
