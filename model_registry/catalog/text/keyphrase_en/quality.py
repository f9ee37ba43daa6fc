"""Short texts whose subject is one word that must be among the phrases."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

KNOWN = [
    ("Photosynthesis turns sunlight into chemical energy. In leaves, chlorophyll absorbs light.", "photosynthesis"),
    (
        "The central bank raised interest rates to fight inflation, and mortgages became more expensive.",
        "interest rates",
    ),
    (
        "A vaccine trains the immune system to know a virus. Most vaccines are given twice, and boosters follow.",
        "vaccine",
    ),
    ("The bridge across the strait was built in 1998. Its towers are 298 metres high, and it has six lanes.", "bridge"),
    ("Quantum computers use qubits. Error correction needs many more qubits than machines have.", "quantum computers"),
    ("Coffee beans are roasted at 200 degrees. Dark roasts of coffee taste bitter.", "coffee"),
]


def measure(ask: Ask) -> list[Measure]:
    hits = 0
    for text, subject in KNOWN:
        hits += any(subject in r["text"].lower() for r in ask(text=text).output["results"][:3])
    return [Measure("subject among the first three", hits / len(KNOWN), "", data="6 short texts", at_least=0.8)]
