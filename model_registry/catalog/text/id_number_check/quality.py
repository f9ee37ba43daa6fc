"""Numbers published as examples, and each of their single-digit errors and neighbours swapped."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

KNOWN = (
    ("4111111111111111", "payment card"),
    ("5500005555555559", "payment card"),
    ("378282246310005", "payment card"),
    ("DE89370400440532013000", "IBAN"),
    ("GB29NWBK60161331926819", "IBAN"),
    ("FR1420041010050500013M02606", "IBAN"),
    ("0306406152", "ISBN-10"),
    ("080442957X", "ISBN-10"),
    ("9780306406157", "ISBN-13"),
    ("4006381333931", "EAN-13"),
    ("73513537", "EAN-8"),
    ("11010519491231002X", "Chinese identity number"),
    ("91350100M000100Y43", "Chinese social credit code"),
)


def accepts(ask: Ask, text: str, scheme: str) -> bool:
    return any(c["name"] == scheme and c["passed"] for c in ask(text=text).output["checks"])


def measure(ask: Ask) -> list[Measure]:
    valid = [accepts(ask, text, scheme) for text, scheme in KNOWN]
    wrong, total, swapped, pairs = 0, 0, 0, 0
    for text, scheme in KNOWN:
        for i, c in enumerate(text):
            if c.isdigit():
                wrong += accepts(ask, text[:i] + str((int(c) + 3) % 10) + text[i + 1 :], scheme)
                total += 1
            if i and c.isdigit() and text[i - 1].isdigit() and c != text[i - 1]:
                swapped += accepts(ask, text[: i - 1] + c + text[i - 1] + text[i + 1 :], scheme)
                pairs += 1
    return [
        Measure(
            "published numbers accepted",
            100 * sum(valid) / len(valid),
            "%",
            at_least=100,
            data=f"{len(KNOWN)} examples of their standards in eight schemes",
        ),
        Measure("single wrong digits accepted", 100 * wrong / total, "%", data=f"{total} changed digits", at_most=1),
        Measure(
            "swapped neighbours accepted",
            100 * swapped / pairs,
            "%",
            at_most=12,
            data=f"{pairs} swaps; the check digits of EAN miss those that differ by five",
        ),
    ]
