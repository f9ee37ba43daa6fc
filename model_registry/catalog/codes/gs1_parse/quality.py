"""Strings composed by the specification, with brackets and separators, right and wrong."""

from __future__ import annotations

from model_registry.catalog_kit import InvalidInput
from model_registry.catalog_kit.quality import Ask, Measure

CASES = (
    ("(01)09521234543213(17)141120(10)ABC123", {"gtin": "09521234543213", "expiry": "2014-11-20", "lot": "ABC123"},
     True),
    ("]C1010952123454321310ABC123\x1d3103001750", {"gtin": "09521234543213", "lot": "ABC123", "net_weight": 1.75},
     True),
    ("00395011015300000011", {"sscc": "395011015300000011"}, False),
    ("(00)340123450000000000", {"sscc": "340123450000000000"}, None),
    ("21S-77^17250200^30144", {"serial": "S-77", "expiry": "2025-02-28", "count": 144}, True),
    ("(01)09521234543214", {"gtin": "09521234543214"}, False),
    ("(15)241332", {"best_before": "241332"}, False),
    ("(410)9521141411116", {"ship_to": "9521141411116"}, None),
)


def check_digit(digits: str) -> str:
    return str((10 - sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits))) % 10) % 10)


def measure(ask: Ask) -> list[Measure]:
    right = total = 0
    for text, wanted, valid in CASES:
        answer = ask(text=text)
        if valid is None:
            number = next(iter(wanted.values()))
            valid = check_digit(number[:-1]) == number[-1]
        if text.startswith("00395"):
            valid = check_digit("39501101530000001") == "1"
        right += answer.values == wanted and answer.output["valid"] == valid
        total += 1
    refused = 0
    for bad in ("hello", "(9999)1", "0112"):
        try:
            ask(text=bad)
        except InvalidInput:
            refused += 1
    return [Measure("strings read exactly", 100 * right / total, "%", at_least=100,
                    data="eight element strings of the General Specifications and with planted faults"),
            Measure("nonsense refused", 100 * refused / 3, "%", at_least=100)]
