"""Tensors over the Open Inference Protocol's binary form: a JSON header, then the raw little-endian data."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

from tessera.errors import ConfigurationError, TesseraError

HEADER = "Inference-Header-Content-Length"
DTYPES = {
    "BOOL": "?", "UINT8": "u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "INT8": "i1", "INT16": "<i2",
    "INT32": "<i4", "INT64": "<i8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
}


def _numpy() -> Any:
    try:
        import numpy
    except ImportError:
        raise ConfigurationError("tensors need numpy: pip install tessera-sdk[tensor]") from None
    return numpy


def packed(name: str, value: Any) -> tuple[str, list[int], bytes]:
    """Datatype, shape and little-endian content of an array."""
    np = _numpy()
    array = np.asarray(value)
    shape = [int(size) for size in array.shape]
    if array.dtype.kind in "OSU":
        return "BYTES", shape, b"".join(_element(item) for item in array.reshape(-1))
    names = {np.dtype(code).str.lstrip("<|="): known for known, code in DTYPES.items()}
    datatype = names.get(array.dtype.newbyteorder("<").str.lstrip("<|="), "")
    if not datatype:
        raise TesseraError(f"{name}: {array.dtype} is no tensor type")
    return datatype, shape, np.ascontiguousarray(array).astype(DTYPES[datatype], copy=False).tobytes()


def unpacked(data: bytes, datatype: str, shape: list[int]) -> Any:
    """The array of `packed`."""
    np = _numpy()
    if datatype == "BYTES":
        return np.array(_elements(data), dtype=object).reshape(shape)
    return np.frombuffer(data, dtype=DTYPES[datatype]).reshape(shape).copy()


def encode(inputs: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
    """The body and headers of an inference request."""
    tensors, chunks = [], []
    for name, value in inputs.items():
        datatype, shape, data = packed(name, value)
        tensors.append({"name": name, "datatype": datatype, "shape": shape,
                        "parameters": {"binary_data_size": len(data)}})
        chunks.append(data)
    head = json.dumps({"inputs": tensors, "parameters": {"binary_data_output": True}}, separators=(",", ":")).encode()
    return head + b"".join(chunks), {HEADER: str(len(head)), "Content-Type": "application/octet-stream"}


def _element(item: Any) -> bytes:
    data = item.encode() if isinstance(item, str) else bytes(item)
    return struct.pack("<I", len(data)) + data


def decode(content: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """The outputs by name."""
    np = _numpy()
    length = int(headers.get(HEADER.lower(), len(content)))
    document, offset = json.loads(content[:length]), length
    outputs = {}
    for tensor in document["outputs"]:
        size = tensor.get("parameters", {}).get("binary_data_size")
        datatype, shape = tensor["datatype"], tensor["shape"]
        if size is None:
            kind = object if datatype == "BYTES" else DTYPES[datatype]
            outputs[tensor["name"]] = np.array(tensor["data"], dtype=kind).reshape(shape)
            continue
        data, offset = content[offset:offset + size], offset + size
        outputs[tensor["name"]] = unpacked(data, datatype, shape)
    return outputs


def _elements(data: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at)
        found.append(data[at + 4:at + 4 + size])
        at += 4 + size
    return found
