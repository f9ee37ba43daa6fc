"""Names with typing errors among a thousand others."""

from __future__ import annotations

import random

from model_registry.catalog_kit.quality import Ask, Measure

FIRST = [
    "Anna",
    "Bernd",
    "Carla",
    "David",
    "Elena",
    "Farid",
    "Grace",
    "Hugo",
    "Irina",
    "Jonas",
    "Karin",
    "Lukas",
    "Maria",
    "Nadia",
    "Oscar",
    "Paula",
    "Quentin",
    "Rosa",
    "Stefan",
    "Tanja",
]
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
    "Moreau",
    "Novak",
    "Olsen",
    "Petrov",
    "Quinn",
    "Rossi",
    "Schmidt",
    "Tanaka",
    "Ullmann",
    "Vega",
    "Weber",
    "Xu",
    "Young",
    "Zimmer",
]


def measure(ask: Ask) -> list[Measure]:
    rng = random.Random(0)
    names = [f"{a} {b}" for a in FIRST for b in LAST]
    hits = 0
    for k in range(100):
        true = rng.choice(names)
        letters = list(true)
        for _ in range(2):
            i = rng.randrange(len(letters))
            letters[i] = rng.choice("abcdefghijklmnopqrstuvwxyz") if k % 2 else letters[i - 1]
        found = ask(query="".join(letters), candidates=names, parameters={"top": 1, "scorer": "letters"}).output[
            "results"
        ]
        hits += found[0]["text"] == true
    return [
        Measure("right name first", hits / 100, "", data="100 names with two wrong letters among 520", at_least=0.9)
    ]
