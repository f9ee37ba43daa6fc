"""Rules of one or two items to one, kept only where Fisher's exact test survives a false-discovery correction."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

from scipy.stats import hypergeom

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    baskets = [sorted(set(b)) for b in request.input["baskets"]]
    n, least = len(baskets), max(request.parameters["support"] * len(baskets), 2)
    single = Counter(i for b in baskets for i in b)
    common = {i for i, c in single.items() if c >= least}
    kept = [[i for i in b if i in common] for b in baskets]
    if sum(len(b) ** 3 for b in kept) > 30_000_000:
        raise InvalidInput("too many long baskets: raise support or split the baskets", field="baskets")
    counts = Counter((i,) for b in kept for i in b)
    for size in (2, 3):
        counts.update(c for b in kept for c in combinations(b, size))
    frequent = {c: k for c, k in counts.items() if k >= least}
    rules = []
    for items, together in frequent.items():
        for then in items if len(items) > 1 else ():
            given = tuple(i for i in items if i != then)
            before, after = counts[given], counts[(then,)]
            confidence = together / before
            if confidence >= request.parameters["confidence"] and together * n > before * after:
                chance = float(hypergeom.sf(together - 1, n, after, before))
                rules.append((chance, given, then, together, confidence, confidence * n / after))
    rules.sort(key=lambda r: (r[0], r[1], r[2]))
    passed = max(
        (k for k, r in enumerate(rules, 1) if r[0] <= request.parameters["false_discovery"] * k / len(rules)), default=0
    )
    rows = [
        {
            "if": " + ".join(given),
            "then": then,
            "support": round(together / n, 6),
            "confidence": round(confidence, 4),
            "lift": round(lift, 4),
            "p_value": float(f"{chance:.4g}"),
        }
        for chance, given, then, together, confidence, lift in rules[:passed]
    ]
    rows.sort(key=lambda r: (-r["lift"], r["if"], r["then"]))
    return Result(
        {
            "columns": ["if", "then", "support", "confidence", "lift", "p_value"],
            "rows": rows[: request.parameters["top"]],
            "summary": {"baskets": n, "items": len(common), "candidates": len(rules), "kept": passed},
        }
    )
