"""Dates searched by dateparser, relative ones from a day that the caller gives."""

from __future__ import annotations

import datetime as dt
import re

from dateparser.search import search_dates

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    text, p = request.input["text"], request.parameters
    try:
        today = dt.datetime.fromisoformat(p["today"]) if p["today"] else dt.datetime.now()
    except ValueError:
        raise InvalidInput("today must be YYYY-MM-DD", field="/parameters/today") from None
    settings = {
        "RELATIVE_BASE": today.replace(tzinfo=None),
        "RETURN_AS_TIMEZONE_AWARE": False,
        "PREFER_DATES_FROM": p["prefer"],
        "REQUIRE_PARTS": [],
    }
    if p["order"] != "auto":
        settings["DATE_ORDER"] = p["order"]
    languages = None if p["language"] == "auto" else [p["language"]]
    spans, at = [], 0
    for found, when in search_dates(text, languages=languages, settings=settings) or []:
        if not re.search(r"\w{2}|\d.*\d|[一-鿿]", found) or re.fullmatch(r"[\d.,]{1,3}", found):
            continue
        start = text.find(found, at)
        if start < 0:
            continue
        at = start + len(found)
        spans.append(
            {
                "start": start,
                "end": at,
                "label": when.date().isoformat()
                if not when.time() or when.time() == today.time()
                else when.isoformat(timespec="minutes"),
                "text": found,
            }
        )
    return Result({"text": text, "spans": spans})
