"""Language identification by character n-grams (lingua, low-accuracy mode)."""

from __future__ import annotations

from functools import cache

from lingua import LanguageDetector, LanguageDetectorBuilder

from model_registry.catalog_kit import InvalidInput, Request, Result


@cache
def _detector() -> LanguageDetector:
    return LanguageDetectorBuilder.from_all_languages().with_low_accuracy_mode().build()


def run(request: Request) -> Result:
    text = request.input["text"]
    if not any(c.isalpha() for c in text):
        raise InvalidInput("the text holds no letters", field="text")
    ranked = _detector().compute_language_confidence_values(text)[: request.parameters["top"]]
    labels = [{"label": c.language.iso_code_639_1.name.lower(), "score": round(c.value, 4)} for c in ranked]
    names = {c.language.iso_code_639_1.name.lower(): c.language.name.title() for c in ranked}
    warnings = ["short text: the answer is unsure"] if sum(c.isalpha() for c in text) < 20 else []
    return Result({"labels": labels, "names": names}, warnings=warnings)
