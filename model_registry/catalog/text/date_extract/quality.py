"""Dates in five languages, and words that count from today."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

KNOWN = [
    ("en", "Delivered on 5 March 2025 in Oslo", "2025-03-05"),
    ("de", "geliefert am 5. März 2025 in Köln", "2025-03-05"),
    ("fr", "livré le 5 mars 2025 à Paris", "2025-03-05"),
    ("es", "entregado el 5 de marzo de 2025", "2025-03-05"),
    ("zh", "交货日期2025年3月5日", "2025-03-05"),
    ("en", "I saw it yesterday", "2026-02-09"),
    ("en", "it was 3 days ago", "2026-02-07"),
    ("en", "due on 2026-05-01 at the latest", "2026-05-01"),
]


def measure(ask: Ask) -> list[Measure]:
    right = 0
    for language, text, day in KNOWN:
        spans = ask(text=text, parameters={"language": language, "today": "2026-02-10"}).output["spans"]
        right += any(s["label"].startswith(day) for s in spans)
    return [Measure("dates right", right / len(KNOWN), "", data="8 texts in 5 languages", at_least=0.85)]
