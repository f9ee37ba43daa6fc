"""Every kind whose shape the number has is checked by its own arithmetic."""

from __future__ import annotations

import re
from collections.abc import Callable

from model_registry.catalog_kit import InvalidInput, Request, Result, check

VIN_VALUES = {**{str(d): d for d in range(10)}, **dict(zip("ABCDEFGH", range(1, 9), strict=True)),
              **dict(zip("JKLMN", range(1, 6), strict=True)), "P": 7, "R": 9,
              **dict(zip("STUVWXYZ", range(2, 10), strict=True))}
VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def _gs1(number: str) -> bool:
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(number[:-1])))
    return (10 - total % 10) % 10 == int(number[-1])


def _eleven(number: str, length: int) -> bool:
    """ISBN-10 and ISSN: weights down to 1, modulo 11, X is ten."""
    values = [10 if c == "X" else int(c) for c in number]
    return sum(v * (length - i) for i, v in enumerate(values)) % 11 == 0


def _luhn(number: str) -> bool:
    doubled = (int(d) * (1 + i % 2) for i, d in enumerate(reversed(number)))
    return sum(v - 9 if v > 9 else v for v in doubled) % 10 == 0


def _vin(number: str) -> bool:
    rest = sum(VIN_VALUES[c] * w for c, w in zip(number, VIN_WEIGHTS, strict=True)) % 11
    return number[8] == ("X" if rest == 10 else str(rest))


def _container(number: str) -> bool:
    """ISO 6346: letters from 10, leaving out multiples of 11; weights double."""
    letters = [n for n in range(10, 39) if n % 11]
    values = [int(c) if c.isdigit() else letters[ord(c) - 65] for c in number[:10]]
    return sum(v * 2**i for i, v in enumerate(values)) % 11 % 10 == int(number[10])


KINDS: dict[str, tuple[str, Callable[[str], bool], str]] = {
    "ISBN-13": (r"97[89]\d{10}", _gs1, "book"), "GTIN-13": (r"\d{13}", _gs1, "EAN on products"),
    "GTIN-8": (r"\d{8}", _gs1, "short EAN"), "GTIN-12": (r"\d{12}", _gs1, "UPC"),
    "GTIN-14": (r"\d{14}", _gs1, "trade unit"),
    "SSCC": (r"\d{18}", _gs1, "logistic unit"), "ISBN-10": (r"\d{9}[\dX]", lambda n: _eleven(n, 10), "book, old"),
    "ISSN": (r"\d{7}[\dX]", lambda n: _eleven(n, 8), "periodical"), "IMEI": (r"\d{15}", _luhn, "mobile device"),
    "VIN": (r"[A-HJ-NPR-Z0-9]{17}", _vin, "vehicle; the digit is only used in North America and China"),
    "container": (r"[A-Z]{3}[UJZ]\d{7}", _container, "freight container"),
}


def run(request: Request) -> Result:
    number = re.sub(r"[\s.–-]", "", request.input["text"]).upper().removeprefix("ISBN").removeprefix("ISSN").lstrip(":")
    checks = []
    for name, (shape, holds, detail) in KINDS.items():
        if re.fullmatch(shape, number, re.ASCII):
            checks.append(check(name, holds(number), number, detail))
    if not checks:
        raise InvalidInput("no known kind of number has this shape", field="text")
    valid = [c["name"] for c in checks if c["passed"]]
    return Result({"verdict": f"valid {valid[0]}" if valid else "invalid", "score": float(bool(valid)),
                   "checks": checks})
