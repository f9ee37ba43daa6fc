"""Pinyin by phrase dictionaries (pypinyin), words found by jieba."""

from __future__ import annotations

import jieba
from pypinyin import Style, lazy_pinyin

from model_registry.catalog_kit import InvalidInput, Request, Result

STYLES = {"marks": Style.TONE, "numbers": Style.TONE3, "plain": Style.NORMAL, "initials": Style.FIRST_LETTER}
jieba.setLogLevel(60)


def run(request: Request) -> Result:
    text = request.input["text"]
    if not any("\u3400" <= c <= "\u9fff" for c in text):
        raise InvalidInput("the text holds no Chinese characters", field="text")
    style = STYLES[request.parameters["style"]]
    words, syllables = [], []
    for word in jieba.cut(text):
        if any("\u3400" <= c <= "\u9fff" for c in word):
            found = lazy_pinyin(word, style=style, neutral_tone_with_five=request.parameters["style"] == "numbers")
            words.append({"word": word, "pinyin": " ".join(found)})
            syllables += found
        elif word.strip():
            syllables.append(word.strip())
    return Result({"values": [{"name": "pinyin", "value": " ".join(syllables)}], "words": words})
