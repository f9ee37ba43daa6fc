"""Published numbers of each kind, and every one of them with one digit changed or two swapped."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

# Examples of the standards and of well-known objects.
KNOWN = {"978-3-16-148410-0": "ISBN-13", "4006381333931": "GTIN-13", "96385074": "GTIN-8", "036000291452": "GTIN-12",
         "0-306-40615-2": "ISBN-10", "0378-5955": "ISSN", "490154203237518": "IMEI", "1M8GDM9AXKP042788": "VIN",
         "CSQU3054383": "container", "5GZCZ43D13S812715": "VIN", "080442957X": "ISBN-10"}


def measure(ask: Ask) -> list[Measure]:
    right = caught = changed = 0
    for number, kind in KNOWN.items():
        checks = ask(text=number).output["checks"]
        right += any(c["name"] == kind and c["passed"] for c in checks)
        for place, digit in enumerate(number):
            if digit.isdigit() and place < len(number) - 1:
                wrong = number[:place] + str((int(digit) + 1) % 10) + number[place + 1:]
                outcome = [c["passed"] for c in ask(text=wrong).output["checks"] if c["name"] == kind]
                caught += outcome == [False]
                changed += 1
    return [Measure("published numbers accepted", 100 * right / len(KNOWN), "%",
                    data=f"{len(KNOWN)} numbers of nine kinds",
                    at_least=100),
            Measure("single wrong digits caught", 100 * caught / changed, "%", data=f"{changed} changed numbers",
                    at_least=93)]
