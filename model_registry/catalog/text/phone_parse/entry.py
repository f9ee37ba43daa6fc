"""Phone numbers in free text, by the numbering plans of libphonenumber."""

from __future__ import annotations

import phonenumbers

from model_registry.catalog_kit import Request, Result

KINDS = {getattr(phonenumbers.PhoneNumberType, name): name.lower() for name in (
    "FIXED_LINE", "MOBILE", "FIXED_LINE_OR_MOBILE", "TOLL_FREE", "PREMIUM_RATE", "SHARED_COST", "VOIP", "PAGER", "UAN")}


def run(request: Request) -> Result:
    text = request.input["text"]
    spans = []
    for match in phonenumbers.PhoneNumberMatcher(text, request.parameters["region"]):
        spans.append({
            "start": match.start, "end": match.end, "label": "PHONE", "text": match.raw_string,
            "e164": phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164),
            "region": phonenumbers.region_code_for_number(match.number),
            "kind": KINDS.get(phonenumbers.number_type(match.number), "unknown")})
    return Result({"text": text, "spans": spans})
