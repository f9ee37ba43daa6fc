"""Surprise of a line: rarity of its template among the normal lines, else of its nearest words."""

from __future__ import annotations

import math
import re
from collections import Counter

from model_registry.catalog_kit import Request, Result

VALUE = re.compile(r"0x[0-9a-fA-F]+|\b[0-9a-fA-F]{8,}\b|\d+(?:[.:,/-]\d+)*|\"[^\"]*\"|'[^']*'")
SPLIT = re.compile(r"[\s=:,;()\[\]{}<>|]+")


def template(line: str) -> tuple[str, ...]:
    return tuple(w for w in SPLIT.split(VALUE.sub("*", line)) if w)


def run(request: Request) -> Result:
    normal = Counter(template(line) for line in request.input["normal"])
    words = Counter(w for t, n in normal.items() for w in set(t) for _ in range(min(n, 50)))
    lines_known, words_known = sum(normal.values()), sum(words.values())
    shapes = {}
    for known in normal:
        shapes.setdefault((len(known), known[:1]), []).append(known)
    found = []
    for i, line in enumerate(request.input["lines"]):
        t = template(line)
        if t in normal:
            score = -math.log((normal[t] + 1) / (lines_known + 1)) / math.log(lines_known + 2) / 2
            why = "a known template" if normal[t] > 1 else "a rare template"
        else:
            near = max(
                (
                    sum(a == b for a, b in zip(t, k, strict=True)) / max(len(t), 1)
                    for k in shapes.get((len(t), t[:1]), [])
                ),
                default=0.0,
            )
            strange = [-math.log((words[w] + 0.5) / (words_known + 1)) for w in t if w != "*"]
            odd = sorted(strange)[-3:]
            surprise = sum(odd) / max(len(odd), 1) / math.log(2 * words_known + 3)
            score = 0.5 + 0.5 * surprise * (1 - 0.7 * near) if t else 0.5
            why = f"a new template; {near:.0%} like a known one"
        found.append({"index": i, "score": round(min(score, 1.0), 4), "why": why, "line": line})
    found.sort(key=lambda r: (-r["score"], r["index"]))
    return Result(
        {
            "columns": ["index", "score", "why", "line"],
            "rows": found[: request.parameters["top"]],
            "summary": {"normal_templates": len(normal), "new_templates": sum("new" in r["why"] for r in found)},
        }
    )
