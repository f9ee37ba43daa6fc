"""Two-way random-effects ANOVA of parts and operators; interaction pooled where it is not significant."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
from scipy.stats import f

from model_registry.catalog_kit import InvalidInput, Request, Result, check


def run(request: Request) -> Result:
    cells: dict[tuple[str, str], list[float]] = defaultdict(list)
    for i, row in enumerate(request.input["table"]):
        value = row["value"]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidInput("must be a number", field=f"/input/table/{i}/value")
        cells[str(row["part"]), str(row["operator"])].append(float(value))
    parts, operators = sorted({p for p, _ in cells}), sorted({o for _, o in cells})
    sizes = {len(v) for v in cells.values()}
    if (
        len(cells) != len(parts) * len(operators)
        or len(sizes) != 1
        or min(sizes) < 2
        or len(parts) < 2
        or len(operators) < 2
    ):
        raise InvalidInput("every operator must measure every part equally often, at least twice", field="table")
    x = np.array([[cells[p, o] for o in operators] for p in parts])
    a, b, n = x.shape
    mean = x.mean()
    between = b * n * ((x.mean((1, 2)) - mean) ** 2).sum()
    people = a * n * ((x.mean((0, 2)) - mean) ** 2).sum()
    total, inside = ((x - mean) ** 2).sum(), ((x - x.mean(2, keepdims=True)) ** 2).sum()
    mixed = max(total - between - people - inside, 0.0)
    if not np.isfinite(total) or total <= 0:
        raise InvalidInput("the values do not vary", field="table")
    ms_mixed, ms_inside = mixed / ((a - 1) * (b - 1)), inside / (a * b * (n - 1))
    p = float(f.sf(ms_mixed / ms_inside, (a - 1) * (b - 1), a * b * (n - 1))) if ms_inside > 0 else 0.0
    if p > 0.25:  # AIAG: pool an interaction that is not there
        ms_inside = ms_mixed = (mixed + inside) / ((a - 1) * (b - 1) + a * b * (n - 1))
        interaction = 0.0
    else:
        interaction = max((ms_mixed - ms_inside) / n, 0.0)
    repeat = ms_inside
    operator = max((people / (b - 1) - ms_mixed) / (a * n), 0.0)
    part = max((between / (a - 1) - ms_mixed) / (b * n), 0.0)
    grr = repeat + operator + interaction
    share = math.sqrt(grr / (grr + part)) if grr + part > 0 else 0.0
    classes = int(1.41 * math.sqrt(part / grr)) if grr > 0 else 0
    tolerance = request.parameters["tolerance"]
    checks = [
        check("%GRR of the study", share < 0.3, round(share, 5), "below 0.1 good, to 0.3 acceptable"),
        check("distinct categories", classes >= 5, classes, "at least 5"),
        check("interaction", p > 0.05, round(p, 5), "p; a small one means that operators differ by part"),
    ]
    if tolerance > 0:
        used = 6 * math.sqrt(grr) / tolerance
        checks.append(check("%GRR of the tolerance", used < 0.3, round(used, 5), "six deviations over the tolerance"))
    verdict = "good" if share < 0.1 else "acceptable" if share < 0.3 else "not acceptable"
    return Result(
        {
            "verdict": verdict,
            "score": round(share, 5),
            "checks": checks,
            "deviations": {
                "repeatability": round(math.sqrt(repeat), 6),
                "reproducibility": round(math.sqrt(operator + interaction), 6),
                "gauge": round(math.sqrt(grr), 6),
                "part": round(math.sqrt(part), 6),
            },
        }
    )
