"""Dictionary lemmas with rules as a fallback (simplemma)."""

from __future__ import annotations

import simplemma

from model_registry.catalog_kit import Request, Result


def run(request: Request) -> Result:
    language = request.parameters["language"]
    tokens = simplemma.simple_tokenizer(request.input["text"])
    return Result({"tokens": [{"text": t, "tag": simplemma.lemmatize(t, lang=language)} for t in tokens]})
