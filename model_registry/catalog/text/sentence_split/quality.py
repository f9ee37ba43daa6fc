"""Sentences that trip a plain split at stops."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

KNOWN = [
    ("en", ["Dr. Smith arrived at 5 p.m. on Jan. 5th.", "He paid $3.50.", "Was it enough?"]),
    ("en", ["The U.S. economy grew by 2.1 percent.", "Mr. Lee of Acme Inc. agreed."]),
    ("en", ["See fig. 3 for details.", "It works with e.g. Linux and Windows!"]),
    ("de", ["Das kostet z. B. 3,50 Euro.", "Herr Dr. Weber kam am 5. Mai."]),
    ("zh", ["今天天气很好。", "你去哪儿？", "我回家！"]),
    ("fr", ["M. Dupont est arrivé.", "Il est 10 h."]),
]


def measure(ask: Ask) -> list[Measure]:
    right = 0
    for language, sentences in KNOWN:
        text = ("" if language == "zh" else " ").join(sentences)
        right += [r["text"] for r in ask(text=text, parameters={"language": language}).output["results"]] == sentences
    return [
        Measure(
            "texts split right", right / len(KNOWN), "", data="6 texts with abbreviations, in 4 languages", at_least=0.8
        )
    ]
