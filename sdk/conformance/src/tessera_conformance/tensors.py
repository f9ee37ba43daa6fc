"""Tensors in the three forms of the Open Inference Protocol over HTTP: JSON, binary behind a JSON header, raw."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tessera_conformance.registry import Failed

LENGTH = "Inference-Header-Content-Length"
CODES = {"BOOL": "?", "UINT8": "B", "UINT16": "H", "UINT32": "I", "UINT64": "Q", "INT8": "b", "INT16": "h",
         "INT32": "i", "INT64": "q", "FP16": "e", "FP32": "f", "FP64": "d"}
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Tensor:
    """Name, OIP datatype, shape, and its values in row-major order; the elements of BYTES are bytes."""

    name: str
    datatype: str
    shape: list[int]
    data: list[Any]

    def pack(self) -> bytes:
        """Little-endian; BYTES with a 4-byte length before each element."""
        if self.datatype == "BYTES":
            return b"".join(struct.pack("<I", len(value)) + value for value in self.data)
        return struct.pack(f"<{len(self.data)}{CODES[self.datatype]}", *self.data)

    @classmethod
    def unpack(cls, name: str, datatype: str, shape: Sequence[int], raw: bytes) -> Tensor:
        if datatype == "BYTES":
            data, at = [], 0
            while at < len(raw):
                [length] = struct.unpack_from("<I", raw, at)
                data.append(raw[at + 4:at + 4 + length])
                at += 4 + length
            return cls(name, datatype, list(shape), data)
        size = struct.calcsize(CODES[datatype])
        return cls(name, datatype, list(shape), list(struct.unpack(f"<{len(raw) // size}{CODES[datatype]}", raw)))

    def rows(self, start: int, stop: int) -> Tensor:
        """A slice of the first dimension."""
        step = len(self.data) // self.shape[0]
        return Tensor(self.name, self.datatype, [stop - start, *self.shape[1:]], self.data[start * step:stop * step])


def example(name: str, datatype: str, shape: Sequence[int], rows: int) -> Tensor:
    """A tensor of made-up values that every run makes alike; free dimensions get `rows`, or 1 behind the first."""
    sizes = [size if size > 0 else (rows if number == 0 else 1) for number, size in enumerate(shape)]
    count = math.prod(sizes)
    if datatype == "BYTES":
        return Tensor(name, datatype, sizes, [f"text {number}".encode() for number in range(count)])
    if datatype == "BOOL":
        return Tensor(name, datatype, sizes, [number % 3 == 0 for number in range(count)])
    if datatype.startswith("FP"):
        return Tensor(name, datatype, sizes, [(number * 37 % 101) / 128 for number in range(count)])
    return Tensor(name, datatype, sizes, [number % 7 for number in range(count)])


def json_request(tensors: Sequence[Tensor], **more: Any) -> bytes:
    def plain(value: Any) -> Any:
        return value.decode() if isinstance(value, bytes) else value
    return json.dumps({**more, "inputs": [
        {"name": one.name, "datatype": one.datatype, "shape": one.shape, "data": [plain(value) for value in one.data]}
        for one in tensors]}).encode()


def binary_request(tensors: Sequence[Tensor], *, binary_output: bool) -> tuple[bytes, dict[str, str]]:
    packed = [one.pack() for one in tensors]
    head = json.dumps({
        "inputs": [{"name": one.name, "datatype": one.datatype, "shape": one.shape,
                    "parameters": {"binary_data_size": len(raw)}} for one, raw in zip(tensors, packed, strict=True)],
        "parameters": {"binary_data_output": binary_output}}).encode()
    return head + b"".join(packed), {LENGTH: str(len(head)), "Content-Type": "application/octet-stream"}


def read_answer(body: bytes, headers: Mapping[str, str]) -> tuple[dict[str, Any], list[Tensor]]:
    """The JSON part of an answer, and its tensors in whatever form each comes."""
    length = headers.get(LENGTH.lower()) or headers.get(LENGTH)
    cut = int(length) if length else len(body)
    head, rest = json.loads(body[:cut]), body[cut:]
    tensors = []
    for one in head["outputs"]:
        size = one.get("parameters", {}).get("binary_data_size")
        if size is not None:
            tensors.append(Tensor.unpack(one["name"], one["datatype"], one["shape"], rest[:size]))
            rest = rest[size:]
        else:
            data = [value.encode() if isinstance(value, str) else value for value in _flat(one["data"])]
            tensors.append(Tensor(one["name"], one["datatype"], one["shape"], data))
    return head, tensors


def _flat(value: Any) -> list[Any]:
    return [inner for item in value for inner in (_flat(item) if isinstance(item, list) else [item])]


def close(found: Sequence[Tensor], wanted: Sequence[Tensor], what: str, *, tolerance: float = 1e-5) -> None:
    """Fails unless names, types, shapes and values agree; floats within the tolerance, all else exactly."""
    theirs = {one.name: one for one in found}
    for one in wanted:
        other = theirs.get(one.name)
        if other is None:
            raise Failed(f"{what}: no output {one.name!r}, but {sorted(theirs)}")
        if (other.datatype, other.shape) != (one.datatype, one.shape):
            raise Failed(f"{what}: {one.name} is {other.datatype}{other.shape}, not {one.datatype}{one.shape}")
        if len(other.data) != len(one.data):
            raise Failed(f"{what}: {one.name} has {len(other.data)} values, not {len(one.data)}")
        for number, (a, b) in enumerate(zip(other.data, one.data, strict=True)):
            if not alike(a, b, tolerance):
                raise Failed(f"{what}: {one.name}[{number}] is {a!r}, not {b!r}")


def alike(a: Any, b: Any, tolerance: float) -> bool:
    """Equal; numbers within the tolerance (absolute below 1, relative above); objects and lists member by member."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, int | float) and isinstance(b, int | float):
        return math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance) or (math.isnan(a) and math.isnan(b))
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(alike(x, y, tolerance) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(alike(a[name], b[name], tolerance) for name in a)
    return bool(a == b)
