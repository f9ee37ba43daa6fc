"""Rows that end in a price are items until the row of the total; their sum is compared with it."""

from __future__ import annotations

import re

from model_registry.catalog_kit import Request, Result
from model_registry.catalog_kit.ocr import rows_of_request

PRICE = re.compile(r"^(.*?)[\s¥￥$€£]*(-?\d{1,6}[.,]\d{2})\s*(?:[A-Z*]|EUR|USD|元)?$")
TOTAL = re.compile(r"(?i)\b(?:grand\s*total|total|amount due|balance due)\b|合计|总计|应付|实收")
NO_ITEM = re.compile(r"(?i)\b(?:sub\s*-?total|tax|vat|gst|cash|change|card|visa|tip|discount total)\b"
                     r"|小计|税|找零|现金|支付|微信|优惠合计")
DATE = re.compile(r"\d{4}[-/.年]\s?\d{1,2}[-/.月]\s?\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{4}")
COUNT = re.compile(r"(?i)^(\d{1,3})\s*[x×*]\s*|\s+[x×*]\s*(\d{1,3})$")


def run(request: Request) -> Result:
    rows = rows_of_request(request.input)
    items: list[dict[str, object]] = []
    total: float | None = None
    for row in rows:
        match = PRICE.match(row)
        if not match:
            continue
        text, amount = match.group(1).strip(" .:-"), float(match.group(2).replace(",", "."))
        if TOTAL.search(text) and not NO_ITEM.search(text):
            total = amount
        elif total is None and text and not NO_ITEM.search(text):
            count = COUNT.search(text)
            items.append({"item": COUNT.sub("", text).strip(), "quantity": int(count[1] or count[2]) if count else 1,
                          "amount": amount})
    date = next((m.group() for row in rows if (m := DATE.search(row))), None)
    shop = next((r for r in rows if re.search(r"[A-Za-z一-龥]{3}", r)), None)
    added = round(sum(float(str(i["amount"])) for i in items), 2)
    agrees = total is not None and abs(added - total) < 0.011
    warnings = [] if agrees else ["the items do not add up to the total"] if total is not None else ["no total found"]
    summary = {"shop": shop, "date": date, "total": total, "sum_of_items": added, "sum_agrees": agrees}
    return Result({"columns": ["item", "quantity", "amount"], "rows": items, "summary": summary}, warnings=warnings)
