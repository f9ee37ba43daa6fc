"""Sentences of two or three languages one after the other: how many letters get the right language?"""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

PARTS = [
    [
        ("en", "Please read the attached letter before the meeting on Monday. "),
        ("de", "Die Lieferung kommt leider erst am nächsten Freitag bei Ihnen an. "),
        ("zh", "我们会尽快通知您新的日期。"),
    ],
    [
        ("fr", "Nous avons bien reçu votre commande et nous vous remercions. "),
        ("en", "It will be shipped from our warehouse within three days."),
    ],
    [
        ("es", "La reunión empieza a las nueve de la mañana en la sala grande. "),
        ("ru", "Пожалуйста, не опаздывайте и возьмите с собой документы. "),
        ("ja", "会議は九時に始まります。"),
    ],
]


def measure(ask: Ask) -> list[Measure]:
    right = total = 0
    for parts in PARTS:
        text, truth = "".join(p for _, p in parts), [c for c, p in parts for _ in p]
        found: list[str | None] = [None] * len(text)
        for s in ask(text=text).output["spans"]:
            found[s["start"] : s["end"]] = [s["label"]] * (s["end"] - s["start"])
        right += sum(a == b for a, b in zip(found, truth, strict=True))
        total += len(text)
    return [
        Measure("letters with the right language", right / total, "", data="3 texts of 2 or 3 languages", at_least=0.9)
    ]
