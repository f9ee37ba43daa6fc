"""News and messages written for this, sorted into labels that are only described."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

TEXTS = {
    "sports": (
        "The striker scored twice in the last ten minutes.",
        "She won the marathon in a new record time.",
        "The coach named the squad for the cup final.",
    ),
    "business and money": (
        "Shares fell after the company cut its forecast.",
        "The two firms agreed to merge next spring.",
        "The central bank left interest rates unchanged.",
    ),
    "science and technology": (
        "The probe sent back pictures of the comet.",
        "A new chip doubles the speed of laptops.",
        "Researchers sequenced the genome of the plant.",
    ),
    "politics and government": (
        "Parliament passed the bill by a narrow vote.",
        "The minister resigned after the report.",
        "Both candidates met for a final debate.",
    ),
    "health and medicine": (
        "The vaccine protects against the new strain.",
        "Doctors advise less salt for the elderly.",
        "The clinic opened a ward for burns.",
    ),
    "food and cooking": (
        "Fry the onions before you add the rice.",
        "The restaurant is known for its fish soup.",
        "Knead the dough and let it rest for an hour.",
    ),
    "travel and holidays": (
        "Our hotel lay right on the beach.",
        "The train to the mountains takes four hours.",
        "Visitors need a visa to enter the islands.",
    ),
    "weather": (
        "Heavy snow is expected in the north tonight.",
        "The storm brought down trees and power lines.",
        "It stays dry and sunny until the weekend.",
    ),
}


def measure(ask: Ask) -> list[Measure]:
    labels = list(TEXTS)
    ranks = []
    for label, texts in TEXTS.items():
        for text in texts:
            found = [r["label"] for r in ask(text=text, labels=labels).output["labels"]]
            ranks.append(found.index(label) + 1)
    data = f"{len(ranks)} sentences in {len(labels)} labels, written for this; chance is {100 / len(labels):.3g}%"
    return [
        Measure("accuracy", 100 * sum(r == 1 for r in ranks) / len(ranks), "%", data=data, at_least=70),
        Measure("right label among two", 100 * sum(r <= 2 for r in ranks) / len(ranks), "%", data=data, at_least=85),
    ]
