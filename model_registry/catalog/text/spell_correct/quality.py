"""Common misspellings with their correction, and clean text that must stay as it is."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

PAIRS = {
    "recieve": "receive",
    "adress": "address",
    "seperate": "separate",
    "definately": "definitely",
    "occured": "occurred",
    "begining": "beginning",
    "goverment": "government",
    "tommorow": "tomorrow",
    "wierd": "weird",
    "untill": "until",
    "beleive": "believe",
    "enviroment": "environment",
    "neccessary": "necessary",
    "calender": "calendar",
    "freind": "friend",
    "buisness": "business",
    "realy": "really",
    "knowlege": "knowledge",
    "libary": "library",
    "rythm": "rhythm",
}
CLEAN = "The committee received a separate report on the environment and will publish its findings tomorrow."


def measure(ask: Ask) -> list[Measure]:
    right = sum(
        ask(text=f"the {wrong} thing").output["redacted"] == f"the {good} thing" for wrong, good in PAIRS.items()
    )
    touched = len(ask(text=CLEAN).output["spans"])
    return [
        Measure("words corrected", right / len(PAIRS), "", data="20 common misspellings", at_least=0.85),
        Measure("good words changed", touched, "", data="a clean sentence of 15 words", at_most=0),
    ]
