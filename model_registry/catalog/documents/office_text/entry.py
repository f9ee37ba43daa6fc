"""Opens the archive with bounds, reads its XML safely, and joins the runs of each paragraph."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from defusedxml import ElementTree

from model_registry.catalog_kit import InvalidInput, Request, Result

MOST_PART, MOST_TOTAL, MOST_ROWS = 30_000_000, 60_000_000, 50_000
# kind → (pattern of parts, tag of a paragraph, tag of its text)
KINDS = {"docx": (r"word/(?:document|header\d*|footer\d*)\.xml", "p", "t"),
         "pptx": (r"ppt/slides/slide(\d+)\.xml", "p", "t"),
         "xlsx": (r"xl/sharedStrings\.xml", "si", "t"), "odf": (r"content\.xml", "p", "")}


def run(request: Request) -> Result:
    try:
        with zipfile.ZipFile(io.BytesIO(request.input["file"])) as archive:
            names = [i for i in archive.infolist() if not i.is_dir()]
            if sum(i.file_size for i in names) > MOST_TOTAL or len(names) > 5000:
                raise InvalidInput("the file unpacks to more than is accepted", field="file")
            kind = _kind({i.filename for i in names})
            pattern, paragraph, text = KINDS[kind]
            parts = sorted((i for i in names if re.fullmatch(pattern, i.filename)), key=_order)
            rows = []
            for part in parts:
                if part.file_size > MOST_PART:
                    raise InvalidInput("a part of the file is larger than is accepted", field="file")
                root = ElementTree.fromstring(archive.read(part))
                rows += [{"part": part.filename.rsplit("/", 1)[-1], "style": style, "text": words}
                         for style, words in _paragraphs(root, paragraph, text) if words]
    except InvalidInput:
        raise
    except Exception as error:  # a broken archive or malformed XML
        raise InvalidInput("not a readable Office or OpenDocument file", field="file") from error
    words = sum(len(r["text"].split()) for r in rows)
    return Result({"columns": ["part", "style", "text"], "rows": rows[:MOST_ROWS],
                   "summary": {"kind": kind, "paragraphs": len(rows), "words": words}},
                  warnings=[] if rows else ["no text in the file"])


def _kind(names: set[str]) -> str:
    for kind, sign in (("docx", "word/document.xml"), ("pptx", "ppt/presentation.xml"), ("xlsx", "xl/workbook.xml"),
                       ("odf", "content.xml")):
        if sign in names:
            return kind
    raise InvalidInput("not an Office or OpenDocument file", field="file")


def _order(part: zipfile.ZipInfo) -> tuple[int, str]:
    number = re.search(r"(\d+)\.xml$", part.filename)
    return int(number.group(1)) if number else 0, part.filename


def _paragraphs(root: Any, paragraph: str, text: str) -> Iterator[tuple[str, str]]:
    for item in root.iter():
        name = _local(item)
        if name == paragraph or (paragraph == "p" and name == "h"):
            pieces = [_piece(e, text) for e in item.iter()] if text else ["".join(item.itertext())]
            style = next((v for e in item.iter() if _local(e) == "pStyle" for k, v in e.attrib.items()
                          if k.endswith("}val")), "heading" if name == "h" else "")
            yield style, "".join(pieces).replace("\x00", "").strip()


def _piece(element: Any, text: str) -> str:
    name = _local(element)
    return (element.text or "") if name == text else "\t" if name == "tab" else "\n" if name in ("br", "cr") else ""


def _local(element: Any) -> str:
    return str(element.tag).rsplit("}", 1)[-1]
