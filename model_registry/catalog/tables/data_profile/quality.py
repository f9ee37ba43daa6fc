"""A table with known faults: every one must be counted, and a clean one must pass."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    rng = np.random.default_rng(0)
    rows = [
        {"id": i, "x": float(v), "y": float(2 * v), "one": 1, "word": f"w{i % 7}"}
        for i, v in enumerate(rng.normal(size=200))
    ]
    clean = ask(table=[{"id": r["id"], "x": r["x"], "word": r["word"]} for r in rows]).output
    for i in range(20):
        rows[i * 9]["word"] = None
    rows[5]["x"], rows[5]["y"] = 1000.0, 2000.0
    rows += [dict(rows[3]), dict(rows[4])]
    got = {c["name"]: c["value"] for c in ask(table=rows).output["checks"]}
    wrong = (got["duplicate rows"] != 2) + (got["constant columns"] != 1) + (got["far outliers"] != 2)
    wrong += (abs(got["missing cells"] - 20 / 1010) > 1e-3) + (got["columns that say the same"] != 1)
    return [
        Measure("faults miscounted", wrong, "of 5", data="200 rows with planted faults", at_most=0),
        Measure("false alarms", 0 if clean["verdict"] == "clean" else 1, "", data="200 clean rows", at_most=0),
    ]
