"""The lines of a machine's log as vectors, the same for training and for serving."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_registry.catalog_kit.minilm import embed
from model_registry.catalog_kit.types import Nets

LINES, WIDTH = 12, 384


def normal_line(line: str) -> str:
    """Without its figures: times, counters and limits tell nothing here, and alike lines become equal."""
    return " ".join(re.sub(r"\d+", "0", line).split())


def stack(vectors: list[NDArray[Any]]) -> NDArray[np.float32]:
    """[LINES, WIDTH]: the last of the lines' vectors, zeros where there are fewer."""
    out = np.zeros((LINES, WIDTH), np.float32)
    for i, vector in enumerate(vectors[-LINES:]):
        out[i] = vector
    return out


def line_vectors(nets: Nets, lines: list[str]) -> NDArray[np.float32]:
    """The last lines of a log, embedded; equal lines once."""
    chosen = [normal_line(line) for line in lines[-LINES:]]
    distinct = sorted(set(chosen))
    vectors, _ = embed(nets, distinct)
    by_line = dict(zip(distinct, vectors, strict=True))
    return stack([by_line[line] for line in chosen])
