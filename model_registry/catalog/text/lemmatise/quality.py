"""Inflected words whose lemmas any dictionary gives."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

KNOWN = {
    "en": {"children": "child", "running": "run", "mice": "mouse", "better": "good", "went": "go", "houses": "house"},
    "de": {"Häuser": "Haus", "ging": "gehen", "Kindern": "Kind", "schönsten": "schön"},
    "fr": {"chevaux": "cheval", "mangeons": "manger", "petites": "petit"},
    "es": {"niños": "niño", "hablamos": "hablar"},
}


def measure(ask: Ask) -> list[Measure]:
    right = total = 0
    for language, words in KNOWN.items():
        found = {
            t["text"]: t["tag"] for t in ask(text=" ".join(words), parameters={"language": language}).output["tokens"]
        }
        right += sum(found.get(w, "").lower() == lemma.lower() for w, lemma in words.items())
        total += len(words)
    return [Measure("lemmas right", right / total, "", data="15 inflected words in 4 languages", at_least=0.85)]
