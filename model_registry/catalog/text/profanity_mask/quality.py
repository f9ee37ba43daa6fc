"""Swear words plain and disguised; and place names and words that only look like them."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

BAD = ["fuck", "sh1t", "b!tch", "a55hole", "bullshit", "fucking", "bastard", "$hit", "d1ck", "motherfucker"]
GOOD = [
    "Scunthorpe",
    "assessment",
    "class",
    "cockpit",
    "Penistone",
    "hello",
    "shiitake",
    "analysis",
    "document",
    "Essex",
    "cucumber",
    "title",
    "grape",
    "therapist",
    "peacock",
    "button",
]


def measure(ask: Ask) -> list[Measure]:
    missed = sum(not ask(text=f"you {w} there").output["spans"] for w in BAD)
    false = sum(bool(ask(text=f"the {w} is here").output["spans"]) for w in GOOD)
    return [
        Measure("swear words missed", missed, f"of {len(BAD)}", data="plain and disguised", at_most=0),
        Measure("good words masked", false, f"of {len(GOOD)}", data="words that contain swear words", at_most=0),
    ]
