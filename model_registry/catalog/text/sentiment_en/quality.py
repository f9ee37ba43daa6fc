"""Reviews and messages of known tone, written for this apart from the lexicon's own examples."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

TONES = {
    "positive": (
        "Arrived a day early and works like a charm.",
        "Best headphones I have owned, the bass is superb!",
        "The staff went out of their way to help us.",
        "I would buy this again without thinking twice.",
        "Not bad at all, I am pleasantly surprised.",
        "My kids love it and so do I.",
        "Setup took two minutes, and the picture is gorgeous.",
        "Great value, thank you for the quick answer.",
        "The update finally fixed my problem, well done.",
        "A calm, friendly place with delicious food.",
        "Five stars from the whole family.",
        "It does exactly what it promises.",
    ),
    "negative": (
        "Stopped working after three days.",
        "The room was dirty and the night was loud.",
        "I want my money back.",
        "Terrible support, nobody ever answers.",
        "Not good, the colour is plain wrong.",
        "The worst purchase I made this year.",
        "It broke the first time we used it.",
        "Waited two hours and the food was cold.",
        "The app crashes every time, what a waste.",
        "I am very disappointed with the quality.",
        "They ignored my complaint for weeks.",
        "Cheap plastic, fell apart at once.",
    ),
}


def measure(ask: Ask) -> list[Measure]:
    verdicts = {tone: [ask(text=text).output["verdict"] for text in texts] for tone, texts in TONES.items()}
    pairs = [(tone, verdict) for tone, found in verdicts.items() for verdict in found]
    neutral = sum(verdict == "neutral" for _, verdict in pairs)
    opposite = sum(verdict not in (tone, "neutral") for tone, verdict in pairs)
    data = f"{len(pairs)} short reviews and messages written for this, half of each tone"
    return [
        Measure("accuracy", 100 * sum(t == v for t, v in pairs) / len(pairs), "%", data=data, at_least=55),
        Measure("opposite tone", 100 * opposite / len(pairs), "%", data=data, at_most=20),
        Measure("called neutral", 100 * neutral / len(pairs), "%", data=data),
    ]
