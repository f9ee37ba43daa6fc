"""Two copies of a register, each row with two typing errors, shuffled, some rows without a partner."""

from __future__ import annotations

import random

from model_registry.catalog_kit.quality import Ask, Measure

FIRST = ["Anna", "Bernd", "Carla", "David", "Elena", "Farid", "Grace", "Hugo", "Irina", "Jonas", "Karin", "Lukas"]
LAST = [
    "Andersson",
    "Baker",
    "Castillo",
    "Dubois",
    "Engel",
    "Ferrari",
    "Gruber",
    "Hansen",
    "Ivanov",
    "Jensen",
    "Keller",
    "Lindgren",
]
CITY = ["Bern", "Oslo", "York", "Lima", "Cork", "Graz", "Lyon", "Turin", "Delft", "Gent"]


def measure(ask: Ask) -> list[Measure]:
    rng = random.Random(1)

    def typo(text: str) -> str:
        letters = list(text)
        letters[rng.randrange(len(letters))] = rng.choice("abcdefghijklmnop")
        return "".join(letters)

    people = [
        {
            "name": f"{rng.choice(FIRST)} {rng.choice(LAST)}",
            "city": rng.choice(CITY),
            "born": f"19{rng.randint(40, 99)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
        }
        for _ in range(160)
    ]
    left, right = people[:130], people[30:]
    dirty = [{**p, "name": typo(p["name"]), "born": typo(p["born"])} for p in right]
    order = rng.sample(range(130), 130)
    rows = ask(left=left, right=[dirty[i] for i in order]).output["rows"]
    good = sum(r["left"] - 30 == order[r["right"]] for r in rows)
    return [
        Measure(
            "precision",
            good / max(len(rows), 1),
            "",
            data="130 and 130 rows, 100 in common, two typing errors each",
            at_least=0.97,
        ),
        Measure("recall", good / 100, "", data="the same", at_least=0.95),
    ]
