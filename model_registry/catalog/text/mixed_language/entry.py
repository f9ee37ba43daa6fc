"""Sentences and quoted parts, the language of each (lingua), and neighbours of one language joined."""

from __future__ import annotations

import re
from functools import cache

from lingua import Language, LanguageDetector, LanguageDetectorBuilder

from model_registry.catalog_kit import InvalidInput, Request, Result

LANGUAGES = (
    "ENGLISH", "GERMAN", "FRENCH", "SPANISH", "ITALIAN", "PORTUGUESE", "DUTCH", "POLISH", "RUSSIAN", "UKRAINIAN",
    "CHINESE", "JAPANESE", "KOREAN", "ARABIC", "TURKISH", "SWEDISH", "CZECH", "GREEK", "HINDI", "VIETNAMESE")


# Up to a stop, a line's end, or a quotation; never in the middle of a word.
ENDS = ".!?。！？\n" + '"“”„«»'
SENTENCE = re.compile(f"[^{ENDS}]*[{ENDS}]+\\s*|[^{ENDS}]+")


@cache
def detector() -> LanguageDetector:
    chosen = [getattr(Language, name) for name in LANGUAGES]
    return LanguageDetectorBuilder.from_languages(*chosen).with_low_accuracy_mode().build()


def run(request: Request) -> Result:
    text = request.input["text"]
    if not any(c.isalpha() for c in text):
        raise InvalidInput("the text holds no letters", field="text")
    spans: list[dict[str, object]] = []
    for match in SENTENCE.finditer(text):
        piece = match.group()
        language = detector().detect_language_of(piece) if any(c.isalpha() for c in piece) else None
        code = language.iso_code_639_1.name.lower() if language is not None else None
        if spans and code in (None, spans[-1]["label"]):
            spans[-1] |= {"end": match.end(), "text": text[spans[-1]["start"]:match.end()]}
        elif code is not None:
            spans.append({"start": match.start(), "end": match.end(), "label": code, "text": piece})
    return Result({"text": text, "spans": spans})
