"""Letters into which valid and invalid identifiers are written at known places."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

FOUND = (
    ("EMAIL", "jane.roe@example.com"),
    ("EMAIL", "o'neil+shop@mail.example.co.uk"),
    ("CARD", "4111 1111 1111 1111"),
    ("CARD", "378282246310005"),
    ("IBAN", "DE89370400440532013000"),
    ("IBAN", "GB29 NWBK 6016 1331 9268 19"),
    ("PHONE", "+1 650-253-0000"),
    ("PHONE", "+49 30 303986300"),
    ("IP", "192.0.2.17"),
    ("US_SSN", "536-90-4399"),
    ("CN_ID", "11010519491231002X"),
)
SAFE = (
    "4111111111111112",
    "DE89370400440532013001",
    "999.300.1.2",
    "000-12-3456",
    "110105194912310021",
    "order 20261121-4471",
    "at 10:30 for 12.50",
    "example.com",
    "page 3 of 14",
)
FRAMES = ("Please note {} for later.", "Contact: {}", "we were told ({}) by the customer")


def measure(ask: Ask) -> list[Measure]:
    right = total = leaked = false = 0
    for label, text in FOUND:
        for frame in FRAMES:
            out = ask(text=frame.format(text)).output
            right += [(s["label"], s["text"]) for s in out["spans"]] == [(label, text)]
            leaked += text in out["redacted"]
            total += 1
    for text in SAFE:
        false += sum(bool(ask(text=frame.format(text)).output["spans"]) for frame in FRAMES)
    return [
        Measure(
            "identifiers found whole with their kind",
            100 * right / total,
            "%",
            at_least=90,
            data=f"{total} sentences with one of {len(FOUND)} identifiers",
        ),
        Measure("identifiers left readable", 100 * leaked / total, "%", data="the same", at_most=5),
        Measure(
            "harmless text masked",
            100 * false / len(SAFE) / len(FRAMES),
            "%",
            at_most=12,
            data=f"{len(SAFE) * len(FRAMES)} sentences with wrong check digits, dates, amounts",
        ),
    ]
