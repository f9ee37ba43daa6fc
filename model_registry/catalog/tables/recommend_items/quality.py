"""Tastes planted in simulated users; the last item of each is hidden and looked for, against popularity."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    rng = np.random.default_rng(0)
    taste_of_user, taste_of_item = rng.dirichlet([0.2] * 6, 300), rng.dirichlet([0.2] * 6, 200)
    liking = taste_of_user @ taste_of_item.T * rng.gamma(2, 1, 200)
    rows, hidden = [], {}
    for u in range(300):
        chosen = rng.choice(200, 12, replace=False, p=liking[u] / liking[u].sum())
        hidden[f"u{u}"] = f"i{chosen[-1]}"
        rows += [{"user": f"u{u}", "item": f"i{c}"} for c in chosen[:-1]]
    count = {}
    for r in rows:
        count[r["item"]] = count.get(r["item"], 0) + 1
    favourites = sorted(count, key=lambda i: -count[i])
    own = {}
    for r in rows:
        own.setdefault(r["user"], set()).add(r["item"])
    naive = np.mean([hidden[u] in [i for i in favourites if i not in own[u]][:10] for u in hidden])
    found = {}
    for method in ("items", "als"):
        out = ask(interactions=rows, parameters={"users": list(hidden), "top": 10, "method": method}).output["rows"]
        hits = {r["user"] for r in out if hidden[r["user"]] == r["item"]}
        found[method] = len(hits) / 300
    return [
        Measure(
            "hidden item in the first ten, items",
            found["items"],
            "",
            data="300 simulated users of 6 tastes, 200 items",
            at_least=0.2,
        ),
        Measure("hidden item in the first ten, ALS", found["als"], "", data="the same", at_least=0.15),
        Measure("popularity alone", float(naive), "", data="the same", at_most=0.2),
    ]
