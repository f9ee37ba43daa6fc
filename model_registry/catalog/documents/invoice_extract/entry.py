"""Reads rows of text and takes fields by their labels; tax numbers and sums are checked by arithmetic."""

from __future__ import annotations

import re
from typing import Any

from model_registry.catalog_kit import Request, Result
from model_registry.catalog_kit.ocr import rows_of_request

AMOUNT = r"([-+]?\d[\d,]*\.\d{2})"
CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # the alphabet of GB 32100
# Field → patterns; the first that matches a row, or the whole text, wins.
FIELDS: dict[str, tuple[str, ...]] = {
    "invoice_code": (r"发票代码[:\s]*(\d{10,12})",),
    "invoice_number": (r"发票号码[:\s]*(\d{8,20})",
                       r"(?i)invoice\s*(?:no|number|nr|#)\.?\s*[:#]?\s*([A-Z0-9][\w/-]*\d[\w/-]*)"),
    "date": (r"开票日期[:\s]*(\d{4}\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日)",
             r"(?i)(?:invoice\s*)?date\s*[:.]?\s*(\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{4})",
             r"(?i)date\s*[:.]?\s*(\d{1,2}\s+[A-Z][a-z]{2,8}\s+\d{4})"),
    "due_date": (r"(?i)due\s*(?:date|by|on)?\s*[:.]?\s*(\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{4})",),
    "check_code": (r"校\s*验\s*码[:\s]*((?:\d{5}\s*){4})",),
    "tax": (r"(?i)(?:vat|tax)\b[^\n]*?" + AMOUNT,),
    "total": (r"(?:小写|价税合计)[^\n]*?[¥￥Y]\s*" + AMOUNT, r"小写[^\n]*?" + AMOUNT,
              r"(?i)(?:grand\s*total|total\s*due|amount\s*due|\btotal)\b[^\n]*?" + AMOUNT),
    "net": (r"(?i)(?:sub\s*total|net(?:\s*amount)?)\b[^\n]*?" + AMOUNT,),
    "iban": (r"(?i)iban\s*:?\s*([A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?)",),
}


def run(request: Request) -> Result:
    rows = rows_of_request(request.input)
    text = "\n".join(rows)
    found: dict[str, Any] = {}
    for name, patterns in FIELDS.items():
        for pattern in patterns:
            match = re.search(pattern, text)
            if match:
                found[name] = re.sub(r"\s+", " ", match.group(1)).strip()
                break
    if re.search("[一-龥]", text):
        _chinese(text, found)
    for name in ("net", "tax", "total"):
        if name in found:
            found[name] = float(str(found[name]).replace(",", ""))
    found["currency"] = next((c for c, p in (("CNY", "[¥￥]|价税|人民币"), ("EUR", "EUR|€"), ("USD", r"USD|\$"),
                                             ("GBP", "GBP|£")) if re.search(p, text)), None)
    warnings = _faults(found)
    values = [{"name": k, "value": v} for k, v in found.items() if v is not None]
    return Result({"values": values, "rows": len(rows)}, warnings=warnings)


def _chinese(text: str, found: dict[str, Any]) -> None:
    """Parties in the order of the form (buyer, then seller), and the row of sums."""
    names = re.findall(r"名\s*称[:\s]*([^\s:]{4,40}?)(?=\s|$|名\s*称|销|购)", text)
    numbers = re.findall(r"(?:识别号|信用代码)[^0-9A-Z]{0,12}([0-9A-Z]{15,20})", text)
    for side, name in zip(("buyer", "seller"), names, strict=False):
        found[side] = name
    for side, number in zip(("buyer_tax_id", "seller_tax_id"), numbers, strict=False):
        found[side] = number
    sums = re.search(r"(?:^|\n)\s*合\s*计[^\n]*?[¥￥Y]?\s*" + AMOUNT + r"[^\n]*?[¥￥Y]?\s*" + AMOUNT, text)
    if sums:
        found["net"], found["tax"] = sums.group(1), sums.group(2)
    if "date" in found:
        year, month, day = re.findall(r"\d+", found["date"])[:3]
        found["date"] = f"{year}-{int(month):02}-{int(day):02}"


def _faults(found: dict[str, Any]) -> list[str]:
    faults = []
    for side in ("buyer_tax_id", "seller_tax_id"):
        number = str(found.get(side, ""))
        if len(number) == 18 and not _credit_code_holds(number):
            faults.append(f"the check character of {side} does not hold; read it again")
    if all(k in found for k in ("net", "tax", "total")) and abs(found["net"] + found["tax"] - found["total"]) > 0.011:
        faults.append("net and tax do not add up to the total")
    faults += [f"no {name} found" for name in ("invoice_number", "date", "total") if name not in found]
    return faults


def _credit_code_holds(number: str) -> bool:
    """GB 32100-2015: weights 3^i mod 31."""
    if any(c not in CREDIT for c in number):
        return False
    total = sum(CREDIT.index(c) * pow(3, i, 31) for i, c in enumerate(number[:17]))
    return CREDIT[(31 - total % 31) % 31] == number[17]
