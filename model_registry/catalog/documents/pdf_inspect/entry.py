"""Walks the objects of a PDF and reports active and embedded content."""

from __future__ import annotations

import io
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from model_registry.catalog_kit import InvalidInput, Request, Result, check

MOST_OBJECTS = 20_000
ACTIVE = {"/JavaScript": "scripts", "/JS": "scripts", "/Launch": "programs started", "/SubmitForm": "forms sent",
          "/EmbeddedFile": "embedded files", "/RichMedia": "rich media", "/Sig": "signatures", "/URI": "links"}


def run(request: Request) -> Result:
    data = request.input["file"]
    if b"%PDF-" not in data[:1024]:
        raise InvalidInput("not a PDF", field="file")
    try:
        reader = PdfReader(io.BytesIO(data))
        encrypted = bool(reader.is_encrypted)
        if encrypted and not reader.decrypt(""):
            return Result({"verdict": "encrypted", "score": None, "checks": [
                check("readable", False, True, "the file needs a password")]})
        pages = len(reader.pages)
        found, complete = _walk(reader)
        title = str((reader.metadata or {}).get("/Title") or "")[:200]
    except Exception as error:
        raise InvalidInput("the PDF is damaged and can't be read", field="file") from error
    danger = [k for k in ("scripts", "programs started", "embedded files", "rich media", "forms sent") if found.get(k)]
    checks = [check("readable", True, encrypted, "encrypted without a password" if encrypted else "not encrypted"),
              check("pages", None, pages, title or "no title")]
    checks += [check(name, None if name in ("signatures", "links", "form fields", "fonts", "images") else not count,
                     count,
                     "found in the file") for name, count in found.items()]
    if not complete:
        checks.append(check("whole file walked", False, MOST_OBJECTS, "too many objects; the rest was not looked at"))
    return Result({"verdict": "active content" if danger else "no active content", "score": float(len(danger)),
                   "checks": checks})


def _walk(reader: PdfReader) -> tuple[dict[str, int], bool]:
    """Counts of what the document's objects hold, each object once."""
    counts = dict.fromkeys([*dict.fromkeys(ACTIVE.values()), "automatic actions", "form fields", "fonts", "images"], 0)
    queue: list[Any] = [reader.trailer]
    seen: set[tuple[int, int]] = set()
    steps = 0
    while queue and steps < MOST_OBJECTS:
        item = queue.pop()
        steps += 1
        if isinstance(item, IndirectObject):
            key = (item.idnum, item.generation)
            if key in seen:
                continue
            seen.add(key)
            item = item.get_object()
        if isinstance(item, DictionaryObject):
            kinds = {str(item.get(k)) for k in ("/S", "/Type", "/Subtype", "/FT")}
            for name in kinds & set(ACTIVE):
                counts[ACTIVE[name]] += 1
            counts["automatic actions"] += ("/OpenAction" in item) + ("/AA" in item)
            counts["form fields"] += "/FT" in item
            counts["fonts"] += "/Font" in kinds
            counts["images"] += "/Image" in kinds
            queue += [v for k, v in item.items() if k != "/Parent"]
        elif isinstance(item, ArrayObject):
            queue += list(item)
    return counts, not queue
