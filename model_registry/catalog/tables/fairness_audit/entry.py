"""Rates of each group with Wilson intervals, their gaps, and the four-fifths rule."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

from model_registry.catalog_kit import InvalidInput, Request, Result, check


def wilson(hits: int, n: int) -> list[float]:
    z, p = 1.959964, hits / n
    middle, half = (p + z * z / (2 * n)) / (1 + z * z / n), z / (1 + z * z / n) * math.sqrt(
        p * (1 - p) / n + z * z / (4 * n * n))
    return [round(max(middle - half, 0.0), 4), round(min(middle + half, 1.0), 4)]


def yes(value: Any, field: str, i: int) -> bool:
    if value in (0, 1) or isinstance(value, bool):
        return bool(value)
    raise InvalidInput("must be 0 or 1, true or false", field=f"/input/table/{i}/{field}")


def run(request: Request) -> Result:
    table = request.input["table"]
    known = all(row.get("truth") is not None for row in table)
    members: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for i, row in enumerate(table):
        truth = yes(row["truth"], "truth", i) if known else False
        members[str(row["group"])].append((yes(row["decision"], "decision", i), truth))
    if not 2 <= len(members) <= 30:
        raise InvalidInput("between 2 and 30 groups are needed", field="table")
    least = request.parameters["least_rows"]
    groups, skipped = [], []
    for name in sorted(members):
        rows = members[name]
        if len(rows) < least:
            skipped.append(name)
            continue
        chosen = sum(d for d, _ in rows)
        shown: dict[str, Any] = {"group": name, "rows": len(rows), "selected": round(chosen / len(rows), 4),
                                 "interval": wilson(chosen, len(rows))}
        if known:
            good, bad = [d for d, t in rows if t], [d for d, t in rows if not t]
            picked = [t for d, t in rows if d]
            shown |= {"true_positive_rate": round(sum(good) / len(good), 4) if good else None,
                      "false_positive_rate": round(sum(bad) / len(bad), 4) if bad else None,
                      "precision": round(sum(picked) / len(picked), 4) if picked else None}
        groups.append(shown)
    if len(groups) < 2:
        raise InvalidInput(f"fewer than two groups have {least} rows", field="table")

    def gap(field: str) -> tuple[float, str] | None:
        have = [g for g in groups if g.get(field) is not None]
        if len(have) < 2:
            return None
        low, high = min(have, key=lambda g: g[field]), max(have, key=lambda g: g[field])
        return round(high[field] - low[field], 4), f"{high['group']} {high[field]:.3f}, {low['group']} {low[field]:.3f}"

    rates = [g["selected"] for g in groups]
    ratio = round(min(rates) / max(rates), 4) if max(rates) else None
    checks = [check("four-fifths rule", None if ratio is None else ratio >= 0.8, ratio,
                    "lowest over highest selection rate, at least 0.8")]
    for name, field in (("selection gap", "selected"), ("equal opportunity gap", "true_positive_rate"),
                        ("false alarm gap", "false_positive_rate"), ("precision gap", "precision")):
        if (found := gap(field)) is not None:
            checks.append(check(name, found[0] <= request.parameters["tolerance"], *found))
    judged = [c["passed"] for c in checks if c["passed"] is not None]
    return Result({"verdict": "no large gap" if all(judged) else "gaps found",
                   "score": ratio, "checks": checks, "groups": groups},
                  warnings=[f"left out, fewer than {least} rows: {', '.join(skipped)}"] if skipped else [])
