"""Messages written by the standard library with known parts, one of them deceiving."""

from __future__ import annotations

import hashlib
from email.message import EmailMessage
from typing import Any

from model_registry.catalog_kit.quality import Ask, Measure


def message() -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"] = "Jane Doe <jane@example.org>", "Support <help@example.com>"
    mail["Subject"], mail["Date"] = "Rechnung über 12,50 € – 发票", "Fri, 17 May 2024 10:20:30 +0200"
    mail["Message-ID"] = "<1@example.org>"
    mail.set_content("Please find the invoice attached.\nRegards, Jane")
    mail.add_alternative('<p>Please find the invoice attached.</p>'
                         '<a href="https://evil.example.net/login">www.mybank.com</a>'
                         '<a href="https://docs.example.org/x">docs.example.org</a>', subtype="html")
    mail.add_attachment(b"%PDF-1.4 test", maintype="application", subtype="pdf", filename="invoice 12.pdf")
    mail.set_boundary("outer-part")
    next(mail.iter_parts()).set_boundary("inner-part")  # type: ignore[union-attr]
    return mail.as_bytes()


def samples() -> dict[str, Any]:
    return {"mail.eml": message()}


def measure(ask: Ask) -> list[Measure]:
    answer = ask(file=message())
    found = answer.values
    digest = hashlib.sha256(b"%PDF-1.4 test").hexdigest()
    note = next(v["note"] for v in answer.output["values"] if v["name"] == "attachment")
    right = [found["subject"] == "Rechnung über 12,50 € – 发票", found["from"] == "Jane Doe <jane@example.org>",
             found["text"] == "Please find the invoice attached.\nRegards, Jane",
             found["attachment"] == "invoice 12.pdf",
             digest in note, answer.output["links"] == 2, len(answer.warnings) == 1,
             "evil.example.net" in answer.warnings[0]]
    return [Measure("facts read right", 100 * sum(right) / len(right), "%", at_least=100,
                    data="a message with umlauts, HTML, an attachment and a deceiving link")]
