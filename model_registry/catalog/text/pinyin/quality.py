"""Characters with several readings in words that settle them."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

KNOWN = {
    "银行行长": "yín háng háng zhǎng",
    "重新": "chóng xīn",
    "重庆": "chóng qìng",
    "音乐": "yīn yuè",
    "快乐": "kuài lè",
    "长江": "cháng jiāng",
    "校长": "xiào zhǎng",
    "还书": "huán shū",
    "首都": "shǒu dū",
    "都是": "dōu shì",
    "目的": "mù dì",
    "参加": "cān jiā",
    "人参": "rén shēn",
    "地方": "dì fāng",
    "头发": "tóu fà",
    "发展": "fā zhǎn",
}


def measure(ask: Ask) -> list[Measure]:
    right = sum(ask(text=word).values["pinyin"] == reading for word, reading in KNOWN.items())
    return [
        Measure(
            "readings right", right / len(KNOWN), "", data="16 words with characters of several readings", at_least=0.85
        )
    ]
