"""Text of each page by pypdf; scans and encrypted files are told apart."""

from __future__ import annotations

import io
import re

from pypdf import PdfReader

from model_registry.catalog_kit import InvalidInput, Request, Result

MOST_CHARACTERS = 2_000_000


def run(request: Request) -> Result:
    data, p = request.input["file"], request.parameters
    if b"%PDF-" not in data[:1024]:
        raise InvalidInput("not a PDF", field="file")
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise InvalidInput("the PDF is encrypted", field="file")
        count = len(reader.pages)
        rows, total = [], 0
        for number in range(min(count, p["max_pages"])):
            page = reader.pages[number]
            text = page.extract_text(extraction_mode="layout" if p["layout"] else "plain") or ""
            text = text.encode("utf-8", "replace").decode().replace("\x00", "")
            total += len(text)
            if total > MOST_CHARACTERS:
                break
            rows.append({"page": number + 1, "text": text, "characters": len(re.sub(r"\s", "", text))})
    except InvalidInput:
        raise
    except Exception as error:  # broken files break in many ways; to the caller they are one
        raise InvalidInput("the PDF is damaged and can't be read", field="file") from error
    warnings = []
    if rows and not any(r["characters"] for r in rows):
        warnings.append("no text in the file: it may be a scan; use ocr-document on its pages")
    if len(rows) < count:
        warnings.append(f"{len(rows)} of {count} pages were read")
    return Result({"columns": ["page", "text", "characters"], "rows": rows, "summary": {"pages": count}},
                  warnings=warnings)
