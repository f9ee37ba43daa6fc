"""MiniLM sentence embeddings, shared by the text entries: tokens in, unit vectors out."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kernel.problems import Problem
from model_registry.catalog_kit.types import Nets

if TYPE_CHECKING:
    from tokenizers import Tokenizer

NET = "minilm-l6-int8"
MAX_TOKENS = 256
BATCH = 16


@cache
def _tokenizer() -> Tokenizer:
    from tokenizers import Tokenizer

    from model_registry.catalog_kit.runner import nets_folder

    for path in (nets_folder() / NET / "tokenizer.json", nets_folder() / "tokenizer.json"):
        if path.is_file():
            tokenizer = Tokenizer.from_file(str(path))
            tokenizer.enable_truncation(MAX_TOKENS)
            tokenizer.enable_padding()
            return tokenizer
    raise Problem("model_not_ready", f"the tokenizer of {NET} is not built")


def embed(nets: Nets, texts: list[str]) -> tuple[NDArray[np.float32], int]:
    """One vector of length 1 per text, and how many of the texts were cut at 256 tokens."""
    tokenizer = _tokenizer()
    # Alike lengths share a batch, so that one long text does not pad all the others.
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    vectors: NDArray[np.float32] | None = None
    cut = 0
    for at in range(0, len(order), BATCH):
        chosen = order[at : at + BATCH]
        encoded = tokenizer.encode_batch([texts[i] for i in chosen])
        cut += sum(bool(e.overflowing) for e in encoded)
        found = nets.run(NET, {"input_ids": np.array([e.ids for e in encoded], np.int64),
                               "attention_mask": np.array([e.attention_mask for e in encoded], np.int64)})
        part = found["sentence_embedding"]
        if vectors is None:
            vectors = np.empty((len(texts), part.shape[1]), np.float32)
        vectors[chosen] = part
    if vectors is None:
        raise ValueError("no texts")
    return vectors, cut
