"""Formulas worked by hand, syllables of a dictionary's words, and texts whose order of difficulty is beyond doubt."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

SYLLABLES = {
    "cat": 1,
    "moon": 1,
    "about": 2,
    "breakfast": 2,
    "reading": 2,
    "ability": 4,
    "formula": 3,
    "table": 2,
    "simple": 2,
    "elephant": 3,
    "idea": 3,
    "because": 2,
    "people": 2,
    "information": 4,
    "university": 5,
    "strength": 1,
    "house": 1,
    "imagine": 3,
    "create": 2,
    "every": 2,
    "beautiful": 3,
    "science": 2,
}
TEXTS = (
    "The cat is on the mat. The dog runs to it. They play all day. Then they sleep.",
    "We went to the market on Saturday because my sister wanted fresh bread. It rained, so we took the bus home.",
    "The committee postponed its decision until further evidence concerning environmental consequences of the "
    "proposed development becomes available to independent scientific advisers.",
)


def measure(ask: Ask) -> list[Measure]:
    # Eleven words in two sentences with thirteen syllables.
    known = ask(text="The cat sat on it. A robin sang in summer rain.").values
    hand = 206.835 - 1.015 * 11 / 2 - 84.6 * 13 / 11
    ease = [ask(text=text).values["Flesch reading ease"] for text in TEXTS]
    wrong = 0
    for word, count in SYLLABLES.items():
        # From one word in one sentence the formula gives the syllables back.
        score = ask(text=f"{word}.").values["Flesch reading ease"]
        wrong += round((206.835 - 1.015 - score) / 84.6) != count
    return [
        Measure(
            "error of the reading ease",
            abs(known["Flesch reading ease"] - hand),
            data="a text counted by hand",
            at_most=0.01,
        ),
        Measure(
            "words with wrong syllables", 100 * wrong / len(SYLLABLES), "%", data=f"{len(SYLLABLES)} words", at_most=20
        ),
        Measure(
            "texts in the right order",
            float(ease[0] > ease[1] > ease[2]),
            data="three texts from primer to committee",
            at_least=1,
        ),
    ]
