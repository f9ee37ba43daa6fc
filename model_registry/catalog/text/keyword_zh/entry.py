"""Chinese keywords by TF-IDF or TextRank (jieba)."""

from __future__ import annotations

import logging

import jieba
import jieba.analyse

from model_registry.catalog_kit import InvalidInput, Request, Result

jieba.setLogLevel(logging.WARNING)
jieba.initialize()


def run(request: Request) -> Result:
    text = request.input["text"]
    extract = jieba.analyse.extract_tags if request.parameters["method"] == "tfidf" else jieba.analyse.textrank
    found = extract(text, topK=request.parameters["top"], withWeight=True)
    if not found:
        raise InvalidInput("the text holds no Chinese or other words to rank", field="text")
    return Result({"results": [{"index": max(0, text.find(word)), "text": word, "score": round(float(score), 4)}
                               for word, score in found]})
