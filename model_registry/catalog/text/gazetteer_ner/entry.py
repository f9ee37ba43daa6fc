"""Aho–Corasick over normalised text; overlapping finds are settled for the longest."""

from __future__ import annotations

import unicodedata
from collections import deque

from model_registry.catalog_kit import InvalidInput, Request, Result


def normalised(text: str, accents: bool) -> tuple[str, list[int]]:
    """The text as it is matched, and for each of its characters the place in the original."""
    out, places = [], []
    for i, c in enumerate(text):
        folded = unicodedata.normalize("NFKC", c).casefold()
        if not accents:
            folded = "".join(x for x in unicodedata.normalize("NFD", folded) if not unicodedata.combining(x))
        out.append(folded)
        places += [i] * len(folded)
    return "".join(out), places


def is_word(c: str) -> bool:
    return c.isalnum() and not "\u3040" <= c <= "\u9fff"


def run(request: Request) -> Result:
    text, accents = request.input["text"], request.parameters["accents"]
    step: list[dict[str, int]] = [{}]
    ends: list[list[tuple[int, str, str]]] = [[]]
    for label, terms in request.input["terms"].items():
        for term in terms:
            clean, _ = normalised(term.strip(), accents)
            if not clean:
                raise InvalidInput("a term is empty", field=f"/input/terms/{label}")
            node = 0
            for c in clean:
                if c not in step[node]:
                    step[node][c] = len(step)
                    step.append({})
                    ends.append([])
                node = step[node][c]
            ends[node].append((len(clean), label, term))
        if len(step) > 500_000:
            raise InvalidInput("the terms are longer than 500,000 letters together", field="terms")
    fail = [0] * len(step)
    queue = deque(step[0].values())
    while queue:
        node = queue.popleft()
        for c, child in step[node].items():
            back = fail[node]
            while back and c not in step[back]:
                back = fail[back]
            fail[child] = step[back].get(c, 0)
            ends[child] = ends[child] + ends[fail[child]]
            queue.append(child)
    flat, places = normalised(text, accents)
    found, node = [], 0
    for i, c in enumerate(flat):
        while node and c not in step[node]:
            node = fail[node]
        node = step[node].get(c, 0)
        for length, label, term in ends[node]:
            a, b = i + 1 - length, i + 1
            whole = not (a and is_word(flat[a - 1]) and is_word(flat[a])) and not (
                b < len(flat) and is_word(flat[b]) and is_word(flat[b - 1]))
            if whole or not request.parameters["whole_words"]:
                found.append((length, places[a], places[b - 1] + 1, label, term))
    spans, taken = [], [False] * (len(text) + 1)
    for _, a, b, label, term in sorted(found, key=lambda f: (-f[0], f[1], f[3])):
        if not any(taken[a:b]):
            taken[a:b] = [True] * (b - a)
            spans.append({"start": a, "end": b, "label": label, "text": text[a:b], "term": term})
    return Result({"text": text, "spans": sorted(spans, key=lambda s: s["start"])})
