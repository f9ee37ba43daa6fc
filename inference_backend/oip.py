"""Open Inference Protocol v2: bodies in, checked tensors out, and back.

Nothing of a client's bytes reaches Triton unchecked: a body is parsed within bounds, matched with the route's
signature and written anew with binary tensors. Every fault of the caller is a `Problem`; hostile input has no
other way out of this module. Pure: no sockets, no clock.
"""

from __future__ import annotations

import itertools
import math
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import orjson

from kernel.contracts import TensorSpec
from kernel.problems import FieldError, Problem

MAX_DEPTH = 32
MAX_ELEMENTS = 1 << 28  # of one tensor; its bytes are bounded by the body anyway
MAX_STRINGS = 1 << 20  # elements of one BYTES tensor
MAX_TENSORS = 256
MAX_ID = 256

DTYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype("?"), "INT8": np.dtype("<i1"), "INT16": np.dtype("<i2"), "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"), "UINT8": np.dtype("<u1"), "UINT16": np.dtype("<u2"), "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"), "FP16": np.dtype("<f2"), "FP32": np.dtype("<f4"), "FP64": np.dtype("<f8"),
}
DATATYPES = (*DTYPES, "BYTES")

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_TO_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NOT_STRUCTURE = bytes(set(range(256)) - set(b"[]{}:"))
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_LEAVES = {int, float, str, bool, type(None)}
_SHARED_MEMORY = ("shared_memory_region", "shared_memory_offset", "shared_memory_byte_size")

Buffer = bytes | memoryview


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor in the protocol's raw form: little-endian, row-major; BYTES as 4-byte length and content each."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: Buffer

    def strings(self) -> list[bytes]:
        """The elements of a BYTES tensor."""
        return split_strings(self.data)


@dataclass(frozen=True, slots=True)
class WantedOutput:
    """An output that the client asked for, and in which form."""

    name: str
    binary: bool


@dataclass(frozen=True, slots=True)
class InferRequest:
    """A checked request. Empty `outputs` means all outputs of the model, in the form `binary` says."""

    id: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[WantedOutput, ...]
    binary: bool


def bytes_tensor(name: str, values: Sequence[bytes]) -> Tensor:
    """A one-dimensional BYTES tensor."""
    return Tensor(name, "BYTES", (len(values),), join_strings(values))


# ---------------------------------------------------------------- JSON

def parse_json(raw: Buffer) -> Any:
    """JSON that is UTF-8, at most 32 deep, without repeated members, NaN or infinities. Raises malformed_json."""
    raw = bytes(raw)
    if not raw.strip():
        raise Problem("invalid_request", "the request body is empty")
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Problem("malformed_json", f"the body is not valid JSON: {error}") from None
    if raw.count(b"[") + raw.count(b"{") > 1 or raw.count(b":") > 1:
        _check_structure(_STRING.sub(b"", raw) if b'"' in raw else raw, value)
    return value


def _check_structure(text: bytes, value: Any) -> None:
    """Depth and repeated members, from the text without its strings; at the speed of C on large bodies."""
    structure = text.translate(None, _NOT_STRUCTURE)
    brackets = structure.translate(_TO_BRACKETS, b":")
    for _ in range(MAX_DEPTH):  # each round takes away the containers that hold no other
        if not brackets:
            break
        brackets = brackets.replace(b"[]", b"")
    if brackets:
        raise Problem("malformed_json", f"the body is nested deeper than {MAX_DEPTH} levels")
    if structure.count(b":") != _members(value):
        raise Problem("malformed_json", "an object in the body has a repeated member")


def _members(value: Any) -> int:
    """How many members all objects of `value` have."""
    total = 0
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            total += len(item)
            pending.extend(child for child in item.values() if isinstance(child, (dict, list)))
        elif isinstance(item, list) and not set(map(type, item)) <= _LEAVES:
            pending.extend(child for child in item if isinstance(child, (dict, list)))
    return total


# ---------------------------------------------------------------- requests

def parse_infer(body: Buffer, header_length: str | None, inputs: Sequence[TensorSpec],
                outputs: Sequence[TensorSpec]) -> InferRequest:
    """The body of an infer call in any of the protocol's three forms.

    `header_length` is the Inference-Header-Content-Length header: absent for JSON, "0" for a raw binary body (one
    input only), else the length of the JSON in front of the binary tensors.
    """
    view = memoryview(body)
    if header_length is None:
        return _request(parse_json(view), memoryview(b""), inputs, outputs, default_binary=False)
    if not (header_length.isascii() and header_length.isdigit() and len(header_length) < 12):
        raise Problem("invalid_request", "Inference-Header-Content-Length must be a whole number")
    length = int(header_length)
    if length > len(view):
        raise Problem("invalid_request", "Inference-Header-Content-Length is larger than the body")
    if not len(view):
        raise Problem("invalid_request", "the request body is empty")
    if length == 0:
        return InferRequest("", (_raw(view, inputs),), (), binary=True)
    if length <= MAX_KNOWN and (known := _known(inputs, outputs).get(bytes(view[:length]))) is not None:
        return known.request(view, length)
    request = _request(parse_json(view[:length]), view[length:], inputs, outputs, default_binary=False)
    if length <= MAX_KNOWN and not request.id:
        _remember(view[:length], request, inputs, outputs)
    return request


# Callers send the same JSON in front of their binary tensors again and again. Its meaning depends on nothing but its
# bytes and the signature, so it is kept; the tensors behind it are checked anew each time.
MAX_KNOWN = 2048  # bytes of a header that is worth keeping
KNOWN_HEADERS, KNOWN_SIGNATURES = 64, 512


@dataclass(frozen=True, slots=True)
class _Header:
    """A checked JSON header whose tensors are all binary: each with its place in the binary part."""

    tensors: tuple[tuple[TensorSpec, tuple[int, ...], int, int], ...]
    size: int
    outputs: tuple[WantedOutput, ...]
    binary: bool

    def request(self, view: memoryview, length: int) -> InferRequest:
        if len(view) - length != self.size:
            raise _mismatch(f"{self.size} bytes must follow the JSON, not {len(view) - length}")
        tensors = []
        for number, (spec, shape, start, end) in enumerate(self.tensors):
            data = view[length + start:length + end]
            if spec.datatype in ("BYTES", "BOOL"):  # the only ones whose bytes can be wrong by themselves
                checked(spec, shape, data, f"/inputs/{number}")
            tensors.append(Tensor(spec.name, spec.datatype, shape, data))
        return InferRequest("", tuple(tensors), self.outputs, self.binary)


_signatures: dict[int, tuple[Sequence[TensorSpec], Sequence[TensorSpec], dict[bytes, _Header]]] = {}


def _known(inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]) -> dict[bytes, _Header]:
    """The kept headers of one signature, found by identity: a signature that changed is another object."""
    entry = _signatures.get(id(inputs))
    if entry is None or entry[0] is not inputs or entry[1] is not outputs:
        while len(_signatures) >= KNOWN_SIGNATURES:
            _signatures.pop(next(iter(_signatures)), None)
        entry = _signatures[id(inputs)] = (inputs, outputs, {})
    return entry[2]


def _remember(head: memoryview, request: InferRequest, inputs: Sequence[TensorSpec],
              outputs: Sequence[TensorSpec]) -> None:
    specs = {spec.name: spec for spec in inputs}
    places, start = [], 0
    for tensor in request.inputs:
        if not isinstance(tensor.data, memoryview):  # its values were in the JSON
            return
        end = start + len(tensor.data)
        places.append((specs[tensor.name], tensor.shape, start, end))
        start = end
    known = _known(inputs, outputs)
    while len(known) >= KNOWN_HEADERS:
        known.pop(next(iter(known)), None)
    known[bytes(head)] = _Header(tuple(places), start, request.outputs, request.binary)


def _mismatch(detail: str, pointer: str = "") -> Problem:
    errors = [FieldError(pointer, detail, "signature")] if pointer else ()
    return Problem("input_signature_mismatch", detail, errors=errors)


def _raw(body: memoryview, inputs: Sequence[TensorSpec]) -> Tensor:
    """A body without JSON: it is the model's single input; at most one dimension is free."""
    required = [spec for spec in inputs if not spec.optional]
    if len(required) != 1:
        raise _mismatch("a raw binary body is for models with exactly one input")
    spec = required[0]
    free = [position for position, size in enumerate(spec.shape) if size < 0]
    if spec.datatype == "BYTES":
        return checked(spec, (1,) * len(spec.shape), struct.pack("<I", len(body)) + body, "/inputs/0")
    dtype = _dtype(spec)
    step = dtype.itemsize * math.prod(size for size in spec.shape if size > 0)
    if len(free) > 1 or (len(free) == 1 and len(body) % step) or (not free and len(body) != step):
        raise _mismatch(f"a raw body of {len(body)} bytes does not fit {spec.datatype} {list(spec.shape)}")
    return checked(spec, tuple(len(body) // step if size < 0 else size for size in spec.shape), body, "/inputs/0")


def _request(document: Any, rest: memoryview, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], *,
             default_binary: bool) -> InferRequest:
    if not isinstance(document, dict):
        raise Problem("invalid_request", "the body must be a JSON object")
    parameters = _object(document.get("parameters"), "/parameters")
    binary = _flag(parameters.get("binary_data_output", default_binary), "/parameters/binary_data_output")
    identifier = document.get("id", "")
    if not isinstance(identifier, str) or len(identifier) > MAX_ID:
        raise Problem("invalid_request", f"id must be text of at most {MAX_ID} characters")
    entries = document.get("inputs")
    if not isinstance(entries, list) or not 0 < len(entries) <= MAX_TENSORS:
        raise _mismatch("inputs must be a list of tensors", "/inputs")
    specs = {spec.name: spec for spec in inputs}
    tensors = []
    for position, entry in enumerate(entries):
        tensor, rest = _input(entry, rest, specs, f"/inputs/{position}")
        tensors.append(tensor)
    if len(rest):
        raise _mismatch(f"{len(rest)} bytes follow the last binary tensor")
    return InferRequest(identifier, require_all(tensors, inputs),
                        _wanted(document.get("outputs"), outputs, binary), binary)


def require_all(tensors: Sequence[Tensor], inputs: Sequence[TensorSpec]) -> tuple[Tensor, ...]:
    """The tensors, each name once, none of the required ones missing."""
    names = [tensor.name for tensor in tensors]
    if len(set(names)) != len(names):
        raise _mismatch("an input is given twice", "/inputs")
    missing = [spec.name for spec in inputs if not spec.optional and spec.name not in names]
    if missing:
        raise _mismatch(f"missing inputs: {', '.join(missing)}", "/inputs")
    return tuple(tensors)


def _input(entry: Any, rest: memoryview, specs: Mapping[str, TensorSpec], pointer: str) -> tuple[Tensor, memoryview]:
    """One entry of `inputs`, and what it leaves of the binary part."""
    if not isinstance(entry, dict):
        raise _mismatch("an input must be an object", pointer)
    spec = find_input(entry.get("name"), specs, pointer)
    if entry.get("datatype") != spec.datatype:
        raise _mismatch(f"{spec.name} must have datatype {spec.datatype}", f"{pointer}/datatype")
    shape = check_shape(entry.get("shape"), spec, f"{pointer}/shape")
    parameters = _object(entry.get("parameters"), f"{pointer}/parameters")
    _no_shared_memory(parameters)
    size = parameters.get("binary_data_size")
    if size is None:
        if "data" not in entry:
            raise _mismatch(f"{spec.name} has no data", f"{pointer}/data")
        data = _encode_json(entry["data"], spec, shape, f"{pointer}/data")
        return Tensor(spec.name, spec.datatype, shape, data), rest
    if type(size) is not int or not 0 <= size <= len(rest):
        raise _mismatch("binary_data_size does not fit the body", f"{pointer}/parameters/binary_data_size")
    if "data" in entry:
        raise _mismatch(f"{spec.name} has both data and binary_data_size", f"{pointer}/data")
    return checked(spec, shape, rest[:size], pointer), rest[size:]


def find_input(name: object, specs: Mapping[str, TensorSpec], pointer: str) -> TensorSpec:
    """The signature's input of that name."""
    spec = specs.get(name) if isinstance(name, str) else None
    if spec is None:
        raise _mismatch(f"the inputs of this model are: {', '.join(specs)}", f"{pointer}/name")
    return spec


def check_shape(shape: Any, spec: TensorSpec, pointer: str) -> tuple[int, ...]:
    """A shape of whole, positive dimensions that fits the signature and can't overflow anything."""
    if not isinstance(shape, list) or any(type(size) is not int or size < 1 for size in shape):
        raise _mismatch(f"the shape of {spec.name} must be a list of positive whole numbers", pointer)
    if len(shape) != len(spec.shape) or any(want not in (-1, got) for got, want in zip(shape, spec.shape, strict=True)):
        raise _mismatch(f"{spec.name} must have shape {list(spec.shape)}", pointer)
    if math.prod(shape) > MAX_ELEMENTS:
        raise Problem("payload_too_large", f"{spec.name} has more than {MAX_ELEMENTS} elements")
    return tuple(shape)


def checked(spec: TensorSpec, shape: tuple[int, ...], data: Buffer, pointer: str) -> Tensor:
    """A tensor in raw form whose bytes are what datatype and shape say."""
    count = math.prod(shape)
    if spec.datatype == "BYTES":
        if len(split_strings(data, count, pointer)) != count:
            raise _mismatch(f"{spec.name} must hold {count} strings", pointer)
    elif len(data) != count * _dtype(spec).itemsize:
        size = count * _dtype(spec).itemsize
        raise _mismatch(f"{spec.name} of shape {list(shape)} takes {size} bytes, not {len(data)}", pointer)
    elif spec.datatype == "BOOL" and count and int(np.frombuffer(data, np.uint8).max()) > 1:
        raise _mismatch(f"{spec.name} must hold 0 and 1 only", pointer)
    return Tensor(spec.name, spec.datatype, shape, data)


def _dtype(spec: TensorSpec) -> np.dtype[Any]:
    dtype = DTYPES.get(spec.datatype)
    if dtype is None:
        raise _mismatch(f"datatype {spec.datatype} is not supported")
    return dtype


def _encode_json(data: Any, spec: TensorSpec, shape: tuple[int, ...], pointer: str) -> bytes:
    """JSON values, flat or nested as the shape says, in raw form."""
    flat, lengths = _flatten(data, pointer)
    if len(flat) != math.prod(shape) or (len(lengths) > 1 and tuple(lengths) != shape):
        raise _mismatch(f"{spec.name} of shape {list(shape)} takes {math.prod(shape)} values", pointer)
    return encode_values(flat, spec, pointer)


def _flatten(data: Any, pointer: str) -> tuple[list[Any], list[int]]:
    """A flat list and the length of each level of nesting; ragged lists are refused."""
    if not isinstance(data, list):
        raise _mismatch("data must be a list", pointer)
    lengths = [len(data)]
    while data and isinstance(data[0], list):
        sizes = {len(item) if isinstance(item, list) else -1 for item in data}
        if len(sizes) != 1:
            raise _mismatch("data is nested unevenly", pointer)
        lengths.append(sizes.pop())
        data = list(itertools.chain.from_iterable(data))
    return data, lengths


def encode_values(flat: Sequence[Any], spec: TensorSpec, pointer: str) -> bytes:
    """Python values in raw form; a value of another type or out of range is a mismatch."""
    types = set(map(type, flat))
    if spec.datatype == "BYTES":
        if not types <= {str}:
            raise _mismatch(f"{spec.name} takes strings", pointer)
        return join_strings([text.encode() for text in flat])
    dtype = _dtype(spec)
    if dtype.kind == "b":
        if not types <= {bool}:
            raise _mismatch(f"{spec.name} takes true and false", pointer)
        return np.array(flat, dtype).tobytes()
    if dtype.kind in "iu":
        bounds = np.iinfo(dtype)
        if not types <= {int}:
            raise _mismatch(f"{spec.name} takes whole numbers", pointer)
        if flat and not (bounds.min <= min(flat) and max(flat) <= bounds.max):
            raise _mismatch(f"a value of {spec.name} is out of the range of {spec.datatype}", pointer)
        return np.array(flat, dtype).tobytes()
    if not types <= {int, float}:
        raise _mismatch(f"{spec.name} takes numbers", pointer)
    with np.errstate(over="ignore"):
        array = np.array(flat, np.float64).astype(dtype)
    if not np.isfinite(array).all():
        raise _mismatch(f"a value of {spec.name} is out of the range of {spec.datatype}", pointer)
    return array.tobytes()


def _wanted(entries: Any, outputs: Sequence[TensorSpec], binary: bool) -> tuple[WantedOutput, ...]:
    if entries is None:
        return ()
    if not isinstance(entries, list) or len(entries) > MAX_TENSORS:
        raise _mismatch("outputs must be a list", "/outputs")
    known = {spec.name for spec in outputs}
    wanted = []
    for position, entry in enumerate(entries):
        pointer = f"/outputs/{position}"
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str) or name not in known:
            raise _mismatch(f"the outputs of this model are: {', '.join(sorted(known))}", f"{pointer}/name")
        parameters = _object(entry.get("parameters"), f"{pointer}/parameters")
        _no_shared_memory(parameters)
        if "classification" in parameters:
            raise Problem("invalid_request", "the classification extension is not offered")
        form = _flag(parameters.get("binary_data", binary), f"{pointer}/parameters/binary_data")
        wanted.append(WantedOutput(name, form))
    if len({output.name for output in wanted}) != len(wanted):
        raise _mismatch("an output is asked for twice", "/outputs")
    return tuple(wanted)


def _object(value: Any, pointer: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Problem("invalid_request", f"{pointer} must be an object")
    return value


def _flag(value: Any, pointer: str) -> bool:
    if not isinstance(value, bool):
        raise Problem("invalid_request", f"{pointer} must be true or false")
    return value


def _no_shared_memory(parameters: Mapping[str, Any]) -> None:
    if any(name in parameters for name in _SHARED_MEMORY):
        raise Problem("invalid_request", "shared memory is not offered")


# ---------------------------------------------------------------- strings

def join_strings(values: Sequence[bytes]) -> bytes:
    """BYTES elements in raw form."""
    return b"".join(part for value in values for part in (struct.pack("<I", len(value)), value))


def split_strings(data: Buffer, limit: int = MAX_STRINGS, pointer: str = "") -> list[bytes]:
    """The elements of a raw BYTES tensor; stops with a Problem where the lengths do not add up or pass `limit`."""
    view = memoryview(data)
    values: list[bytes] = []
    position = 0
    while position < len(view):
        if len(values) >= min(limit, MAX_STRINGS):
            raise _mismatch("a BYTES tensor holds more strings than its shape says", pointer)
        if position + 4 > len(view):
            raise _mismatch("a BYTES tensor ends within a length", pointer)
        length = int.from_bytes(view[position:position + 4], "little")
        position += 4
        if position + length > len(view):
            raise _mismatch("a BYTES tensor ends within a string", pointer)
        values.append(bytes(view[position:position + length]))
        position += length
    return values


# ---------------------------------------------------------------- upstream

def encode_request(inputs: Sequence[Tensor], outputs: Sequence[str] = ()) -> tuple[list[Buffer], int]:
    """What Triton is sent: the parts of the body, all tensors binary, and the length of the JSON in front."""
    header = _request_header(tuple([(t.name, t.datatype, t.shape, len(t.data)) for t in inputs]), tuple(outputs))
    return [header, *[tensor.data for tensor in inputs]], len(header)


_Form = tuple[str, str, tuple[int, ...], int]  # name, datatype, shape and bytes of a tensor


@lru_cache(maxsize=1024)
def _request_header(inputs: tuple[_Form, ...], outputs: tuple[str, ...]) -> bytes:
    document: dict[str, Any] = {"inputs": [
        {"name": name, "datatype": datatype, "shape": shape, "parameters": {"binary_data_size": size}}
        for name, datatype, shape, size in inputs]}
    if outputs:
        document["outputs"] = [{"name": name, "parameters": {"binary_data": True}} for name in outputs]
    else:
        document["parameters"] = {"binary_data_output": True}
    return orjson.dumps(document)


def decode_reply(body: bytes, header_length: int | None) -> list[Tensor]:
    """Triton's binary answer. Raises backend_error where it is not one."""
    length = len(body) if header_length is None else header_length
    try:
        forms = _reply_forms(body[:length]) if length <= MAX_KNOWN else _reply_forms.__wrapped__(body[:length])
        rest = memoryview(body)[length:]
        if sum([form[3] for form in forms]) > len(rest):
            raise ValueError("a tensor is cut short")
        tensors, start = [], 0
        for name, datatype, shape, size in forms:
            tensors.append(Tensor(name, datatype, shape, rest[start:start + size]))
            start += size
        return tensors
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Problem("backend_error", "the inference backend gave an answer that can't be read") from error


@lru_cache(maxsize=1024)
def _reply_forms(header: bytes) -> tuple[_Form, ...]:
    return tuple((entry["name"], entry["datatype"], tuple(entry["shape"]),
                  entry["parameters"]["binary_data_size"]) for entry in orjson.loads(header)["outputs"])


def render_reply(model: str, version: int, request: InferRequest,
                 tensors: Sequence[Tensor]) -> tuple[bytes, int | None]:
    """The answer in the form that the client asked for: the body, and the length of its JSON where tensors follow.

    JSON has no NaN: a float that isn't finite is written as null.
    """
    by_name = {tensor.name: tensor for tensor in tensors}
    wanted = request.outputs or tuple([WantedOutput(tensor.name, request.binary) for tensor in tensors])
    if wanted and all(output.binary and output.name in by_name for output in wanted):
        chosen = [by_name[output.name] for output in wanted]
        header = _reply_header(model, version, request.id, tuple(
            [(tensor.name, tensor.datatype, tensor.shape, len(tensor.data)) for tensor in chosen]))
        return b"".join((header, *[tensor.data for tensor in chosen])), len(header)
    entries: list[dict[str, Any]] = []
    parts: list[Buffer] = []
    for output in wanted:
        tensor = by_name.get(output.name)
        if tensor is None:
            raise Problem("backend_error", f"the model gave no output {output.name}")
        entry: dict[str, Any] = {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}
        if output.binary:
            entry["parameters"] = {"binary_data_size": len(tensor.data)}
            parts.append(tensor.data)
        else:
            entry["data"] = _values(tensor)
        entries.append(entry)
    document: dict[str, Any] = {"model_name": model, "model_version": str(version), "outputs": entries}
    if request.id:
        document["id"] = request.id
    header = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    return (b"".join((header, *parts)), len(header)) if parts else (header, None)


@lru_cache(maxsize=1024)
def _reply_header(model: str, version: int, identifier: str, forms: tuple[_Form, ...]) -> bytes:
    document: dict[str, Any] = {"model_name": model, "model_version": str(version), "outputs": [
        {"name": name, "datatype": datatype, "shape": shape, "parameters": {"binary_data_size": size}}
        for name, datatype, shape, size in forms]}
    if identifier:
        document["id"] = identifier
    return orjson.dumps(document)


def _values(tensor: Tensor) -> Any:
    if tensor.datatype == "BYTES":
        try:
            return [value.decode() for value in tensor.strings()]
        except UnicodeDecodeError:
            raise Problem("invalid_request", f"{tensor.name} holds bytes that are no text: "
                                             "ask for it with binary_data") from None
    dtype = DTYPES.get(tensor.datatype)
    if dtype is None:
        raise Problem("invalid_request", f"{tensor.name} has datatype {tensor.datatype}: ask for it with binary_data")
    array = np.frombuffer(tensor.data, dtype)
    return array.astype(np.float32) if dtype.itemsize == 2 and dtype.kind == "f" else array
