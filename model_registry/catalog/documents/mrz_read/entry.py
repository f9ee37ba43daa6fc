"""Finds the rows of the zone, mends look-alikes by the type of each field, and verifies the check digits."""

from __future__ import annotations

import re

from model_registry.catalog_kit import InvalidInput, Request, Result
from model_registry.catalog_kit.ocr import rows_of_request

TO_DIGIT = str.maketrans("OQDILZSGB", "000112568")
TO_LETTER = str.maketrans("0125680", "OIZSGBO")
WEIGHTS = (7, 3, 1)
# kind → (rows, length); fields as (name, row, start, end, type); checks as (name, [(row, start, end)], (row, place))
SHAPES = {
    "TD3": (2, 44, (("number", 1, 0, 9, "any"), ("nationality", 1, 10, 13, "letters"), ("born", 1, 13, 19, "digits"),
                    ("sex", 1, 20, 21, "letters"), ("expires", 1, 21, 27, "digits"),
                    ("personal_number", 1, 28, 42, "any")),
            ((("number", ((1, 0, 9),), (1, 9)), ("born", ((1, 13, 19),), (1, 19)), ("expires", ((1, 21, 27),), (1, 27)),
              ("composite", ((1, 0, 10), (1, 13, 20), (1, 21, 43)), (1, 43))))),
    "TD2": (2, 36, (("number", 1, 0, 9, "any"), ("nationality", 1, 10, 13, "letters"), ("born", 1, 13, 19, "digits"),
                    ("sex", 1, 20, 21, "letters"), ("expires", 1, 21, 27, "digits")),
            ((("number", ((1, 0, 9),), (1, 9)), ("born", ((1, 13, 19),), (1, 19)), ("expires", ((1, 21, 27),), (1, 27)),
              ("composite", ((1, 0, 10), (1, 13, 20), (1, 21, 35)), (1, 35))))),
    "TD1": (3, 30, (("number", 0, 5, 14, "any"), ("born", 1, 0, 6, "digits"), ("sex", 1, 7, 8, "letters"),
                    ("expires", 1, 8, 14, "digits"), ("nationality", 1, 15, 18, "letters")),
            ((("number", ((0, 5, 14),), (0, 14)), ("born", ((1, 0, 6),), (1, 6)), ("expires", ((1, 8, 14),), (1, 14)),
              ("composite", ((0, 5, 30), (1, 0, 7), (1, 8, 15), (1, 18, 29)), (1, 29))))),
}


def run(request: Request) -> Result:
    rows = [re.sub(r"[^A-Z0-9<]", "", row.upper().replace("«", "<<").replace(" ", ""))
            for row in rows_of_request(request.input)]
    kind, zone = _zone(rows)
    _, length, fields, checks = SHAPES[kind]
    zone = [list(row) for row in zone]
    for _, row, start, end, type_ in fields:
        table = {"digits": TO_DIGIT, "letters": TO_LETTER}.get(type_)
        if table:
            zone[row][start:end] = list("".join(zone[row][start:end]).translate(table))
    for _, _, (row, place) in checks:
        zone[row][place] = zone[row][place].translate(TO_DIGIT)
    name_row = 2 if kind == "TD1" else 0
    names = "".join(zone[name_row])[0 if kind == "TD1" else 5:].translate(TO_LETTER)
    surname, _, given = names.partition("<<")
    values: list[dict[str, object]] = [
        {"name": "kind", "value": kind}, {"name": "document", "value": "".join(zone[0][:2]).strip("<")},
        {"name": "issuer", "value": "".join(zone[0][2:5]).translate(TO_LETTER).strip("<")},
        {"name": "surname", "value": _words(surname)}, {"name": "given_names", "value": _words(given)}]
    for name, row, start, end, type_ in fields:
        text = "".join(zone[row][start:end]).strip("<")
        values.append({"name": name, "value": _date(text, name) if type_ == "digits" else text})
    failed = []
    for name, parts, (row, place) in checks:
        text = "".join("".join(zone[r][a:b]) for r, a, b in parts)
        if str(_digit(text)) != zone[row][place].replace("<", "0"):
            failed.append(name)
    values.append({"name": "checks_hold", "value": not failed})
    warnings = [f"the check digit of {name} does not hold" for name in failed]
    return Result({"values": values, "zone": ["".join(r) for r in zone], "length": length}, warnings=warnings)


def _zone(rows: list[str]) -> tuple[str, list[str]]:
    """Rows that follow each other, each of about the right length with a filler among them."""
    for kind, (count, length, *_rest) in SHAPES.items():
        for start in range(len(rows) - count + 1):
            part = rows[start:start + count]
            if part[0].startswith("<"):  # readers lose a narrow first letter, which only ID cards have: I
                part = ["I" + part[0], *part[1:]]
            if all(abs(len(r) - length) <= 3 for r in part) and sum(r.count("<") for r in part) >= 4:
                return kind, [_fit(r, length) for r in part]
    raise InvalidInput("no machine-readable zone found", field="image")


def _fit(row: str, length: int) -> str:
    """The row at its length: fillers are what a reader loses or doubles, in the longest run of them."""
    if len(row) != length and "<" in row:
        run = max(re.finditer("<+", row), key=lambda m: len(m.group()))
        size = max(1, len(run.group()) + length - len(row))
        row = row[:run.start()] + "<" * size + row[run.end():]
    return row[:length].ljust(length, "<")


def _digit(text: str) -> int:
    """ICAO 9303: digits by their value, A is 10, the filler 0; weights 7, 3, 1."""
    values = (0 if c == "<" else int(c, 36) for c in text)
    return sum(v * WEIGHTS[i % 3] for i, v in enumerate(values)) % 10


def _words(text: str) -> str:
    return " ".join(text.replace("<", " ").split())


def _date(text: str, name: str) -> str:
    """YYMMDD as a date: births lie in the past hundred years, expiries before 2070."""
    if not re.fullmatch(r"\d{6}", text):
        return text
    year = int(text[:2])
    century = (1900 if year > 26 else 2000) if name == "born" else (2000 if year < 70 else 1900)
    return f"{century + year}-{text[2:4]}-{text[4:]}"
