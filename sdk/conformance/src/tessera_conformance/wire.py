"""The few protobuf messages of the Open Inference Protocol that the kit sends and reads, on the bytes.

Written out so that the kit shares no generated code with a server that it examines, and clashes with none.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence

from tessera_conformance.tensors import Tensor

SERVICE = "/inference.GRPCInferenceService/"
_TYPED = {"BOOL": 1, "INT8": 2, "INT16": 2, "INT32": 2, "INT64": 3, "UINT8": 4, "UINT16": 4, "UINT32": 4, "UINT64": 5,
          "FP32": 6, "FP64": 7, "BYTES": 8}


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def text(field: int, value: str) -> bytes:
    return block(field, value.encode()) if value else b""


def block(field: int, value: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(value)) + value


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Numbers and values of a message, in order."""
    at = 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        tag = number()
        kind = tag & 7
        if kind == 0:
            yield tag >> 3, number()
            continue
        length = {1: 8, 5: 4}.get(kind)
        length = number() if length is None else length
        yield tag >> 3, message[at:at + length]
        at += length


def grouped(message: bytes) -> dict[int, list[int | bytes]]:
    found: dict[int, list[int | bytes]] = defaultdict(list)
    for field, value in fields(message):
        found[field].append(value)
    return found


def first_text(found: dict[int, list[int | bytes]], field: int) -> str:
    value = (found.get(field) or [b""])[0]
    return value.decode() if isinstance(value, bytes) else ""


def named(name: str, version: str = "") -> bytes:
    """A request that only names a model."""
    return text(1, name) + text(2, version)


def infer_request(model: str, tensors: Sequence[Tensor], *, raw: bool, version: str = "",
                  request_id: str = "") -> bytes:
    """ModelInferRequest with raw or with typed contents."""
    message = text(1, model) + text(2, version) + text(3, request_id)
    for tensor in tensors:
        shape = b"".join(varint(size) for size in tensor.shape)
        body = text(1, tensor.name) + text(2, tensor.datatype) + block(3, shape)
        if not raw:
            body += block(5, _contents(tensor))
        message += block(5, body)
    if raw:
        message += b"".join(block(7, tensor.pack()) for tensor in tensors)
    return message


def _contents(tensor: Tensor) -> bytes:
    field = _TYPED[tensor.datatype]
    if field == 8:
        return b"".join(block(8, value if isinstance(value, bytes) else str(value).encode()) for value in tensor.data)
    if field in (6, 7):
        return block(field, struct.pack(f"<{len(tensor.data)}{'f' if field == 6 else 'd'}", *tensor.data))
    return block(field, b"".join(varint(int(value)) for value in tensor.data))


def infer_response(message: bytes) -> tuple[str, str, list[Tensor]]:
    """Model, request id and tensors of a ModelInferResponse."""
    found = grouped(message)
    raws = [value for value in found.get(6, []) if isinstance(value, bytes)]
    tensors = []
    for number, part in enumerate(found.get(5, [])):
        assert isinstance(part, bytes)
        inner = grouped(part)
        shape = _numbers(inner.get(3, []))
        name, datatype = first_text(inner, 1), first_text(inner, 2)
        if number < len(raws):
            tensors.append(Tensor.unpack(name, datatype, shape, raws[number]))
        else:
            tensors.append(Tensor(name, datatype, shape, _typed(inner, datatype)))
    return first_text(found, 1), first_text(found, 3), tensors


def _numbers(values: Sequence[int | bytes]) -> list[int]:
    found: list[int] = []
    for value in values:
        found += [value] if isinstance(value, int) else _packed(value)
    return found


def _packed(raw: bytes) -> list[int]:
    """Packed varints, as signed 64-bit numbers."""
    found, value, shift = [], 0, 0
    for byte in raw:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            found.append(value - (1 << 64) if value >= 1 << 63 else value)
            value = shift = 0
    return found


def _typed(inner: dict[int, list[int | bytes]], datatype: str) -> list[float | int | bytes | bool]:
    contents = (inner.get(5) or [b""])[0]
    assert isinstance(contents, bytes)
    field = _TYPED[datatype]
    values = grouped(contents).get(field, [])
    if field == 8:
        return [value for value in values if isinstance(value, bytes)]
    if field in (6, 7):
        raw = b"".join(value for value in values if isinstance(value, bytes))
        return list(struct.unpack(f"<{len(raw) // (4 if field == 6 else 8)}{'f' if field == 6 else 'd'}", raw))
    return list(_numbers(values))
