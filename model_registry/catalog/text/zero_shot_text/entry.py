"""Labels described in words, scored by the similarity of their embeddings to the text's."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import Request, Result
from model_registry.catalog_kit.minilm import embed


def run(request: Request) -> Result:
    labels = request.input["labels"]
    vectors, _ = embed(request.nets, [request.input["text"], *labels])
    scaled = (vectors[1:] @ vectors[0]) / request.parameters["temperature"]
    scores = np.exp(scaled - scaled.max())
    scores /= scores.sum()
    order = np.argsort(-scores, kind="stable")
    return Result({"labels": [{"label": labels[i], "score": round(float(scores[i]), 4)} for i in order]})
