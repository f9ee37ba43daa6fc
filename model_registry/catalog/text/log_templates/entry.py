"""Drain: lines of equal length and first word are compared word by word."""

from __future__ import annotations

from typing import Any

from model_registry.catalog_kit import Request, Result

ANY = "<*>"


def run(request: Request) -> Result:
    groups: dict[tuple[int, str], list[dict[str, Any]]] = {}
    templates: list[dict[str, Any]] = []
    for i, line in enumerate(request.input["lines"]):
        words = [ANY if any(c.isdigit() for c in w) else w for w in line.split()]
        near = groups.setdefault((len(words), words[0] if words else ""), [])
        best, most = None, -1.0
        for template in near:
            share = sum(a == b for a, b in zip(template["words"], words, strict=True)) / max(1, len(words))
            if share > most:
                best, most = template, share
        if best is None or most < request.parameters["similarity"]:
            best = {"words": words, "count": 0, "first": i}
            near.append(best)
            templates.append(best)
        else:
            best["words"] = [a if a == b else ANY for a, b in zip(best["words"], words, strict=True)]
        best["count"] += 1
    templates.sort(key=lambda t: (-t["count"], t["first"]))
    rows = [{"template": " ".join(t["words"]), "count": t["count"], "first": t["first"]} for t in templates]
    return Result({"columns": ["template", "count", "first"], "rows": rows, "summary": {"templates": len(rows)}})
