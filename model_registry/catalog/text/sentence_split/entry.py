"""Rule-based sentence boundaries (pysbd)."""

from __future__ import annotations

from functools import cache

import pysbd

from model_registry.catalog_kit import Request, Result


@cache
def segmenter(language: str) -> pysbd.Segmenter:
    return pysbd.Segmenter(language=language, clean=False)


def run(request: Request) -> Result:
    text = request.input["text"]
    found = [s for s in segmenter(request.parameters["language"]).segment(text) if s.strip()]
    return Result({"results": [{"index": i, "text": s.strip(), "score": 1.0} for i, s in enumerate(found)]})
