"""Snowball stemmers."""

from __future__ import annotations

import re

import snowballstemmer

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?", request.input["text"])
    if not words:
        raise InvalidInput("the text holds no words", field="text")
    stems = snowballstemmer.stemmer(request.parameters["language"]).stemWords([w.lower() for w in words])
    return Result({"tokens": [{"text": w, "tag": s} for w, s in zip(words, stems, strict=True)]})
