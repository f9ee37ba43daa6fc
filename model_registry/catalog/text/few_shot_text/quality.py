"""Learned from five sentences a subject, tried on sentences that use other words."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

TRAIN = {
    "delivery": [
        "The parcel arrived late",
        "My delivery took three weeks",
        "Shipping was far too slow",
        "The courier lost my package",
        "When will my order come?",
    ],
    "bug": [
        "The app crashes at start",
        "The software freezes on my phone",
        "The program closes by itself",
        "There is an error after the update",
        "The screen stays black",
    ],
    "billing": [
        "I was charged twice",
        "The invoice shows a wrong amount",
        "Please refund my payment",
        "My card was billed by mistake",
        "I need a receipt",
    ],
    "login": [
        "I can't log in",
        "I forgot my password",
        "The login code never arrives",
        "My account is locked",
        "How do I reset my password?",
    ],
}
TEST = {
    "delivery": [
        "Has my shipment left the warehouse?",
        "Nobody brought the box I ordered",
        "Tracking says it is in another city",
    ],
    "bug": [
        "It stops responding after a minute",
        "The button does nothing when pressed",
        "Constant error messages on the tablet",
    ],
    "billing": [
        "Money was taken from my account two times",
        "The price on the bill is too high",
        "I want my money back",
    ],
    "login": ["Sign in fails with my credentials", "My user name is not recognised", "Two-factor code is rejected"],
}


def measure(ask: Ask) -> list[Measure]:
    examples = [{"text": t, "label": k} for k, texts in TRAIN.items() for t in texts]
    wanted = [k for k, texts in TEST.items() for _ in texts]
    rows = ask(examples=examples, texts=[t for texts in TEST.values() for t in texts]).output["rows"]
    return [
        Measure(
            "accuracy",
            sum(r["label"] == k for r, k in zip(rows, wanted, strict=True)) / len(wanted),
            "",
            data="12 sentences in other words, 5 examples a label",
            at_least=0.75,
        )
    ]
