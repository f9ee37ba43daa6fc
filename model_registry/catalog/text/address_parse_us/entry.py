"""Address parts by usaddress's CRF, with their places in the text."""

from __future__ import annotations

import usaddress

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    text = request.input["text"]
    found = usaddress.parse(text)
    if not found:
        raise InvalidInput("the text holds no address", field="text")
    spans, at = [], 0
    for token, label in found:
        start = text.find(token, at)
        if start < 0:  # usaddress rewrote the token (an ampersand): it has no place of its own
            continue
        at = start + len(token)
        bare = token.rstrip(",;")
        if (
            spans
            and spans[-1]["label"] == label
            and not spans[-1]["text"].endswith(("\n",))
            and start - spans[-1]["end"] <= 2
        ):
            spans[-1] |= {"end": start + len(bare), "text": text[spans[-1]["start"] : start + len(bare)]}
        else:
            spans.append({"start": start, "end": start + len(bare), "label": label, "text": bare})
    return Result({"text": text, "spans": spans})
