"""Mail, phone and web by pattern; name, title and company by rules on the rows that are left."""

from __future__ import annotations

import re

import phonenumbers

from model_registry.catalog_kit import InvalidInput, Request, Result
from model_registry.catalog_kit.ocr import rows_of_request

MAIL = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"
WEB = r"(?:https?://|www\.)[^\s,;]+|\b[a-z0-9-]+\.(?:com|org|net|io|cn|de|co\.uk|eu)\b[^\s,;]*"
COMPANY = re.compile(r"(?i)\b(?:ltd|inc|gmbh|llc|corp|ag|co\.|company|university|institute|group|bank)\b"
                     r"|公司|集团|大学|研究|银行|医院")
TITLE = re.compile(r"(?i)\b(?:manager|engineer|director|head|ceo|cto|cfo|sales|officer|professor|dr|president)\b"
                   r"|经理|工程师|总监|主任|董事|教授|总裁|顾问|销售")
STREET = re.compile(r"(?i)\b(?:street|st\.|road|rd\.|ave|avenue|platz|straße|strasse|lane|floor|suite)\b"
                    r"|[路街号室楼区]\s*\d|\d+\s*号")


def run(request: Request) -> Result:
    region = request.parameters["region"].upper()
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise InvalidInput("unknown region; write two letters such as CN or DE", field="/parameters/region")
    rows = rows_of_request(request.input)
    text = "\n".join(rows)
    values = [{"name": "email", "value": m} for m in dict.fromkeys(re.findall(MAIL, text))]
    bare = re.sub(MAIL, " ", text)
    values += [{"name": "web", "value": m} for m in dict.fromkeys(re.findall(WEB, bare))]
    seen = set()
    for row in rows:
        for match in phonenumbers.PhoneNumberMatcher(row, region):
            number = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
            kind = "fax" if re.search(r"(?i)fax|传真", row[max(0, match.start - 12):match.start]) else "phone"
            if number not in seen:
                seen.add(number)
                values.append({"name": kind, "value": number, "note": match.raw_string})
    left = [r for r in rows if not re.search(MAIL, r) and not re.search(WEB, r) and not _phone(r, region)]
    for name, pattern in (("company", COMPANY), ("title", TITLE), ("address", STREET)):
        found = next((r for r in left if pattern.search(r)), None)
        if found:
            left.remove(found)
            values.append({"name": name, "value": found})
    person = next((r for r in left if re.fullmatch(r"[^\d]{2,40}", r)
                   and (len(r.split()) in (2, 3, 4) or re.fullmatch(r"[一-龥·\s]{2,6}", r))), None)
    if person:
        values.append({"name": "name", "value": person})
    return Result({"values": values}, warnings=[] if values else ["no contact details found"])


def _phone(row: str, region: str) -> bool:
    return next(iter(phonenumbers.PhoneNumberMatcher(row, region)), None) is not None
