"""Words that are in no dictionary, set right to the most frequent word one or two letters away; capitals are kept."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from rapidfuzz import process
from rapidfuzz.distance import OSA

from model_registry.catalog_kit import Request, Result

WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?")
LONGEST = 40


@cache
def counts() -> dict[str, int]:
    lines = (files("symspellpy") / "frequency_dictionary_en_82_765.txt").read_text("utf-8-sig").splitlines()
    return {word: int(count) for word, count in map(str.split, lines)}


@cache
def words_by_length() -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for word in counts():
        found.setdefault(len(word), []).append(word)
    return found


def corrected(word: str, distance: int) -> str:
    """The likeliest spelling; the word itself where it is known, short, an abbreviation or a name."""
    low = word.lower()
    if len(word) < 3 or len(word) > LONGEST or "'" in word or word.isupper() or low in counts():
        return word
    most = distance if len(word) > 4 else 1
    near = [w for n in range(len(low) - most, len(low) + most + 1) for w in words_by_length().get(n, [])]
    found = process.extract(low, near, scorer=OSA.distance, score_cutoff=most, limit=None)
    if not found:
        return word
    # A letter fewer is worth about a thousandfold frequency; the first letter is seldom the wrong one.
    best = min(found, key=lambda f: (f[1] + (f[0][0] != low[0]), -counts()[f[0]]))[0]
    return best.capitalize() if word[0].isupper() else best


def run(request: Request) -> Result:
    text, spans, parts, last = request.input["text"], [], [], 0
    for match in WORD.finditer(text):
        word = match.group()
        inside = match.start() > 0 and not text[: match.start()].rstrip().endswith((".", "!", "?"))
        if word[0].isupper() and inside and request.parameters["keep_names"]:
            continue
        better = corrected(word, request.parameters["distance"])
        if better != word:
            spans.append({"start": match.start(), "end": match.end(), "label": better, "text": word})
            parts += [text[last:match.start()], better]
            last = match.end()
    parts.append(text[last:])
    return Result({"text": text, "spans": spans, "redacted": "".join(parts)})
