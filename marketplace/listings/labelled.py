"""Reading labelled data that a person uploads: rows of text with labels, or files in folders named after their label.

Pure. CSV, TSV and JSON Lines hold texts; a ZIP holds pictures, sounds or files, labelled by their folder or by a
`labels.csv` (file, label) at its top.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from kernel.problems import FieldError, Problem

MAX_ROWS = 1000
MAX_BYTES = 50 << 20  # of the upload, and of what a ZIP holds unpacked
MAX_ITEM = 3 << 20  # so that its base64 fits a line of a batch
TEXT_COLUMNS = ("text", "input", "sentence", "content", "message")
LABEL_COLUMNS = ("label", "class", "target", "answer", "expected")


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled example: a text, or a file as base64; and what a model should answer."""

    value: str
    label: str


def read(filename: str, content: bytes, kind: str) -> list[Row]:
    """The rows of an upload for inputs of this kind (text, or image, audio, bytes).

    Raises Problem validation_error with the line at fault, payload_too_large.
    """
    if len(content) > MAX_BYTES:
        raise Problem("payload_too_large", f"at most {MAX_BYTES >> 20} MiB")
    packed = content[:4] == b"PK\x03\x04"
    if (kind != "text") != packed:
        raise _fault("models of this task take files: upload a ZIP" if kind != "text" else
                     "models of this task take text: upload CSV or JSON Lines")
    rows = []
    for place, row in enumerate(_packed(content) if packed else _texts(filename, content), 1):
        if place > MAX_ROWS:
            raise _fault(f"more than {MAX_ROWS} rows")
        if not row.value:
            raise _fault(f"row {place} is empty")
        if not row.label.strip():
            raise _fault(f"row {place} has no label")
        rows.append(row)
    if not rows:
        raise _fault("there is no row in it")
    return rows


def _texts(filename: str, content: bytes) -> Iterator[Row]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _fault("it is not UTF-8 text") from None
    if "\0" in text:
        raise _fault("it holds NUL characters")
    return _json_lines(text) if text.lstrip()[:1] == "{" else _columns(text, "\t" if filename.endswith(".tsv") else "")


def _json_lines(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError:
            raise _fault(f"line {number} is not JSON") from None
        if not isinstance(found, dict):
            raise _fault(f"line {number} is not an object")
        lower = {str(name).lower(): value for name, value in found.items()}
        where = f"line {number}"
        yield Row(str(_first(lower, TEXT_COLUMNS, where)), str(_first(lower, LABEL_COLUMNS, where)))


def _first(row: dict[str, object], names: tuple[str, ...], where: str) -> object:
    for name in names:
        if row.get(name) is not None:
            return row[name]
    raise _fault(f"{where} has no {names[0]}")


def _columns(text: str, delimiter: str) -> Iterator[Row]:
    head = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text), delimiter=delimiter or max(",;\t", key=head.count))
    names = [name.strip().lower() for name in next(rows, [])]
    places = [next((names.index(name) for name in known if name in names), -1) for known in
              (TEXT_COLUMNS, LABEL_COLUMNS)]
    if min(places) < 0:
        raise _fault("its first line names the columns: one is called text, one label")
    for number, row in enumerate(rows, 2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) <= max(places):
            raise _fault(f"line {number} has too few columns")
        yield Row(row[places[0]], row[places[1]].strip())


def _packed(content: bytes) -> Iterator[Row]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile:
        raise _fault("it is not a whole ZIP") from None
    entries = [one for one in archive.infolist() if not one.is_dir() and not _hidden(one.filename)]
    if sum(one.file_size for one in entries) > MAX_BYTES:
        raise Problem("payload_too_large", f"at most {MAX_BYTES >> 20} MiB unpacked")
    listed = next((one for one in entries if one.filename.lower() == "labels.csv"), None)
    labels = _labels(_member(archive, listed)) if listed else {}
    for one in entries:
        if one is listed:
            continue
        path = PurePosixPath(one.filename)
        label = labels.get(one.filename) or labels.get(path.name) if listed else path.parent.name
        if not label:
            raise _fault(f"{one.filename[:100]} has no label: put it into a folder named after it, or name it in "
                         "labels.csv")
        yield Row(base64.b64encode(_member(archive, one)).decode(), label)


def _hidden(name: str) -> bool:
    return name.startswith("__MACOSX/") or PurePosixPath(name).name.startswith(".")


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.file_size > MAX_ITEM:
        raise Problem("payload_too_large", f"{entry.filename[:100]}: at most {MAX_ITEM >> 20} MiB each")
    try:
        with archive.open(entry) as file:
            return file.read(MAX_ITEM + 1)  # what is announced may be a lie
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError):
        raise _fault(f"{entry.filename[:100]} can't be unpacked") from None


def _labels(content: bytes) -> dict[str, str]:
    rows = csv.reader(io.StringIO(content.decode("utf-8-sig", "replace")))
    return {row[0].strip(): row[1].strip() for row in rows if len(row) > 1}


def _fault(detail: str) -> Problem:
    return Problem("validation_error", detail, errors=[FieldError("/file", detail)])
