"""Weighted ratio, token or Jaro–Winkler scores (RapidFuzz) on normalised names."""

from __future__ import annotations

from rapidfuzz import fuzz, process
from rapidfuzz.distance import JaroWinkler
from rapidfuzz.utils import default_process

from model_registry.catalog_kit import Request, Result

SCORERS = {
    "weighted": fuzz.WRatio,
    "tokens": fuzz.token_sort_ratio,
    "letters": fuzz.ratio,
    "jaro-winkler": JaroWinkler.normalized_similarity,
}


def run(request: Request) -> Result:
    name = request.parameters["scorer"]
    scale = 1.0 if name == "jaro-winkler" else 100.0
    found = process.extract(
        request.input["query"],
        request.input["candidates"],
        scorer=SCORERS[name],
        processor=default_process,
        limit=request.parameters["top"],
        score_cutoff=request.parameters["least"] * scale,
    )
    return Result(
        {"results": [{"index": i, "text": text, "score": round(score / scale, 4)} for text, score, i in found]}
    )
