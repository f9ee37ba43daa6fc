"""Tensors over gRPC: the two messages of `inference.GRPCInferenceService/ModelInfer`, written and read by hand.

The protocol buffers of tritonclient and of KServe's packages register the same file twice and can't live in one
process; this needs neither, only grpcio (`pip install tessera-sdk[grpc]`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from tessera import errors
from tessera.oip import DTYPES, packed, unpacked

METHOD = "/inference.GRPCInferenceService/ModelInfer"
# What the platform makes of its statuses, backwards, for a server that sends no code of its own.
STATUS = {"UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403, "NOT_FOUND": 404, "INVALID_ARGUMENT": 422,
          "RESOURCE_EXHAUSTED": 429, "UNAVAILABLE": 503, "DEADLINE_EXCEEDED": 504}
MAX_MESSAGE = 256 << 20


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def encode(model: str, version: str, inputs: Mapping[str, Any]) -> bytes:
    """A ModelInferRequest."""
    parts = [_field(1, model.encode())]
    if version:
        parts.append(_field(2, version.encode()))
    raw = []
    for name, value in inputs.items():
        datatype, shape, data = packed(name, value)
        parts.append(_field(5, _field(1, name.encode()) + _field(2, datatype.encode())
                            + _field(3, b"".join(map(_varint, shape)))))
        raw.append(_field(7, data))
    return b"".join(parts + raw)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """(number, value) of each field; what is newer than this package is passed over."""
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        kind = tag & 7
        value: Any
        if kind == 0:
            value, at = _read_varint(data, at)
        elif kind == 2:
            size, at = _read_varint(data, at)
            value, at = data[at:at + size], at + size
        else:
            size = 8 if kind == 1 else 4
            value, at = data[at:at + size], at + size
        yield tag >> 3, value


def decode(data: bytes) -> dict[str, Any]:
    """The outputs of a ModelInferResponse by name. The platform sends raw contents only."""
    tensors: list[tuple[str, str, list[int]]] = []
    raw: list[bytes] = []
    for number, value in _fields(data):
        if number == 5:
            tensors.append(_tensor(value))
        elif number == 6:
            raw.append(value)
    if len(raw) != len(tensors):
        raise errors.TesseraError(f"{len(tensors)} outputs and {len(raw)} raw contents")
    return {name: unpacked(content, datatype, shape)
            for (name, datatype, shape), content in zip(tensors, raw, strict=True)}


def _tensor(data: bytes) -> tuple[str, str, list[int]]:
    name = datatype = ""
    shape: list[int] = []
    for number, value in _fields(data):
        if number == 1:
            name = value.decode()
        elif number == 2:
            datatype = value.decode()
        elif number == 3 and isinstance(value, bytes):  # packed, as proto3 writes it
            at = 0
            while at < len(value):
                size, at = _read_varint(value, at)
                shape.append(size)
        elif number == 3:
            shape.append(value)
    if datatype not in DTYPES and datatype != "BYTES":
        raise errors.TesseraError(f"{name}: {datatype} is no tensor type that this package knows")
    return name, datatype, shape


def address_of(base_url: str, grpc_url: str | None) -> tuple[str, bool]:
    """host:port and whether it is encrypted. Unless told, the port after the web's on the same host."""
    parts = urlsplit(grpc_url if grpc_url and "://" in grpc_url else f"//{grpc_url}" if grpc_url else base_url)
    secure = parts.scheme in ("https", "grpcs") if parts.scheme else base_url.startswith("https")
    port = parts.port if grpc_url else (443 if secure and parts.port is None else (parts.port or 80) + 1)
    return f"{parts.hostname}:{port or (443 if secure else 80)}", secure


class Channel:
    """A connection that is opened at its first call and shared by all, blocking."""

    def __init__(self, address: str, secure: bool, key: str) -> None:
        self._address, self._secure, self._key = address, secure, key
        self._made: Any = None
        self._lock = threading.Lock()

    def _grpc(self) -> Any:
        try:
            import grpc
        except ImportError:
            raise errors.ConfigurationError("gRPC needs grpcio: pip install tessera-sdk[grpc]") from None
        return grpc

    def _open(self, module: Any) -> Any:
        grpc = self._grpc()
        options = [("grpc.max_receive_message_length", MAX_MESSAGE), ("grpc.max_send_message_length", MAX_MESSAGE)]
        with self._lock:
            if self._made is None:
                self._made = (module.secure_channel(self._address, grpc.ssl_channel_credentials(), options=options)
                              if self._secure else module.insecure_channel(self._address, options=options))
        return self._made.unary_unary(METHOD, request_serializer=None, response_deserializer=None)

    def infer(self, request: bytes, timeout: float) -> dict[str, Any]:
        """One call. Raises errors.*"""
        grpc = self._grpc()
        try:
            return decode(self._open(grpc)(request, timeout=timeout, metadata=(("x-api-key", self._key),)))
        except grpc.RpcError as error:
            raise _failure(error) from None

    def close(self) -> None:
        if self._made is not None:
            self._made.close()


class AsyncChannel(Channel):
    """As `Channel`, to await."""

    async def infer_soon(self, request: bytes, timeout: float) -> dict[str, Any]:
        """As `Channel.infer`."""
        grpc = self._grpc()
        import grpc.aio as aio

        try:
            return decode(await self._open(aio)(request, timeout=timeout, metadata=(("x-api-key", self._key),)))
        except grpc.RpcError as error:
            raise _failure(error) from None

    async def close_soon(self) -> None:
        if self._made is not None:
            await self._made.close()


def _failure(error: Any) -> errors.TesseraError:
    name = error.code().name
    trailing = {str(key): value for key, value in error.trailing_metadata() or ()}
    code = str(trailing.get("x-error-code", ""))
    if not code and name == "UNAVAILABLE":
        return errors.APIConnectionError(f"the server could not be reached: {error.details()}")
    if not code and name == "DEADLINE_EXCEEDED":
        return errors.APITimeoutError("no answer in time")
    document = {"code": code or name.lower(), "detail": error.details()}
    headers = {key: value for key, value in trailing.items() if isinstance(value, str)}
    return errors.of(STATUS.get(name, 500), document, headers)
