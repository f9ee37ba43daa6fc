"""An invoice as PDF, CSV and JSON. The same issued invoice always gives the same bytes; the rows of every export add
up to its total, which is checked before anything leaves.

The PDF uses the standard fonts, and for names and addresses that these can't write (Chinese, Japanese) the characters
that occur of a font of its own (`fonts/`). What neither has is left to the CSV and JSON exports, and the PDF says so.
"""

from __future__ import annotations

import csv
import io
import json
import logging
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from billing.selectors import InvoiceView
from billing.statement import Line
from kernel.money import EXPONENTS, major_text
from kernel.problems import Problem

if TYPE_CHECKING:
    from fpdf import FPDF

logging.getLogger("fontTools").setLevel(logging.WARNING)  # it reports every table of a font
SELLER = ("Tessera", "AI capability marketplace")
TYPES = {"usage": "", "late": "late usage and corrections", "carry_in": "Carried from the last invoice",
         "carry_out": "Carried to the next invoice", "commitment": "Committed minimum, not used up",
         "topup": "API credit"}
COLUMNS = ("invoice", "type", "model", "period", "price_version", "unit", "units", "included", "unit_amount", "amount",
           "currency")
FONT = Path(__file__).parent.joinpath("fonts", "noto-sans-sc.woff")
WIDTHS = (76, 22, 24, 20, 22, 26)  # millimetres, together the width between the margins


def rows(view: InvoiceView) -> list[dict[str, str]]:
    """Every line, then discount, credit and tax as rows of their own: their amounts add up to the total exactly."""
    found = [{
        "invoice": view.number, "type": line.type, "model": line.model, "period": f"{line.month:%Y-%m-%d}",
        "price_version": str(line.price_version or ""), "unit": line.unit, "units": str(line.units),
        "included": str(line.included), "currency": view.currency, "amount": _money(line.amount, view.currency),
        "unit_amount": "" if line.unit_amount is None else major_text(line.unit_amount, view.currency),
    } for line in view.lines]
    for name, amount in (("discount", -view.discount), ("credit", -view.credit), ("tax", view.tax)):
        if amount:
            found.append(dict.fromkeys(COLUMNS, "") | {
                "invoice": view.number, "type": name, "period": f"{view.period_start:%Y-%m-%d}",
                "amount": _money(amount, view.currency), "currency": view.currency})
    total = sum((Decimal(row["amount"]) for row in found), Decimal(0))
    if total != Decimal(_money(view.total, view.currency)):
        raise Problem("internal_error", f"the rows of {view.number} add up to {total}")
    return found


def as_csv(view: InvoiceView) -> bytes:
    """The rows with a header, UTF-8."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows(view))
    return out.getvalue().encode()


def as_json(view: InvoiceView) -> bytes:
    """The rows and the sums, as one document."""
    sums = {name: _money(getattr(view, name), view.currency)
            for name in ("subtotal", "discount", "credit", "tax", "total", "amount_paid")}
    return json.dumps({
        "invoice": view.number, "status": view.status, "currency": view.currency, "bill_to": view.bill_to,
        "period": {"from": f"{view.period_start:%Y-%m-%d}", "until": f"{view.period_end:%Y-%m-%d}"},
        "rows": rows(view), **sums}, indent=2, sort_keys=True, ensure_ascii=False).encode()


def as_pdf(view: InvoiceView, *, sandbox: bool) -> bytes:
    """The invoice on A4. The same invoice gives the same bytes: its own date is the document's, and nothing of the
    payment (which changes later) is on it. `sandbox` writes that no real money moves."""
    rows(view)  # refuses an invoice that does not add up
    issued = view.issued_at or datetime.combine(view.period_end, time(), UTC)
    from fpdf import FPDF  # with its fonts 20 MB, in processes that may never draw a page

    pdf = FPDF(format="A4")
    pdf.set_creation_date(issued)
    pdf.set_title(f"Invoice {view.number}")
    pdf.set_producer("Tessera")
    pdf.set_creator("Tessera")
    pdf.set_margins(10, 12, 10)
    pdf.set_auto_page_break(True, margin=18)
    pdf.add_page()
    _head(pdf, view, issued, sandbox)
    _table(pdf, view)
    _sums(pdf, view)
    return bytes(pdf.output())


def _head(pdf: FPDF, view: InvoiceView, issued: datetime, sandbox: bool) -> None:
    if sandbox:
        pdf.set_fill_color(255, 243, 214)
        pdf.set_font("helvetica", "B", 10)
        pdf.cell(0, 8, "SANDBOX - no real money", fill=True, align="C", new_x="LMARGIN", new_y="NEXT")
        pdf.ln(3)
    pdf.set_font("helvetica", "B", 20)
    pdf.cell(110, 10, "Invoice " + view.number)
    pdf.set_font("helvetica", "B", 12)
    pdf.cell(0, 10, SELLER[0], align="R", new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("helvetica", "", 9)
    facts = [("Issued", f"{issued:%Y-%m-%d}"), ("Due", f"{view.due_at:%Y-%m-%d}" if view.due_at else ""),
             ("Period", f"{view.period_start:%Y-%m-%d} to {view.period_end:%Y-%m-%d} (exclusive), UTC"),
             ("Plan", view.plan.replace("_", " ").capitalize()), ("Currency", view.currency)]
    for name, value in facts:
        if value:
            pdf.cell(22, 5, name)
            pdf.cell(0, 5, value, new_x="LMARGIN", new_y="NEXT")
    pdf.ln(3)
    whom = [part for part in (view.bill_to.get("name", ""), *view.bill_to.get("address", "").splitlines(),
                              view.bill_to.get("tax_id", "") and f"Tax ID {view.bill_to['tax_id']}") if part]
    if whom:
        pdf.set_font("helvetica", "B", 9)
        pdf.cell(0, 5, "Bill to", new_x="LMARGIN", new_y="NEXT")
        missing = [_name(pdf, part) for part in whom]
        if any(missing):
            pdf.set_font("helvetica", "I", 8)
            pdf.cell(0, 5, "Letters that are not shown here are in the CSV and JSON exports.", new_x="LMARGIN",
                     new_y="NEXT")
    pdf.ln(4)


def _name(pdf: FPDF, text: str) -> bool:
    """Writes a line of what a customer calls itself; whether letters of it could not be written."""
    known = text
    if _latin(text) == text:
        pdf.set_font("helvetica", "", 9)
    else:
        if "noto" not in pdf.fonts:
            pdf.add_font("noto", fname=FONT)
        pdf.set_font("noto", "", 9)
        known = "".join(letter if ord(letter) in _letters() else "?" for letter in text)
    pdf.cell(0, 5, known, new_x="LMARGIN", new_y="NEXT")
    return known != text


@cache
def _letters() -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(FONT, lazy=True) as font:
        return frozenset(font.getBestCmap())


def _table(pdf: FPDF, view: InvoiceView) -> None:
    pdf.set_fill_color(240, 240, 238)
    pdf.set_font("helvetica", "B", 8)
    _row(pdf, ("Description", "Period from", "Units", "Included", "Each", "Amount"), fill=True)
    pdf.set_font("helvetica", "", 8)
    for line in view.lines:
        _row(pdf, (
            _describe(line), f"{line.month:%Y-%m-%d}", f"{line.units:,}" if line.model else "",
            f"{line.included:,}" if line.included else "",
            major_text(line.unit_amount, view.currency) if line.unit_amount is not None
            else "tiers" if line.model else "", _money(line.amount, view.currency)))
    pdf.ln(2)


def _row(pdf: FPDF, cells: tuple[str, ...], *, fill: bool = False) -> None:
    for place, (text, width) in enumerate(zip(cells, WIDTHS, strict=True)):
        last = place == len(cells) - 1
        shown = _latin(text)
        while place == 0 and pdf.get_string_width(shown) > width - 2:
            shown = shown[:-2] + "."
        pdf.cell(width, 6, shown, align="L" if place < 2 else "R", border="B", fill=fill,
                 new_x="LMARGIN" if last else "RIGHT", new_y="NEXT" if last else "TOP")


def _sums(pdf: FPDF, view: InvoiceView) -> None:
    sums = [("Subtotal", view.subtotal), ("Discount", -view.discount), (f"Tax {_percent(view)}", view.tax),
            ("Credit", -view.credit)]
    pdf.set_font("helvetica", "", 9)
    for name, amount in sums:
        if amount or name == "Subtotal":
            pdf.cell(164, 6, name, align="R")
            pdf.cell(0, 6, _money(amount, view.currency), align="R", new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("helvetica", "B", 11)
    pdf.cell(164, 8, f"Total {view.currency}", align="R")
    pdf.cell(0, 8, _money(view.total, view.currency), align="R", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(4)
    pdf.set_font("helvetica", "", 8)
    pdf.multi_cell(0, 4, "Each line is units times price, rounded once, half up. Late usage and corrections of earlier "
                   "periods bring their lines up to the new total. Every line can be followed to its single calls in "
                   "the console.")


def _describe(line: Line) -> str:
    if not line.model:
        return TYPES.get(line.type, line.type)
    return f"{line.model} ({line.unit})" + (f", {TYPES[line.type]}" if TYPES.get(line.type) else "")


def _percent(view: InvoiceView) -> str:
    return f"{view.tax_percent.normalize():f} %" if view.tax_percent else ""


def _money(minor: int, currency: str) -> str:
    """With exactly the digits that the currency has: 12.50, 1250, 12.500."""
    return f"{Decimal(minor).scaleb(-EXPONENTS[currency]):.{EXPONENTS[currency]}f}"


def _latin(text: str) -> str:
    return text.encode("latin-1", "replace").decode("latin-1")
