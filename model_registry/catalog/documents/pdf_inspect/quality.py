"""PDFs written here with and without a script, an attachment and a link."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from fpdf import FPDF
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from model_registry.catalog_kit.quality import Ask, Measure


def plain() -> bytes:
    pdf = FPDF()
    pdf.set_creation_date(dt.datetime(2024, 5, 17, tzinfo=dt.UTC))
    for text in ("First page", "Second page"):
        pdf.add_page()
        pdf.set_font("Helvetica", size=14)
        pdf.cell(0, 8, text, link="https://example.org")
    return bytes(pdf.output())


def loaded() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(plain())))
    script = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert('hello');")}
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject(script)
    writer.add_attachment("notes.txt", b"attached")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def samples() -> dict[str, Any]:
    return {"loaded.pdf": loaded()}


def measure(ask: Ask) -> list[Measure]:
    clean, active = ask(file=plain()).output, ask(file=loaded()).output
    values = {c["name"]: c["value"] for c in active["checks"]}
    right = [clean["verdict"] == "no active content", active["verdict"] == "active content", values["pages"] == 2,
             values["scripts"] >= 1, values["embedded files"] >= 1, values["links"] == 2]
    return [Measure("facts told right", 100 * sum(right) / len(right), "%", at_least=100,
                    data="a plain PDF, and one with a script, an attachment and two links")]
