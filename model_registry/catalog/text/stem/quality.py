"""The vocabulary that the algorithm's author publishes."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

KNOWN = {
    "consign": "consign",
    "consigned": "consign",
    "consistency": "consist",
    "conspiracy": "conspiraci",
    "knightly": "knight",
    "knots": "knot",
    "generously": "generous",
    "happiness": "happi",
    "skies": "sky",
    "dying": "die",
}
FAMILIES = {
    "german": "Aufgabe Aufgaben",
    "french": "continuer continuera",
    "spanish": "trabajo trabajos",
    "russian": "книга книги",
}


def measure(ask: Ask) -> list[Measure]:
    found = {t["text"]: t["tag"] for t in ask(text=" ".join(KNOWN)).output["tokens"]}
    wrong = sum(found[w] != s for w, s in KNOWN.items())
    for language, words in FAMILIES.items():
        wrong += len({t["tag"] for t in ask(text=words, parameters={"language": language}).output["tokens"]}) != 1
    return [
        Measure(
            "wrong stems",
            wrong,
            "of 14",
            data="sample vocabulary of the English stemmer; word families of 4 languages",
            at_most=0,
        )
    ]
