"""Chinese words and their parts of speech (jieba)."""

from __future__ import annotations

import logging

import jieba
import jieba.posseg

from model_registry.catalog_kit import InvalidInput, Request, Result

jieba.setLogLevel(logging.WARNING)
jieba.initialize()  # at load, so that the first call is as quick as the rest


def run(request: Request) -> Result:
    text = request.input["text"]
    if not text.strip():
        raise InvalidInput("the text is empty", field="text")
    if request.parameters["tags"]:
        words = [(pair.word, pair.flag) for pair in jieba.posseg.cut(text)]
    else:
        words = [(word, "") for word in jieba.cut(text)]
    return Result({"tokens": [{"text": word, "tag": tag} for word, tag in words if word.strip()]})
