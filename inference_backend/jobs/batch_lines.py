"""The lines of a batch: read and checked, and its output and error files. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal, Protocol

import orjson

from inference_backend import oip
from kernel.problems import Problem

MAX_LINE = 4 << 20
MAX_LINES = 50_000
MAX_ERRORS = 20  # that a failed validation tells of
ENDPOINTS = "/v1/embeddings, /v1/moderations or /api/v1/models/{model}/predictions"
_PREDICTIONS = re.compile(r"/api/v1/models/([a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?)/predictions")
_MEMBERS = {"custom_id", "method", "url", "body"}
_SHORT = {"custom_id", "input", "parameters", "version", "metadata"}

Kind = Literal["prediction", "embeddings", "moderations"]


@dataclass(frozen=True, slots=True)
class Line:
    """One call: its place in the file (from 1), the caller's own id, and its body as JSON."""

    number: int
    custom_id: str
    body: bytes


class Noted(Protocol):
    number: int
    custom_id: str
    status_code: int
    body: Any


class Named(Protocol):
    @property
    def public_id(self) -> str: ...


class Faulty(ValueError):
    """Lines that can't be run: {line, code, message} of each, the first MAX_ERRORS of them."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        self.errors = errors
        super().__init__(f"{len(errors)} faulty lines")


def kind_of(endpoint: str) -> tuple[Kind, str] | None:
    """What an endpoint runs, and the model that a prediction is for."""
    if endpoint in ("/v1/embeddings", "/v1/moderations"):
        return ("embeddings" if endpoint == "/v1/embeddings" else "moderations"), ""
    match = _PREDICTIONS.fullmatch(endpoint)
    return ("prediction", match[1]) if match else None


def read(file: BinaryIO, endpoint: str) -> Iterator[Line]:
    """The good lines in order. Raises Faulty after the last one where others were not good."""
    errors: list[dict[str, Any]] = []
    seen: set[str] = set()
    number = 0
    while raw := file.readline(MAX_LINE + 1):
        number += 1
        if number > MAX_LINES or len(raw) > MAX_LINE:
            code = "too_many_lines" if number > MAX_LINES else "line_too_long"
            errors.append(_fault(number, code, f"at most {MAX_LINES} lines of {MAX_LINE >> 20} MiB"))
            break
        if not raw.strip():
            continue
        try:
            line = _line(number, raw, endpoint)
            if line.custom_id in seen:
                raise _Wrong("duplicate_custom_id", f"custom_id {line.custom_id[:64]!r} stands twice")
        except _Wrong as wrong:
            errors.append(_fault(number, wrong.code, str(wrong)))
            if len(errors) >= MAX_ERRORS:
                break
            continue
        seen.add(line.custom_id)
        yield line
    if errors:
        raise Faulty(errors)


class _Wrong(ValueError):
    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def _fault(number: int, code: str, message: str) -> dict[str, Any]:
    return {"line": number, "code": code, "message": message}


def _line(number: int, raw: bytes, endpoint: str) -> Line:
    """The full form {custom_id, method, url, body}, or for predictions the short one {input, parameters, …}."""
    try:
        document = oip.parse_json(raw)
    except Problem as problem:
        raise _Wrong("invalid_json", problem.detail) from None
    if not isinstance(document, dict):
        raise _Wrong("invalid_json", "a line is a JSON object")
    custom_id = document.get("custom_id", str(number))
    if not isinstance(custom_id, str) or not 0 < len(custom_id) <= 512 or "\0" in custom_id:
        raise _Wrong("invalid_custom_id", "custom_id is text of 1 to 512 characters")
    if "input" in document and endpoint not in ("/v1/embeddings", "/v1/moderations"):
        if unknown := set(document) - _SHORT:
            raise _Wrong("unknown_member", f"unknown member {min(unknown)[:64]!r}")
        return Line(number, custom_id, orjson.dumps({k: v for k, v in document.items() if k != "custom_id"}))
    if unknown := set(document) - _MEMBERS:
        raise _Wrong("unknown_member", f"unknown member {min(unknown)[:64]!r}")
    if document.get("method", "POST") != "POST":
        raise _Wrong("invalid_method", "method is POST")
    if document.get("url", endpoint) != endpoint:
        raise _Wrong("mismatched_url", f"url must be the batch's endpoint {endpoint}")
    if not isinstance(document.get("body"), dict):
        raise _Wrong("invalid_body", "body is an object")
    return Line(number, custom_id, orjson.dumps(document["body"]))


def output(rows: Iterable[Noted], batch: Named) -> Iterator[bytes]:
    """The lines of the output file, in the order of the input."""
    for row in rows:
        yield _written(batch, row)


def errors(rows: Iterable[Noted], batch: Named, missing: Callable[[], Iterator[Line]], reason: str) -> Iterator[bytes]:
    """The lines of the error file: what was refused, then what was never run."""
    for row in rows:
        yield _written(batch, row)
    if reason:
        what = {"code": reason, "message": "the batch ended before this line ran; it was not billed"}
        for line in missing():
            yield orjson.dumps({"id": f"{batch.public_id}_{line.number}", "custom_id": line.custom_id,
                                "response": None, "error": what}) + b"\n"


def _written(batch: Named, row: Noted) -> bytes:
    """The body stands as it was answered: no second parsing of what may be large."""
    line_id = f"{batch.public_id}_{row.number}"
    return (b'{"id":' + orjson.dumps(line_id) + b',"custom_id":' + orjson.dumps(row.custom_id)
            + b',"response":{"status_code":%d,"request_id":' % row.status_code + orjson.dumps(line_id)
            + b',"body":' + bytes(row.body) + b'},"error":null}\n')
