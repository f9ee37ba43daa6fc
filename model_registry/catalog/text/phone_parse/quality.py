"""The example number of each region's plan, written in several ways; numbers that are none."""

from __future__ import annotations

import phonenumbers

from model_registry.catalog_kit.quality import Ask, Measure

REGIONS = ("US", "GB", "DE", "FR", "CN", "IN", "JP", "BR")


def measure(ask: Ask) -> list[Measure]:
    right = total = 0
    for region in REGIONS:
        for kind in (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE):
            number = phonenumbers.example_number_for_type(region, kind)
            truth = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            for way in (phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL):
                text = f"Please call {phonenumbers.format_number(number, way)} before noon."
                spans = ask(text=text, parameters={"region": region}).output["spans"]
                right += [s["e164"] for s in spans] == [truth]
                total += 1
    # Reserved for fiction or plainly something else: the texts hold no number that can be dialled.
    none = ("Order 4471-88 of 2026-03-12", "Total 1,234.56 USD", "version 3.11.7 build 20261121", "ISBN 0-306-40615-2",
            "at 10:30-11:45 in room 204", "IP 192.168.10.24")
    false = sum(len(ask(text=text).output["spans"]) for text in none)
    return [Measure("numbers read right", 100 * right / total, "%", at_least=95,
                    data=f"{total} texts: fixed and mobile example numbers of eight plans, two ways of writing"),
            Measure("other figures taken for numbers", false, f"in {len(none)} texts", at_most=1,
                    data="dates, amounts, versions, addresses")]
