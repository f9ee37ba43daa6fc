"""Predictions in human kinds: a JSON or form body checked against a route, on the wire to the host, and back.

Media arrive as base64, data URLs or form files and leave as data URLs; the process never decodes an image. What only
the decoded input can tell (pixels, seconds) the host checks.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import orjson

from inference_backend import oip
from inference_backend.files import FILE_ID
from inference_backend.invocation import Call, Delivery, Note, Outcome, Work, authenticate, authorise, invoke
from inference_backend.oip import InferRequest, Tensor
from inference_backend.runtime import Runtime
from kernel import clock
from kernel.contracts import Grant, Route, Target
from kernel.ids import prefixed
from kernel.problems import CODES, FieldError, Problem

MAX_PARTS = 64
MAX_ITEMS = 100_000
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w=.+-]+)*;base64,", re.ASCII)
_BOUNDARY = re.compile(r'boundary="?([^";,]{1,200})"?', re.IGNORECASE)
_DISPOSITION = re.compile(rb'(?:^|;)\s*(name|filename)="([^"]*)"', re.IGNORECASE)
_WHITESPACE = str.maketrans("", "", " \t\r\n")

MEDIA_KINDS = ("image", "audio", "bytes", "video", "file")


@dataclass(frozen=True, slots=True)
class PredictionBody:
    """A prediction as the client wrote it."""

    input: dict[str, Any]
    parameters: dict[str, Any]
    version: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    webhook: str = ""


# ---------------------------------------------------------------- reading a body

def parse_body(body: bytes, content_type: str) -> PredictionBody:
    """A JSON object with `input`, or a form. Raises Problem."""
    if content_type.lower().startswith("multipart/form-data"):
        return _from_form(form_parts(body, content_type))
    document = oip.parse_json(body)
    if not isinstance(document, dict):
        raise Problem("invalid_request", "the body must be a JSON object")
    unknown = sorted(set(document) - {"input", "parameters", "version", "metadata", "webhook"})
    if unknown:
        raise _invalid([FieldError(f"/{unknown[0]}", "unknown member", "unknown")])
    version = document.get("version")
    if version is not None and (isinstance(version, bool) or not isinstance(version, (int, str))):
        raise _invalid([FieldError("/version", "must be a version number or an alias")])
    webhook = document.get("webhook") or ""
    if not isinstance(webhook, str):
        raise _invalid([FieldError("/webhook", "must be a URL")])
    return PredictionBody(_object(document, "input", required=True), _object(document, "parameters"),
                          None if version is None else str(version), _object(document, "metadata"), webhook)


def _object(document: dict[str, Any], name: str, *, required: bool = False) -> dict[str, Any]:
    value = document.get(name)
    if value is None and not required:
        return {}
    if not isinstance(value, dict):
        raise _invalid([FieldError(f"/{name}", "must be an object", "type")])
    return value


def _from_form(parts: list[FormPart]) -> PredictionBody:
    """Files are input. A plain field is input or a parameter by its name; the route says which when it is checked."""
    fields: dict[str, Any] = {}
    version = None
    for part in parts:
        name, is_file, content = part.name, part.filename is not None, part.content
        value: Any = content
        if not is_file:
            try:
                value = FormText(content.decode())
            except UnicodeDecodeError:
                raise _invalid([FieldError(f"/input/{name}", "must be UTF-8 text", "type")]) from None
        if name == "version" and not is_file:
            version = str(value)
        elif name in fields:
            fields[name] = [*(fields[name] if isinstance(fields[name], list) else [fields[name]]), value]
        else:
            fields[name] = value
    return PredictionBody(fields, {}, version)


class FormText(str):
    """Text of a form field: numbers, flags and JSON arrive as text there and are read by their kind."""


@dataclass(frozen=True, slots=True)
class FormPart:
    """One part of a form; a file has a name of its own."""

    name: str
    filename: str | None
    content_type: str
    content: bytes


def form_parts(body: bytes, content_type: str) -> list[FormPart]:
    """The parts of a multipart/form-data body. Raises Problem invalid_request."""
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise Problem("invalid_request", "multipart/form-data needs a boundary")
    marker = b"\r\n--" + match[1].encode("latin-1", "replace")
    chunks = (b"\r\n" + body).split(marker, MAX_PARTS + 2)
    if len(chunks) < 3 or not chunks[-1].startswith(b"--"):
        raise Problem("invalid_request", f"the form is cut short or has more than {MAX_PARTS} parts")
    parts = []
    for chunk in chunks[1:-1]:
        head, found, content = chunk.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        named, kind = {}, b""
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-type:"):
                kind = line.partition(b":")[2].strip()
            if line.lower().startswith(b"content-disposition:"):
                named = {key.lower(): value for key, value in _DISPOSITION.findall(line.partition(b":")[2])}
        if not found or b"name" not in named:
            raise Problem("invalid_request", "a part of the form has no name")
        filename = named[b"filename"].decode(errors="replace") if b"filename" in named else None
        parts.append(FormPart(named[b"name"].decode(errors="replace"), filename, kind.decode("latin-1"), content))
    return parts


# ---------------------------------------------------------------- checking by kind

class _Reader:
    """Checks the fields of one call, gathers its media and guesses its units for the reservation."""

    def __init__(self, unit: str) -> None:
        self.media: list[bytes] = []
        self.errors: list[FieldError] = []
        self.unit = unit
        self.units = 1

    def fields(self, given: Mapping[str, Any], specs: Mapping[str, Mapping[str, Any]], where: str) -> dict[str, Any]:
        checked: dict[str, Any] = {}
        for name in given:
            if name not in specs:
                self.errors.append(FieldError(f"/{where}/{name[:64]}", "unknown field", "unknown"))
        for name, bounds in specs.items():
            pointer = f"/{where}/{name}"
            value = given.get(name)
            if value is None:
                if "default" not in bounds and not bounds.get("optional") and where == "input":
                    self.errors.append(FieldError(pointer, "this field is required", "required"))
                continue
            try:
                checked[name] = self.value(value, bounds)
            except ValueError as error:
                self.errors.append(FieldError(pointer, str(error)))
        return checked

    def value(self, value: Any, bounds: Mapping[str, Any]) -> Any:
        """The wire form of one value. Raises ValueError with what is wrong."""
        kind = str(bounds.get("kind", ""))
        if kind in MEDIA_KINDS:
            return self.medium(value, bounds, kind)
        if kind == "images":
            items = value if isinstance(value, list) else [value]
            if not 0 < len(items) <= int(bounds.get("max_items", 64)):
                raise ValueError(f"must be 1 to {bounds.get('max_items', 64)} images")
            self.count("image", len(items))
            return [self.medium(item, bounds, "image") for item in items]
        if isinstance(value, FormText) and kind not in ("text", "choice"):
            value = _from_text(value, kind)
        elif isinstance(value, bytes):
            value = _decoded(value)
            if kind not in ("text", "choice"):
                value = _from_text(value, kind)
        check: Callable[[Any, Mapping[str, Any]], Any] | None = getattr(self, f"_{kind}", None)
        return check(value, bounds) if check is not None else _container(value)

    def medium(self, value: Any, bounds: Mapping[str, Any], kind: str) -> dict[str, int]:
        limit = int(bounds.get("max_bytes", 32 << 20))
        content = value if isinstance(value, bytes) else _from_base64(value, limit)
        if not content:
            raise ValueError("is empty")
        if len(content) > limit:
            raise ValueError(f"must be at most {limit} bytes")
        allowed = bounds.get("media_types")
        if kind == "image":
            found = _image_type(content)
            if found not in (allowed or ("image/jpeg", "image/png", "image/webp")):
                raise ValueError(f"must be one of {', '.join(allowed or ('JPEG', 'PNG', 'WebP'))}")
        if kind == "audio":
            self.count("second", math.ceil(len(content) / 16_000))  # the host counts; 16 kB a second is usual
        self.media.append(content)
        return {"$media": len(self.media) - 1}

    def count(self, unit: str, number: int) -> None:
        if unit == self.unit:
            self.units = max(self.units, number)

    def _text(self, value: Any, bounds: Mapping[str, Any]) -> str:
        if not isinstance(value, str):
            raise ValueError("must be text")
        if len(value) > int(bounds.get("max_chars", 1_000_000)):
            raise ValueError(f"must be at most {bounds.get('max_chars', 1_000_000)} characters")
        if len(value) < int(bounds.get("min_chars", 0)):
            raise ValueError(f"must be at least {bounds['min_chars']} characters")
        self.count("1k_chars", math.ceil(len(value) / 1000))
        return str(value)

    def _texts(self, value: Any, bounds: Mapping[str, Any]) -> list[str]:
        if not isinstance(value, list) or not 0 < len(value) <= int(bounds.get("max_items", MAX_ITEMS)):
            raise ValueError(f"must be a list of 1 to {bounds.get('max_items', MAX_ITEMS)} texts")
        texts = [self._text(item, bounds) for item in value]
        self.count("1k_chars", math.ceil(sum(map(len, texts)) / 1000))
        self.count("row", len(texts))
        return texts

    def _table(self, value: Any, bounds: Mapping[str, Any]) -> list[dict[str, Any]]:
        if not isinstance(value, list) or any(not isinstance(row, dict) for row in value):
            raise ValueError("must be a list of row objects")
        if not 0 < len(value) <= int(bounds.get("max_rows", MAX_ITEMS)):
            raise ValueError(f"must have 1 to {bounds.get('max_rows', MAX_ITEMS)} rows")
        self.count("row", len(value))
        return value

    def _series(self, value: Any, bounds: Mapping[str, Any]) -> Any:
        values = value.get("values") if isinstance(value, dict) else value
        if not isinstance(values, list):
            raise ValueError("must be a list of numbers, or an object with values, start and freq")
        if any(type(item) not in (int, float, type(None)) for item in values):
            raise ValueError("must hold numbers only")
        low, high = int(bounds.get("min_points", 1)), int(bounds.get("max_points", MAX_ITEMS))
        if not low <= len(values) <= high:
            raise ValueError(f"must have {low} to {high} points")
        self.count("point", len(values))
        return value

    def _number(self, value: Any, bounds: Mapping[str, Any]) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise ValueError("must be a number")
        if "minimum" in bounds and value < bounds["minimum"]:
            raise ValueError(f"must be at least {bounds['minimum']}")
        if "maximum" in bounds and value > bounds["maximum"]:
            raise ValueError(f"must be at most {bounds['maximum']}")
        return value

    def _integer(self, value: Any, bounds: Mapping[str, Any]) -> int:
        if type(value) is not int:
            raise ValueError("must be a whole number")
        return int(self._number(value, bounds))

    def _boolean(self, value: Any, _bounds: Mapping[str, Any]) -> bool:
        if not isinstance(value, bool):
            raise ValueError("must be true or false")
        return value

    def _choice(self, value: Any, bounds: Mapping[str, Any]) -> Any:
        for choice in bounds.get("choices", ()):
            same = value == choice and type(value) is type(choice)
            if same or (isinstance(value, FormText) and value == str(choice)):
                return choice
        raise ValueError(f"must be one of {', '.join(map(str, bounds.get('choices', ())))}")


def _container(value: Any) -> Any:
    """Graphs, problems and several series: free JSON whose schema the host knows."""
    if not isinstance(value, (dict, list)):
        raise ValueError("must be an object or a list")
    return value


def _decoded(content: bytes) -> FormText:
    try:
        return FormText(content.decode())
    except UnicodeDecodeError:
        raise ValueError("must be UTF-8 text") from None


def _from_text(text: str, kind: str) -> Any:
    if kind == "boolean" and text.lower() in ("true", "on", "1", "false", "off", "0"):
        return text.lower() in ("true", "on", "1")
    try:
        return oip.parse_json(text.encode())
    except Problem:
        raise ValueError("must be JSON" if kind != "number" else "must be a number") from None


def _from_base64(value: Any, limit: int) -> bytes:
    if not isinstance(value, str):
        raise ValueError("must be base64 text or a data URL")
    if value.startswith("data:"):
        match = _DATA_URL.match(value)
        if match is None:
            raise ValueError("must be a data URL with base64")
        value = value[match.end():]
    elif value.startswith(("http://", "https://")):
        raise ValueError("must be the content itself, as base64 or a data URL, not an address")
    if len(value) > limit * 3 // 2 + 4096:
        raise ValueError(f"must be at most {limit} bytes")
    try:
        return base64.b64decode(value.translate(_WHITESPACE), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not valid base64") from None


def _image_type(content: bytes) -> str:
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return "image/tiff" if content[:4] in (b"II*\0", b"MM\0*") else "image/bmp" if content[:2] == b"BM" else ""


def _invalid(errors: list[FieldError]) -> Problem:
    return Problem("validation_error", f"{errors[0].pointer}: {errors[0].detail}", errors=errors[:20])


# ---------------------------------------------------------------- to the host and back

def host_work(route: Route, body: PredictionBody, finish: Callable[[dict[str, Any], list[bytes], Target], Any]) -> Work:
    """The call on the wire to the host. `finish` gets the host's answer and its media."""
    reader = _Reader(route.price.unit)
    given, parameters = dict(body.input), dict(body.parameters)
    for name in list(given):  # a form has one flat list of fields
        if name not in route.input_kinds and name in route.parameters and isinstance(given[name], FormText):
            parameters[name] = given.pop(name)
    request = {"input": reader.fields(given, route.input_kinds, "input"),
               "parameters": reader.fields(parameters, route.parameters, "parameters")}
    if reader.errors:
        raise _invalid(reader.errors)
    tensors = [oip.bytes_tensor("capability", [route.model.encode()]),
               oip.bytes_tensor("request", [orjson.dumps(request)])]
    if reader.media:
        tensors.append(oip.bytes_tensor("media", reader.media))

    def deliver(reply: list[Tensor], target: Target) -> Delivery:
        answer, media = _answer(reply)
        units = answer.get("units", {}).get(route.price.unit, 1)
        return Delivery(finish(answer, media, target), units if type(units) is int and units > 0 else 1)

    return Work(tuple(tensors), ("response", "media"), False, reader.units, deliver)


def _answer(reply: list[Tensor]) -> tuple[dict[str, Any], list[bytes]]:
    by_name = {tensor.name: tensor for tensor in reply}
    try:
        answer = orjson.loads(by_name["response"].strings()[0])
        media = by_name["media"].strings() if "media" in by_name else []
        if problem := answer.get("problem"):
            code = problem["code"] if problem["code"] in CODES else "backend_error"
            raise Problem(code, str(problem.get("detail", "")), errors=[
                FieldError(str(e.get("pointer", "")), str(e.get("detail", "")), str(e.get("code", "invalid")))
                for e in problem.get("errors", ())])
        if not isinstance(answer["output"], dict):
            raise TypeError("output")
    except (KeyError, IndexError, TypeError, AttributeError, orjson.JSONDecodeError) as error:
        raise Problem("backend_error", "the model gave an answer that can't be read") from error
    return answer, media


def with_media(value: Any, types: list[dict[str, Any]], media: list[bytes], *, data_urls: bool) -> Any:
    """The output with each ``{"$media": n}`` replaced by its content."""
    if isinstance(value, dict):
        number = value.get("$media")
        if len(value) == 1 and type(number) is int and 0 <= number < len(media):
            text = base64.b64encode(media[number]).decode()
            kind = types[number].get("content_type") if number < len(types) else None
            return f"data:{kind or 'application/octet-stream'};base64,{text}" if data_urls else text
        return {name: with_media(item, types, media, data_urls=data_urls) for name, item in value.items()}
    if isinstance(value, list):
        return [with_media(item, types, media, data_urls=data_urls) for item in value]
    return value


@dataclass(frozen=True, slots=True)
class Predicted:
    """What the host said: output with data URLs, warnings, its own computing time."""

    output: dict[str, Any]
    warnings: list[str]
    compute_ms: float


def prediction_work(route: Route, body: PredictionBody) -> Work:
    def finish(answer: dict[str, Any], media: list[bytes], _target: Target) -> Predicted:
        output = with_media(answer["output"], answer.get("media") or [], media, data_urls=True)
        return Predicted(output, list(answer.get("warnings") or []), float(answer.get("elapsed_ms") or 0.0))
    return host_work(route, body, finish)


def tensor_work(route: Route, request: InferRequest) -> Work:
    """The tensor view: the route's own ONNX model, or its host behind one JSON tensor."""
    def rendered(reply: list[Tensor], target: Target) -> tuple[bytes, int | None]:
        return oip.render_reply(route.model, target.version, request, reply)

    if route.runtime == "onnx":
        units = request.inputs[0].shape[0] if route.price.unit in ("image", "row", "point") \
            and route.inputs[0].shape[:1] == (-1,) and request.inputs[0].shape else 1
        names = tuple(output.name for output in request.outputs) or tuple(spec.name for spec in route.outputs)
        return Work(request.inputs, names, True, units, lambda reply, target: Delivery(rendered(reply, target), units))
    body = parse_body(request.inputs[0].strings()[0], "application/json")

    def finish(answer: dict[str, Any], media: list[bytes], target: Target) -> tuple[bytes, int | None]:
        output = with_media(answer["output"], answer.get("media") or [], media, data_urls=False)
        return rendered([oip.bytes_tensor(route.outputs[0].name, [orjson.dumps(output)])], target)
    return host_work(route, body, finish)


# ---------------------------------------------------------------- the prediction object

def usage_of(outcome: Outcome) -> dict[str, Any]:
    price = outcome.route.price
    predicted = outcome.body
    return {"unit": outcome.unit, "units": outcome.units, "cost": outcome.cost, "currency": price.currency,
            "compute_ms": round(0.0 if outcome.cause == "cache_hit" else predicted.compute_ms
                                if isinstance(predicted, Predicted) else outcome.timings.stages.get("infer", 0.0), 2),
            "queue_ms": round(outcome.timings.stages.get("queue", 0.0), 2)}


def prediction_object(outcome: Outcome, body: PredictionBody, created_at: datetime) -> dict[str, Any]:
    """A finished prediction as API clients see it. Synchronous ones are not stored: their urls are empty."""
    predicted: Predicted = outcome.body
    moment = created_at.isoformat()
    return {
        "id": prefixed("pred", outcome.event_id), "object": "prediction", "model": outcome.route.model,
        "version": outcome.target.version, "variant": outcome.target.label, "status": "succeeded", "progress": 1.0,
        "stage": "done", "output": predicted.output, "warnings": predicted.warnings, "error": None,
        "usage": usage_of(outcome), "logs_url": None, "metadata": body.metadata, "created_at": moment,
        "started_at": moment, "completed_at": clock.now().isoformat(), "expires_at": None, "urls": {}}


async def predict(runtime: Runtime, *, model: str, content_type: str, raw: bytes, body: PredictionBody,
                  key: str | None = None, grant: Grant | None = None, version: str | None = None, ip: str = "",
                  event_id: UUID | None = None, source: Literal["sync", "async", "batch"] = "sync",
                  timeout_ms: int | None = None, note: Note | None = None, may_cache: bool = True) -> Outcome:
    """One prediction in human kinds through the one path; `outcome.body` is a Predicted."""
    if runtime.files is not None and _names_files(body.input):
        grant = grant or await authenticate(runtime, key, ip)
        body = await _with_files(runtime, grant, model, body)
    return await invoke(runtime, Call(
        model=model, body=raw, prepare=lambda route: prediction_work(route, body), key=key, grant=grant,
        version=version or body.version, ip=ip, event_id=event_id, source=source, timeout_ms=timeout_ms, note=note,
        may_cache=may_cache))


def _names_files(given: Mapping[str, Any]) -> bool:
    return any(_is_file_id(item) for value in given.values() for item in (value if type(value) is list else (value,)))


def _is_file_id(value: Any) -> bool:
    return isinstance(value, str) and FILE_ID.fullmatch(value) is not None


async def _with_files(runtime: Runtime, grant: Grant, model: str, body: PredictionBody) -> PredictionBody:
    """The body with the content of the organization's files in place of their ids, in fields that take media."""
    route = await authorise(runtime, grant, model)
    assert runtime.files is not None
    given = dict(body.input)
    for name, value in given.items():
        bounds = route.input_kinds.get(name, {})
        if bounds.get("kind") not in (*MEDIA_KINDS, "images"):
            continue
        items = value if isinstance(value, list) else [value]
        try:
            read = [await runtime.files.read(grant.org_id, item, limit=int(bounds.get("max_bytes", 32 << 20)))
                    if _is_file_id(item) else item for item in items[:MAX_PARTS]]
        except Problem as problem:
            if problem.code not in ("not_found", "payload_too_large"):
                raise
            raise _invalid([FieldError(f"/input/{name}", problem.detail, problem.code)]) from None
        given[name] = [*read, *items[MAX_PARTS:]] if isinstance(value, list) else read[0]
    return replace(body, input=given)


class PredictionRunner:
    """Runs the predictions of jobs on a started runtime: the same path, under the grant that admitted the job."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def complete(self, *, grant: Grant, model: str, version: int | None, content_type: str, body: bytes,
                       event_id: UUID, source: Literal["sync", "async", "batch"], note: Note | None = None) -> Outcome:
        """Raises Problem. A second run of one event id is charged once. `outcome.body` is a Predicted."""
        return await predict(
            self._runtime, model=model, content_type=content_type, raw=body, body=parse_body(body, content_type),
            grant=grant, version=str(version) if version else None, event_id=event_id, source=source, note=note)
