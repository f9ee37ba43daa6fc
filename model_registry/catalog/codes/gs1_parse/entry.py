"""Application identifiers with their lengths; check digits of GTIN, SSCC and GLN, and dates by the calendar."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from model_registry.catalog_kit import InvalidInput, Request, Result

# identifier → (name, fixed length or (0, most), kind)
NAMES: dict[str, tuple[str, int | tuple[int, int], str]] = {
    "00": ("sscc", 18, "check"), "01": ("gtin", 14, "check"), "02": ("content_gtin", 14, "check"),
    "10": ("lot", (1, 20), ""),
    "11": ("production_date", 6, "date"), "12": ("due_date", 6, "date"), "13": ("packaging_date", 6, "date"),
    "15": ("best_before", 6, "date"), "16": ("sell_by", 6, "date"), "17": ("expiry", 6, "date"),
    "20": ("variant", 2, ""),
    "21": ("serial", (1, 20), ""), "22": ("consumer_variant", (1, 20), ""), "240": ("additional_id", (1, 30), ""),
    "241": ("customer_part", (1, 30), ""), "250": ("secondary_serial", (1, 30), ""), "30": ("count", (1, 8), "number"),
    "37": ("trade_items", (1, 8), "number"), "400": ("order_number", (1, 30), ""), "401": ("consignment", (1, 30), ""),
    "402": ("shipment", 17, "check"), "403": ("routing", (1, 30), ""), "410": ("ship_to", 13, "check"),
    "411": ("bill_to", 13, "check"), "412": ("purchased_from", 13, "check"), "413": ("ship_for", 13, "check"),
    "414": ("location", 13, "check"), "415": ("invoicing_party", 13, "check"), "420": ("ship_to_postcode", (1, 20), ""),
    "421": ("ship_to_country_postcode", (3, 12), ""), "422": ("origin_country", 3, "number"),
    "7003": ("expiry_time", 10, ""),
    "710": ("nhrn_de", (1, 20), ""), "8005": ("price_per_unit", 6, "number"), "8006": ("piece_of_trade", 18, ""),
    "8008": ("production_time", (8, 12), ""), "8020": ("payment_slip", (1, 25), ""), "8200": ("url", (1, 70), ""),
    "90": ("internal", (1, 30), ""), **{str(n): ("company_internal", (1, 90), "") for n in range(91, 100)}}
MEASURES = {"310": ("net_weight", "kg"), "311": ("length", "m"), "312": ("width", "m"), "313": ("height", "m"),
            "314": ("area", "m²"), "315": ("net_volume", "l"), "316": ("net_volume", "m³"), "320": ("net_weight", "lb"),
            "330": ("gross_weight", "kg"), "331": ("gross_length", "m"), "335": ("gross_volume", "l"),
            "392": ("price", ""), "390": ("amount", "")}


def run(request: Request) -> Result:
    text = re.sub(r"^\](?:C1|e0|d2|Q3|J1)", "", request.input["text"].strip())
    values: list[dict[str, Any]] = []
    faults: list[str] = []
    for identifier, content in _parts(text):
        if identifier[:3] in MEASURES and len(identifier) == 4:
            name, unit = MEASURES[identifier[:3]]
            if not content.isdigit():
                raise InvalidInput(f"({identifier}) must be digits", field="text")
            value: Any = int(content) / 10 ** int(identifier[3])
            values.append({"name": name, "value": value, "note": f"({identifier})", **({"unit": unit} if unit else {})})
            continue
        name, _, kind = NAMES[identifier]
        value, fault = _value(content, kind)
        if fault:
            faults.append(f"{name}: {fault}")
        values.append({"name": name, "value": value, "note": f"({identifier})"})
    return Result({"values": values, "valid": not faults}, warnings=faults)


def _parts(text: str) -> list[tuple[str, str]]:
    if text.startswith("("):
        found = re.findall(r"\((\d{2,4})\)([^(]*)", text)
        parts = [(identifier, content.strip("\x1d^ ")) for identifier, content in found]
        for identifier, _ in parts:
            _length(identifier)
        return parts
    parts, rest = [], text.replace("^", "\x1d").lstrip("\x1d")
    while rest:
        identifier = next((rest[:n] for n in (2, 3, 4) if _known(rest[:n])), None)
        if identifier is None:
            raise InvalidInput(f"unknown application identifier at {rest[:4]!r}", field="text")
        length, rest = _length(identifier), rest[len(identifier):]
        end = length if isinstance(length, int) else len(rest.partition("\x1d")[0])
        most = length if isinstance(length, int) else length[1]
        content = rest[:min(end, most)]
        if not content or (isinstance(length, int) and len(content) < length):
            raise InvalidInput(f"({identifier}) is too short", field="text")
        parts.append((identifier, content))
        rest = rest[len(content):].lstrip("\x1d")
    if not parts:
        raise InvalidInput("no element found", field="text")
    return parts


def _known(identifier: str) -> bool:
    return identifier in NAMES or (len(identifier) == 4 and identifier[:3] in MEASURES and identifier[3].isdigit())


def _length(identifier: str) -> int | tuple[int, int]:
    if identifier in NAMES:
        return NAMES[identifier][1]
    if _known(identifier):
        return (1, 15) if identifier[:2] == "39" else 6
    raise InvalidInput(f"unknown application identifier ({identifier})", field="text")


def _value(content: str, kind: str) -> tuple[Any, str]:
    if kind == "number":
        return (int(content), "") if content.isascii() and content.isdigit() else (content, "must be digits")
    if kind == "check":
        if not (content.isascii() and content.isdigit()):
            return content, "must be digits"
        total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(content[:-1])))
        return content, "" if (10 - total % 10) % 10 == int(content[-1]) else "the check digit does not hold"
    if kind == "date":
        if not re.fullmatch(r"\d{6}", content):
            return content, "must be YYMMDD"
        year, month, day = 2000 + int(content[:2]), int(content[2:4]), int(content[4:])
        try:
            last = dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)
            return dt.date(year, month, day or last.day).isoformat(), ""
        except ValueError:
            return content, "no such day"
    return content, ""
