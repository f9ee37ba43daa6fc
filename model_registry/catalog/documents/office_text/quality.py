"""Files composed here by the formats' own rules, with known text; a bomb and an entity attack."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from model_registry.catalog_kit import InvalidInput
from model_registry.catalog_kit.quality import Ask, Measure

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
LINES = ("Minutes of the meeting", "Present: Li, Weber, Gonzalez", "价格上涨 4 %", "The next meeting is on Monday.")


def packed(parts: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return out.getvalue()


def docx(head: str = "") -> bytes:
    body = "".join(f"<w:p><w:r><w:t>{line[:5]}</w:t></w:r><w:r><w:t>{line[5:]}</w:t></w:r></w:p>" for line in LINES)
    return packed({"word/document.xml": f'{head}<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'})


def pptx() -> bytes:
    slides = {f"ppt/slides/slide{i}.xml": f'<sld xmlns:a="{A}"><a:p><a:r><a:t>{line}</a:t></a:r></a:p></sld>'
              for i, line in enumerate(LINES, start=9)}
    return packed({"ppt/presentation.xml": "<x/>", **slides})


def odt() -> bytes:
    body = "".join(f"<text:p>{line}</text:p>" for line in LINES)
    return packed({"content.xml": f'<office xmlns:text="{TEXT}">{body}</office>'})


def samples() -> dict[str, Any]:
    return {"minutes.docx": docx()}


def refused(ask: Ask, data: bytes) -> bool:
    try:
        ask(file=data)
    except InvalidInput:
        return True
    return False


def measure(ask: Ask) -> list[Measure]:
    exact = [[r["text"] for r in ask(file=data).output["rows"]] == list(LINES) for data in (docx(), pptx(), odt())]
    entities = docx('<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>')
    bomb = packed({"word/document.xml": "<x>" + " " * 70_000_000 + "</x>"})
    attacks = [refused(ask, entities), refused(ask, bomb), refused(ask, b"PK\x03\x04broken")]
    return [Measure("files read exactly", 100 * sum(exact) / 3, "%", data="a .docx, a .pptx and an .odt of four lines",
                    at_least=100),
            Measure("attacks refused", 100 * sum(attacks) / 3, "%", data="entities, a bomb, a broken archive",
                    at_least=100)]
