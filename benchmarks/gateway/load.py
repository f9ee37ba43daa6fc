"""The load generator: one process, one thread, the same code for every arm, so that its share of the machine is equal.

`python -m benchmarks.gateway.load` reads one JSON object from stdin (see `Plan`) and writes one to stdout: calls,
errors, seconds, calls_s, p50_ms, p99_ms and its own CPU time per call. Every answer is checked: status 200 and the
expected bytes. It imports nothing of the product.
"""

from __future__ import annotations

import asyncio
import base64
import json
import resource
import struct
import sys
import time
from dataclasses import dataclass
from typing import Any, cast

import uvloop


@dataclass(frozen=True, slots=True)
class Plan:
    """`mode` keep = kept connections, new = one connection for each call, grpc = streams of one HTTP/2 connection."""

    port: int
    mode: str
    in_flight: int
    seconds: float
    payload: bytes  # a whole HTTP/1.1 request; for grpc the message
    expect: bytes
    metadata: tuple[tuple[str, str], ...] = ()


class Tally:
    """What has been answered, and when to stop asking."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.times: list[float] = []
        self.errors = 0
        self.sample = b""
        self.ends = time.perf_counter() + plan.seconds
        self.active = plan.in_flight
        self.over = asyncio.get_running_loop().create_future()

    def record(self, began: float, good: bool, answer: bytes) -> bool:
        """One answer; whether another call is to follow."""
        now = time.perf_counter()
        if good:
            self.times.append(now - began)
        else:
            self.errors += 1
            self.sample = self.sample or answer[:400]
        return now < self.ends and self.errors < 1000

    def leave(self) -> None:
        self.active -= 1
        if self.active <= 0 and not self.over.done():
            self.over.set_result(None)


class Http(asyncio.Protocol):
    """One HTTP/1.1 connection with one call at a time."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._keep = tally.plan.mode == "keep"
        self._buffer = b""
        self._need = 0
        self.began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._keep:
            self.began = time.perf_counter()
        self._transport.write(self._tally.plan.payload)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer = self._buffer + data if self._buffer else data
        if not self._need:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = buffer[:end].lower()
            found = head.find(b"content-length:")
            self._need = end + 4 + (int(head[found + 15:].split(b"\r\n", 1)[0]) if found >= 0 else 0)
        if len(buffer) < self._need:
            return
        self._buffer, self._need = b"", 0
        good = buffer.startswith(b"HTTP/1.1 200") and self._tally.plan.expect in buffer
        again = self._tally.record(self.began, good, buffer)
        if self._keep and again:
            self.began = time.perf_counter()
            self._transport.write(self._tally.plan.payload)
            return
        self._transport.abort() if not self._keep else self._transport.close()
        if again:
            connect(self._tally)
        else:
            self._tally.leave()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._buffer or self._need:
            self._tally.record(self.began, False, b"connection lost " + self._buffer)
            self._tally.leave()


_opening: set[asyncio.Task[None]] = set()


def connect(tally: Tally) -> None:
    task = asyncio.ensure_future(_open(tally))
    _opening.add(task)
    task.add_done_callback(_opening.discard)


async def _open(tally: Tally) -> None:
    began = time.perf_counter()
    try:
        _, protocol = await asyncio.get_running_loop().create_connection(
            lambda: Http(tally), "127.0.0.1", tally.plan.port)
        protocol.began = began
    except OSError as error:
        if tally.record(began, False, str(error).encode()):
            await asyncio.sleep(0.01)
            connect(tally)
        else:
            tally.leave()


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST, SETTINGS, PING, GOAWAY, WINDOW = 0, 1, 3, 4, 6, 7, 8
GRANT = 1 << 30


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def _text(value: str) -> bytes:
    raw = value.encode()
    assert len(raw) < 127, "short header values only"
    return bytes((len(raw),)) + raw


class Grpc(asyncio.Protocol):
    """Unary calls over one HTTP/2 connection, as a gRPC client sends them: headers from the dynamic table after the
    first call, flow control minded."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._next = 1
        self._buffer = b""
        self._window = 65_535
        self._pending = 0
        self._streams: dict[int, tuple[float, bytes]] = {}
        plan = tally.plan
        self._message = b"\0" + struct.pack(">I", len(plan.payload)) + plan.payload

    def _block(self) -> bytes:
        extra = self._tally.plan.metadata
        if self._next > 1:  # method, scheme, then what the first call put into the dynamic table
            return b"\x83\x86" + bytes(0x80 | 62 + place for place in range(3 + len(extra), -1, -1))
        block = b"\x83\x86\x44" + _text("/inference.GRPCInferenceService/ModelInfer") + b"\x41" + _text("127.0.0.1")
        block += b"\x5f" + _text("application/grpc") + b"\x40" + _text("te") + _text("trailers")
        return block + b"".join(b"\x40" + _text(name) + _text(value) for name, value in extra)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        settings = struct.pack(">HIHI", 2, 0, 4, GRANT)  # no push, large windows
        self._transport.write(PREFACE + frame(SETTINGS, 0, 0, settings) + frame(WINDOW, 0, 0, struct.pack(">I", GRANT)))
        for _ in range(self._tally.plan.in_flight):
            self._call()

    def _call(self) -> None:
        if self._window < len(self._message):
            self._pending += 1
            return
        self._window -= len(self._message)
        stream = self._next
        self._streams[stream] = (time.perf_counter(), b"")
        parts = frame(HEADERS, 4, stream, self._block()) + frame(DATA, 1, stream, self._message)
        self._next += 2
        self._transport.write(parts)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        position, total = 0, len(buffer)
        while total - position >= 9:
            length = int.from_bytes(buffer[position:position + 3], "big")
            if total - position < 9 + length:
                break
            kind, flags = buffer[position + 3], buffer[position + 4]
            stream = int.from_bytes(buffer[position + 5:position + 9], "big")
            self._frame(kind, flags, stream, buffer[position + 9:position + 9 + length])
            position += 9 + length
        self._buffer = buffer[position:]

    def _frame(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == DATA:
            began, before = self._streams[stream]
            self._streams[stream] = (began, before + payload)
        if kind in (DATA, HEADERS) and flags & 1:
            began, body = self._streams.pop(stream)
            if self._tally.record(began, self._tally.plan.expect in body, body + payload):
                self._call()
            else:
                self._tally.leave()
        elif kind == SETTINGS and not flags & 1:
            self._transport.write(frame(SETTINGS, 1, 0))
        elif kind == PING and not flags & 1:
            self._transport.write(frame(PING, 1, 0, payload))
        elif kind == WINDOW and stream == 0:
            self._window += int.from_bytes(payload, "big")
            waiting, self._pending = self._pending, 0
            for _ in range(waiting):
                self._call()
        elif kind == RST:
            began, body = self._streams.pop(stream, (0.0, b""))
            self._tally.record(began, False, b"reset " + body)
            self._tally.leave()
        elif kind == GOAWAY:
            self.connection_lost(None)

    def connection_lost(self, exc: Exception | None) -> None:
        for began, _ in self._streams.values():
            self._tally.record(began, False, b"connection lost")
            self._tally.leave()
        self._streams.clear()


async def run(plan: Plan) -> dict[str, Any]:
    tally = Tally(plan)
    loop = asyncio.get_running_loop()
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    if plan.mode == "grpc":
        transport, _ = await loop.create_connection(lambda: Grpc(tally), "127.0.0.1", plan.port)
    else:
        transport = None
        for _ in range(plan.in_flight):
            connect(tally)
    await asyncio.wait_for(tally.over, plan.seconds + 30)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    if transport is not None:
        transport.abort()
    times = sorted(tally.times)
    calls = len(times)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "calls": calls, "errors": tally.errors, "seconds": seconds, "calls_s": calls / seconds,
        "p50_ms": times[calls // 2] * 1000 if calls else None,
        "p99_ms": times[min(int(calls * 0.99), calls - 1)] * 1000 if calls else None,
        "client_us": spent * 1e6 / max(calls, 1), "sample": tally.sample.decode("latin-1"),
    }


def main() -> None:
    given = json.load(sys.stdin)
    given["payload"] = base64.b64decode(given["payload"])
    given["expect"] = base64.b64decode(given["expect"])
    given["metadata"] = tuple(tuple(pair) for pair in given.get("metadata", ()))
    print(json.dumps(uvloop.run(run(Plan(**given)))))


if __name__ == "__main__":
    main()
