"""Passages ranked by cosine similarity of MiniLM embeddings."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import Request, Result
from model_registry.catalog_kit.minilm import embed


def run(request: Request) -> Result:
    documents = request.input["documents"]
    vectors, cut = embed(request.nets, [request.input["query"], *documents])
    scores = vectors[1:] @ vectors[0]
    order = np.argsort(-scores, kind="stable")[: request.parameters["top"]]
    warnings = [f"{cut} of the texts were longer than 256 tokens and were cut"] if cut else []
    return Result({"results": [{"index": int(i), "text": documents[i], "score": round(float(scores[i]), 4)}
                               for i in order]}, warnings=warnings)
