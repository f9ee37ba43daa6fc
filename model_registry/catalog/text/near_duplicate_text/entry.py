"""Pairs of alike texts by MinHash over runs of five characters."""

from __future__ import annotations

import re
import zlib

import numpy as np

from model_registry.catalog_kit import Request, Result

HASHES, RUN, PRIME = 128, 5, np.uint64((1 << 31) - 1)
_random = np.random.default_rng(1)
FACTORS = _random.integers(1, int(PRIME), HASHES, dtype=np.uint64)
OFFSETS = _random.integers(0, int(PRIME), HASHES, dtype=np.uint64)


def signature(text: str) -> np.ndarray:
    flat = re.sub(r"\s+", " ", text.lower()).strip()
    runs = {flat[i : i + RUN] for i in range(max(1, len(flat) - RUN + 1))}
    codes = np.array(sorted(zlib.crc32(r.encode()) & 0x7FFFFFFF for r in runs), np.uint64) % PRIME
    least = np.full(HASHES, PRIME, np.uint64)
    for at in range(0, len(codes), 2048):  # bounded memory for long texts
        part = (codes[at : at + 2048, None] * FACTORS + OFFSETS) % PRIME
        least = np.minimum(least, part.min(axis=0))
    return least


def run(request: Request) -> Result:
    texts, threshold = request.input["texts"], request.parameters["threshold"]
    signatures = np.array([signature(t) for t in texts])
    rows: list[dict[str, float | int]] = []
    for i in range(len(texts) - 1):
        alike = (signatures[i + 1 :] == signatures[i]).mean(axis=1)
        rows += [{"first": i, "second": int(j) + i + 1, "similarity": round(float(alike[j]), 4)}
                 for j in np.flatnonzero(alike >= threshold)]
    rows.sort(key=lambda r: (-r["similarity"], r["first"], r["second"]))
    return Result({"columns": ["first", "second", "similarity"], "rows": rows[:5000], "summary": {"pairs": len(rows)}})
