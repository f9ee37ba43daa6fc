"""Classifiers of English sentences: one small committed net over MiniLM's vectors, shared by the trained text entries.

An entry's folder holds `train.txt` and `heldout.txt` (a `[label]` line, then one sentence a line) and the net that
`python -m model_registry.training.text_heads` makes of the first. The second is only ever measured on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from model_registry.catalog_kit.minilm import embed
from model_registry.catalog_kit.types import Request, Result


def text_head(net: str, labels: tuple[str, ...]) -> Callable[[Request], Result]:
    """The `run` of an entry with the input `text`: every label with its probability, best first.

    The net also tells how near the text is to what it was trained on; below the margin fixed in training (negative
    values) the answer says so in a warning, for a text of another subject gets a label too.
    """

    def run(request: Request) -> Result:
        vectors, cut = embed(request.nets, [request.input["text"]])
        found = request.nets.run(net, {"embedding": vectors})
        scores, familiar = found["probabilities"][0], float(found["familiarity"][0, 0])
        warnings = ["the text was cut at 256 tokens"] if cut else []
        if familiar < 0:
            warnings.append("unlike the texts this model was trained on: the label may mean nothing")
        order = np.argsort(-scores, kind="stable")
        return Result({"labels": [{"label": labels[i], "score": round(float(scores[i]), 4)} for i in order],
                       "familiarity": round(familiar, 4)}, warnings=warnings)

    return run


def read_sentences(path: Path) -> tuple[list[str], list[str]]:
    """The sentences of a file and the label of each, in the file's order."""
    texts: list[str] = []
    labels: list[str] = []
    label = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            label = line[1:-1]
        elif line:
            texts.append(line)
            labels.append(label)
    return texts, labels
