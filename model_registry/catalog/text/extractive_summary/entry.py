"""LexRank: PageRank over the similarity of sentence embeddings, without near repeats."""

from __future__ import annotations

import numpy as np
import pysbd

from model_registry.catalog_kit import InvalidInput, Request, Result
from model_registry.catalog_kit.minilm import embed

MOST = 300


def run(request: Request) -> Result:
    sentences = [s.strip() for s in pysbd.Segmenter(language="en", clean=False).segment(request.input["text"])]
    sentences = [s for s in sentences if len(s.split()) >= 4][:MOST]
    if len(sentences) < 2:
        raise InvalidInput("at least two sentences of four words are needed", field="text")
    vectors, _ = embed(request.nets, sentences)
    alike = np.clip(vectors @ vectors.T, 0, None)
    np.fill_diagonal(alike, 0)
    alike[alike < 0.1] = 0
    alike += 1e-9
    move = alike / alike.sum(1, keepdims=True)
    rank = np.full(len(sentences), 1 / len(sentences))
    for _ in range(100):
        rank = 0.15 / len(sentences) + 0.85 * rank @ move
    chosen: list[int] = []
    for i in np.argsort(-rank, kind="stable"):
        if all(vectors[i] @ vectors[j] < 0.85 for j in chosen):
            chosen.append(int(i))
        if len(chosen) == request.parameters["sentences"]:
            break
    return Result({"results": [{"index": i, "text": sentences[i], "score": round(float(rank[i] * len(sentences)), 4)}
                               for i in sorted(chosen)], "summary": " ".join(sentences[i] for i in sorted(chosen))})
