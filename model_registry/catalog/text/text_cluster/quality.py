"""Sentences of five subjects, mixed: are the subjects found again?"""

from __future__ import annotations

from sklearn.metrics import adjusted_rand_score

from model_registry.catalog_kit.quality import Ask, Measure

SUBJECTS = [
    [
        "The parcel arrived late",
        "My delivery took three weeks",
        "Shipping was far too slow",
        "The courier lost my package",
        "When will my order be delivered?",
    ],
    [
        "The app crashes at start",
        "The software freezes on my phone",
        "The program closes by itself",
        "There is a bug after the update",
        "The screen stays black when I open the app",
    ],
    [
        "I was charged twice",
        "The invoice shows a wrong amount",
        "Please refund my payment",
        "My card was billed by mistake",
        "I need a receipt for the payment",
    ],
    [
        "I can't log in",
        "I forgot my password",
        "The login code never arrives",
        "My account is locked",
        "How do I reset my password?",
    ],
    [
        "The soup was cold",
        "The waiter was friendly",
        "We waited an hour for our meal",
        "The pizza tasted great",
        "The restaurant was too loud",
    ],
]


def measure(ask: Ask) -> list[Measure]:
    pairs = [(text, k) for i in range(5) for k, subject in enumerate(SUBJECTS) for text in subject[i : i + 1]]
    rows = ask(texts=[t for t, _ in pairs], parameters={"groups": 5}).output["rows"]
    ari = adjusted_rand_score([k for _, k in pairs], [r["group"] for r in rows])
    return [Measure("adjusted Rand index", float(ari), "", data="25 sentences of 5 subjects", at_least=0.6)]
