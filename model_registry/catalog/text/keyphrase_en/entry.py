"""Candidate phrases between stop words, ranked by similarity to the whole text and kept diverse (MMR)."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from model_registry.catalog_kit import InvalidInput, Request, Result
from model_registry.catalog_kit.minilm import embed

MOST = 250
ENDINGS = ("ly",)


def candidates(text: str) -> list[str]:
    found: Counter[str] = Counter()
    shown: dict[str, str] = {}
    for part in re.split(r"[^\w\s'’-]+|\s-\s", text):
        run: list[str] = []
        for word in [*part.split(), ""]:
            stop = (
                not word
                or word.lower().strip("'’") in ENGLISH_STOP_WORDS
                or word.lower().endswith(ENDINGS)
                or not word[0].isalpha()
            )
            if not stop:
                run.append(word)
                continue
            for size in range(1, 4):
                for i in range(len(run) - size + 1):
                    phrase = " ".join(run[i : i + size])
                    if len(phrase) > 3:
                        found[phrase.lower()] += 1
                        shown.setdefault(phrase.lower(), phrase)
            run = []
    return [shown[p] for p, _ in found.most_common(MOST)]


def run(request: Request) -> Result:
    text, top = request.input["text"], request.parameters["top"]
    phrases = candidates(text)
    if not phrases:
        raise InvalidInput("the text holds no English phrases", field="text")
    vectors, cut = embed(request.nets, [text, *phrases])
    relevance, between = vectors[1:] @ vectors[0], vectors[1:] @ vectors[1:].T
    diversity = request.parameters["diversity"]
    chosen: list[int] = []
    while len(chosen) < min(top, len(phrases)):
        repeat = between[:, chosen].max(1) if chosen else np.zeros(len(phrases))
        score = (1 - diversity) * relevance - diversity * repeat
        score[chosen] = -np.inf
        chosen.append(int(np.argmax(score)))
    return Result(
        {"results": [{"index": i, "text": phrases[i], "score": round(float(relevance[i]), 4)} for i in chosen]},
        warnings=["the text was cut at 256 tokens for its overall meaning"] if cut else [],
    )
