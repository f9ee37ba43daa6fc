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


def encode(inputs: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
    """The body and headers of an inference request."""
    np = _numpy()
    names = {np.dtype(code).str.lstrip("<|="): name for name, code in DTYPES.items()}
    tensors, chunks = [], []
    for name, value in inputs.items():
        array = np.asarray(value)
        if array.dtype.kind in "OSU":
            datatype, data = "BYTES", b"".join(_element(item) for item in array.reshape(-1))
        else:
            datatype = names.get(array.dtype.newbyteorder("<").str.lstrip("<|="), "")
            if not datatype:
                raise TesseraError(f"{name}: {array.dtype} is no tensor type")
            data = np.ascontiguousarray(array).astype(DTYPES[datatype], copy=False).tobytes()
        tensors.append({"name": name, "datatype": datatype, "shape": list(array.shape),
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
        if datatype == "BYTES":
            outputs[tensor["name"]] = np.array(_elements(data), dtype=object).reshape(shape)
        else:
            outputs[tensor["name"]] = np.frombuffer(data, dtype=DTYPES[datatype]).reshape(shape).copy()
    return outputs


def _elements(data: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at)
        found.append(data[at + 4:at + 4 + size])
        at += 4 + size
    return found
