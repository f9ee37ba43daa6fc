"""Sentence embeddings: MiniLM's tokens, averaged under the mask and scaled to length one."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import Request, Result
from model_registry.catalog_kit.minilm import embed


def run(request: Request) -> Result:
    vectors, cut = embed(request.nets, request.input["texts"])
    warnings = [f"{cut} of the texts were longer than 256 tokens and were cut"] if cut else []
    rounded = vectors.astype(np.float64).round(6)  # float32 would print long tails
    return Result({"dimensions": rounded.shape[1], "embeddings": rounded}, warnings=warnings)
