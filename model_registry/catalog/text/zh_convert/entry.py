"""Phrase-level conversion by OpenCC's dictionaries."""

from __future__ import annotations

from functools import cache

import opencc

from model_registry.catalog_kit import Request, Result

TABLES = {"simplified": "t2s", "traditional": "s2t", "taiwan": "s2twp", "hong-kong": "s2hk", "from-taiwan": "tw2sp",
          "from-hong-kong": "hk2s"}


@cache
def converter(table: str) -> opencc.OpenCC:
    return opencc.OpenCC(table)


def run(request: Request) -> Result:
    text = request.input["text"]
    out = converter(TABLES[request.parameters["to"]]).convert(text)
    changed = sum(a != b for a, b in zip(text, out, strict=False)) + abs(len(text) - len(out))
    return Result({"values": [{"name": "text", "value": out}, {"name": "characters_changed", "value": changed}]})
