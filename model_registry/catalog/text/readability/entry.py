"""Classic readability formulas over words, sentences and syllables."""

from __future__ import annotations

import re

from model_registry.catalog_kit import InvalidInput, Request, Result


def syllables(word: str) -> int:
    """Groups of vowels, without a silent final e."""
    groups = len(re.findall(r"[aeiouy]+", word))
    if word.endswith("e") and not word.endswith(("le", "ee", "ye")) and groups > 1:
        groups -= 1
    return max(1, groups)


def run(request: Request) -> Result:
    text = request.input["text"]
    words = re.findall(r"[A-Za-z]+(?:['’][A-Za-z]+)?", text)
    if not words:
        raise InvalidInput("the text holds no English words", field="text")
    sentences = max(1, len([s for s in re.split(r"[.!?]+(?:\s|$)", text) if re.search("[A-Za-z]", s)]))
    counts = [syllables(w.lower()) for w in words]
    letters = sum(c.isalpha() for w in words for c in w)
    long, per = len(words) / sentences, sum(counts) / len(words)
    hard = sum(n >= 3 for n in counts) / len(words)
    found = (
        ("Flesch reading ease", 206.835 - 1.015 * long - 84.6 * per, "higher is easier"),
        ("Flesch-Kincaid grade", 0.39 * long + 11.8 * per - 15.59, "US school year"),
        ("Gunning fog", 0.4 * (long + 100 * hard), "years of schooling"),
        ("Coleman-Liau", 5.88 * letters / len(words) - 29.6 * sentences / len(words) - 15.8, "US school year"),
        ("Automated readability", 4.71 * letters / len(words) + 0.5 * long - 21.43, "US school year"),
        ("words", float(len(words)), "count"), ("sentences", float(sentences), "count"))
    warnings = ["fewer than 100 words: the scores scatter"] if len(words) < 100 else []
    values = [{"name": n, "value": round(v, 2), "note": note} for n, v, note in found]
    return Result({"values": values}, warnings=warnings)
