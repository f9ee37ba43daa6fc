"""Structured personal data by pattern and check digit, longest and surest first."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator

import phonenumbers

from model_registry.catalog_kit import Request, Result

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643


def _luhn(text: str) -> bool:
    digits = [int(c) for c in text if c.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = [d if i % 2 == 0 else d * 2 - 9 * (d > 4) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _iban(text: str) -> bool:
    flat = text.replace(" ", "").upper()
    return 15 <= len(flat) <= 34 and int("".join(str(int(c, 36)) for c in flat[4:] + flat[:4])) % 97 == 1


def _cn_id(text: str) -> bool:
    total = sum(int(c) * w for c, w in zip(text[:17], _ID_WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == text[17].upper()


def _ssn(text: str) -> bool:
    area, group, serial = text.split("-")
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def _ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


# Every repetition is bounded, so hostile text costs linear time.
_PATTERNS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("EMAIL", re.compile(r"(?<![\w.+'-])\w[\w.+'-]{0,63}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"), lambda _: True),
    ("IBAN", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"), _iban),
    ("CN_ID", re.compile(r"(?<!\d)\d{17}[\dXx](?![\dXx])"), _cn_id),
    ("CARD", re.compile(r"(?<![\d-])\d(?:[ -]?\d){12,18}(?![\d-])"), _luhn),
    ("US_SSN", re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])"), _ssn),
    ("IP", re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"), _ip),
)


def _phones(text: str, region: str) -> Iterator[tuple[int, int, str]]:
    for match in phonenumbers.PhoneNumberMatcher(text, region):
        opened = match.raw_string.startswith("(") and ")" not in match.raw_string  # that bracket is the sentence's
        yield match.start + opened, match.end, "PHONE"


def run(request: Request) -> Result:
    text, region = request.input["text"], request.parameters["region"]
    found = [(m.start(), m.end(), label) for label, pattern, valid in _PATTERNS for m in pattern.finditer(text)
             if valid(m.group())]
    found += _phones(text, region)
    spans: list[tuple[int, int, str]] = []
    taken = 0
    # Of overlapping finds the earlier start wins; of equal starts the one listed first, which has a check digit.
    for start, end, label in sorted(found, key=lambda f: f[0]):
        if start >= taken:
            spans.append((start, end, label))
            taken = end
    pieces, at = [], 0
    for start, end, label in spans:
        pieces += [text[at:start], f"[{label}]" if request.parameters["mask"] == "label" else "*" * (end - start)]
        at = end
    redacted = "".join([*pieces, text[at:]])
    return Result({"text": text, "redacted": redacted, "spans": [
        {"start": s, "end": e, "label": label, "text": text[s:e]} for s, e, label in spans]})
