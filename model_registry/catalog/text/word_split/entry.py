"""Word segmentation by frequency: the likeliest cut, by dynamic programming."""

from __future__ import annotations

import math
import re
from functools import cache
from importlib.resources import files

from model_registry.catalog_kit import InvalidInput, Request, Result

LONGEST = 24


@cache
def counts() -> dict[str, float]:
    lines = (files("symspellpy") / "frequency_dictionary_en_82_765.txt").read_text("utf-8-sig").splitlines()
    pairs = [line.split() for line in lines]
    total = sum(int(n) for _, n in pairs)
    return {w: math.log(int(n) / total) for w, n in pairs if len(w) > 1 or w in ("a", "i")}


def cut(text: str) -> list[str]:
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(text) + 1):
        options = []
        for start in range(max(0, end - LONGEST), end):
            word = text[start:end]
            cost = counts().get(word.lower(), -12.0 - 3.2 * len(word) if word.isalpha() else -8.0)
            options.append((best[start][0] + cost, start))
        best.append(max(options))
    words, at = [], len(text)
    while at:
        words.append(text[best[at][1]:at])
        at = best[at][1]
    return words[::-1]


def run(request: Request) -> Result:
    tokens = []
    for part in re.findall(r"[A-Za-z]+|[0-9]+|[^A-Za-z0-9\s]", request.input["text"]):
        kind = "word" if part.isalpha() and part.isascii() else "number" if part.isdigit() else "mark"
        tokens += [{"text": w, "tag": kind} for w in (cut(part) if kind == "word" else [part])]
    if not tokens:
        raise InvalidInput("the text holds no words", field="text")
    return Result({"tokens": tokens})
