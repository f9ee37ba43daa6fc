"""Which schemes a number satisfies, by form and check digit."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from model_registry.catalog_kit import InvalidInput, Request, Result


def luhn(s: str) -> bool:
    digits = [int(c) for c in reversed(s)]
    return sum(d if i % 2 == 0 else d * 2 - 9 * (d > 4) for i, d in enumerate(digits)) % 10 == 0


def iban(s: str) -> bool:
    return int("".join(str(int(c, 36)) for c in s[4:] + s[:4])) % 97 == 1


def isbn10(s: str) -> bool:
    return sum((10 - i) * (10 if c == "X" else int(c)) for i, c in enumerate(s)) % 11 == 0


def ean(s: str) -> bool:
    return sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(reversed(s))) % 10 == 0


def citizen(s: str) -> bool:
    """GB 11643: a date of birth inside and ISO 7064 mod 11-2."""
    try:
        date(int(s[6:10]), int(s[10:12]), int(s[12:14]))
    except ValueError:
        return False
    return sum((10 if c == "X" else int(c)) * 2 ** (17 - i) for i, c in enumerate(s)) % 11 == 1


def social_credit(s: str) -> bool:
    """GB 32100: mod 31 over an alphabet without I, O, S, V and Z."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    total = sum(alphabet.index(c) * pow(3, i, 31) for i, c in enumerate(s[:17]))
    return alphabet[-total % 31] == s[17]


SCHEMES: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    ("payment card", r"\d{13,19}", luhn), ("IBAN", r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", iban),
    ("ISBN-10", r"\d{9}[\dX]", isbn10), ("ISBN-13", r"97[89]\d{10}", ean), ("EAN-13", r"\d{13}", ean),
    ("EAN-8", r"\d{8}", ean), ("Chinese identity number", r"\d{17}[\dX]", citizen),
    ("Chinese social credit code", r"[0-9A-HJ-NPQRTUW-Y]{2}\d{6}[0-9A-HJ-NPQRTUW-Y]{10}", social_credit))


def run(request: Request) -> Result:
    flat = re.sub(r"[\s.-]", "", request.input["text"]).upper()
    if not flat or not flat.isascii() or not flat.isalnum():
        raise InvalidInput("a number holds ASCII letters and digits, spaces and hyphens", field="text")
    checks = []
    for name, form, check in SCHEMES:
        if re.fullmatch(form, flat):
            passed = check(flat)
            checks.append({"name": name, "passed": passed, "value": flat,
                           "detail": "form and check digit agree" if passed else "the check digit is wrong"})
    valid = [str(c["name"]) for c in checks if c["passed"]]
    verdict = f"valid: {', '.join(valid)}" if valid else "invalid" if checks else "unknown form"
    return Result({"verdict": verdict, "score": 1.0 if valid else 0.0, "checks": checks})
