"""PDFs written here with known text; one without text; one encrypted."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from fpdf import FPDF
from pypdf import PdfReader, PdfWriter

from model_registry.catalog_kit import InvalidInput
from model_registry.catalog_kit.quality import Ask, Measure

PAGES = ("Quarterly report 2024\nRevenue rose by 4.2 % to 81.5 million.", "Outlook\nOrders on hand reach into 2026.",
         "Annex: list of sites")


def written(pages: tuple[str, ...] = PAGES) -> bytes:
    pdf = FPDF()
    pdf.set_creation_date(dt.datetime(2024, 5, 17, tzinfo=dt.UTC))
    for text in pages:
        pdf.add_page()
        pdf.set_font("Helvetica", size=14)
        pdf.multi_cell(0, 8, text)
    return bytes(pdf.output())


def encrypted() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(written())))
    writer.encrypt("secret", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def samples() -> dict[str, Any]:
    return {"report.pdf": written()}


def measure(ask: Ask) -> list[Measure]:
    output = ask(file=written()).output
    exact = [" ".join(row["text"].split()) == " ".join(text.split()) for row, text in
             zip(output["rows"], PAGES, strict=True)]
    scan = ask(file=written(("", ""))).warnings
    try:
        ask(file=encrypted())
        refused = 0
    except InvalidInput:
        refused = 1
    return [Measure("pages with exact text", 100 * sum(exact) / len(exact), "%", data="a PDF of three pages",
                    at_least=100),
            Measure("a file without text is told", float(any("scan" in w for w in scan)), at_least=1),
            Measure("an encrypted file is refused", refused, at_least=1)]
