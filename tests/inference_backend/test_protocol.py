"""The hot protocol on a transport of memory: what goes over the wire, in which order, and what a hang-up leaves."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import numpy as np
import pytest
import uvicorn
from doubles import KEY, Bench
from uvicorn.server import ServerState

from inference_backend.gateway import Gateway
from inference_backend.gateway.http import MAX_BODY
from inference_backend.gateway.protocol import GatewayProtocol, bound_to

INFER = {"inputs": [{"name": "X", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}]}


class Wire(asyncio.Transport):
    """Keeps what is written; closing it ends the protocol as a socket would."""

    def __init__(self, peer: str = "127.0.0.1") -> None:
        super().__init__()
        self.sent = b""
        self.closed = False
        self.peer = peer

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": (self.peer, 5000), "sockname": ("127.0.0.1", 80)}.get(name, default)

    def write(self, data: Any) -> None:
        self.sent += bytes(data)

    def writelines(self, parts: Any) -> None:
        self.sent += b"".join(parts)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        """Nothing reads."""

    def resume_reading(self) -> None:
        """Nothing reads."""


class Line:
    """One connection to a gateway on doubles."""

    def __init__(self, bench: Bench, peer: str = "127.0.0.1", **options: Any) -> None:
        self.gateway = Gateway(bench.runtime, **options)
        self.state = ServerState()
        config = uvicorn.Config(self.gateway, http=bound_to(self.gateway), proxy_headers=False)
        config.load()
        self.protocol: GatewayProtocol = bound_to(self.gateway)(config, self.state, {}, asyncio.get_running_loop())
        self.wire = Wire(peer)
        self.protocol.connection_made(self.wire)

    async def until(self, check: Any) -> None:
        for _ in range(500):
            if check():
                return
            await asyncio.sleep(0.002)
        raise AssertionError(f"it did not come to that: {self.wire.sent[:400]!r}")

    async def answers(self, count: int) -> list[tuple[int, dict[str, str], bytes]]:
        await self.until(lambda: len(parse(self.wire.sent)) >= count)
        return parse(self.wire.sent)


def parse(data: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    found = []
    while b"\r\n\r\n" in data:
        head, _, rest = data.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        size = int(headers["content-length"])
        if len(rest) < size:
            break
        found.append((int(lines[0].split()[1]), headers, rest[:size]))
        data = rest[size:]
    return found


def post(path: str = "/v2/models/addone/infer", body: bytes | None = None, key: str | None = KEY,
         **headers: str) -> bytes:
    body = json.dumps(INFER).encode() if body is None else body
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}"]
    lines += [f"X-API-Key: {key}"] if key else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def test_a_call_and_the_next_on_the_same_connection() -> None:
    bench = Bench()
    line = Line(bench)
    for number in (1, 2):
        line.protocol.data_received(post(X_Request_Id=f"mine-{number}"))
        status, headers, body = (await line.answers(number))[-1]
        assert status == 200, body
        assert headers["x-request-id"] == f"mine-{number}"
        assert json.loads(body)["outputs"][0]["data"] == [2, 3, 4, 5]
        assert headers["x-units"] == "1"
    assert (len(bench.ledger.events), bench.meter.open) == (2, {})
    assert not line.state.tasks
    assert not line.wire.closed


async def test_a_body_in_many_pieces() -> None:
    line = Line(Bench())
    for byte in post():
        line.protocol.data_received(bytes([byte]))
    [(status, _, _)] = await line.answers(1)
    assert status == 200


@pytest.mark.parametrize("path", ["/v2/models/addone/infer", "/v2/models/addone/generate"])
async def test_an_offer_of_http_2_is_declined_and_the_body_read(path: str) -> None:
    """What Java's client sends first."""
    body = json.dumps({**INFER, "note": "\r\nUpgrade: h2c\r\n"}).encode()
    sent = post(path, body, Connection="Upgrade, HTTP2-Settings", Upgrade="h2c", HTTP2_Settings="AAEAAEAAAAIAAAAB")
    head, _, _ = sent.partition(b"\r\n\r\n")
    for cut in (len(head) + 4, len(sent)):  # the body in a piece of its own, or with its head
        line = Line(Bench())
        line.protocol.data_received(sent[:cut])
        if cut < len(sent):
            line.protocol.data_received(sent[cut:])
        [(status, _, answer)] = await line.answers(1)
        assert (status, b"empty" in answer) == (200 if path.endswith("infer") else 422, False), answer


async def test_binary_both_ways_with_a_header_seen_before() -> None:
    """The second and third call meet the kept meaning of their header; their tensors are read anew."""
    line = Line(Bench())
    for number, value in enumerate((1.0, 5.0, 9.0), 1):
        data = np.full((1, 4), value, "<f4").tobytes()
        head = json.dumps({"inputs": [{"name": "X", "datatype": "FP32", "shape": [1, 4],
                                       "parameters": {"binary_data_size": 16}}],
                           "parameters": {"binary_data_output": True}}).encode()
        line.protocol.data_received(post(body=head + data, Inference_Header_Content_Length=str(len(head))))
        status, headers, body = (await line.answers(number))[-1]
        assert status == 200, body
        length = int(headers["inference-header-content-length"])
        assert np.frombuffer(body[length:], "<f4").tolist() == [value + 1] * 4
    line.protocol.data_received(post(body=head + data + b"x", Inference_Header_Content_Length=str(len(head))))
    status, _, body = (await line.answers(4))[-1]
    assert (status, json.loads(body)["code"]) == (422, "input_signature_mismatch")


async def test_pipelined_requests_are_answered_in_order() -> None:
    bench = Bench()
    line = Line(bench)
    line.protocol.data_received(post(X_Request_Id="a") + b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n"
                                + post(X_Request_Id="c", key=None))
    found = await line.answers(3)
    assert [status for status, _, _ in found] == [200, 200, 401]
    assert found[0][1]["x-request-id"] == "a"
    assert json.loads(found[1][2]) == {"live": True}
    assert found[2][1]["x-request-id"] == "c"


@pytest.mark.parametrize("moment", ["while reading", "while the model runs"])
async def test_a_hang_up_leaves_nothing(moment: str) -> None:
    bench = Bench()
    started = asyncio.Event()

    async def slow() -> None:
        started.set()
        await asyncio.sleep(30)

    bench.triton.before = slow
    line = Line(bench)
    request = post()
    line.protocol.data_received(request if moment == "while the model runs" else request[:-5])
    if moment == "while the model runs":
        await asyncio.wait_for(started.wait(), 2)
        assert len(bench.meter.open) == 1
    line.protocol.connection_lost(None)
    await line.until(lambda: not line.state.tasks)
    assert (bench.meter.open, bench.meter.settled, bench.ledger.events, line.wire.sent) == ({}, [], {}, b"")
    assert bench.runtime.turns.running == 0


async def test_a_hang_up_during_the_commit_is_paid_for() -> None:
    bench = Bench()
    reached, go = asyncio.Event(), asyncio.Event()
    commit = bench.ledger.commit

    async def slow(event: Any) -> bool:
        reached.set()
        await go.wait()
        return await commit(event)

    bench.ledger.commit = slow  # type: ignore[method-assign]
    line = Line(bench)
    line.protocol.data_received(post())
    await asyncio.wait_for(reached.wait(), 2)
    line.protocol.connection_lost(None)
    go.set()
    await line.until(lambda: bench.meter.settled and not bench.meter.open)
    assert len(bench.ledger.events) == 1
    assert [str(amount) for amount in bench.meter.settled] == ["0.15"]


async def test_too_much_is_refused_before_it_has_arrived() -> None:
    line = Line(Bench())
    line.protocol.data_received(
        f"POST /v2/models/addone/infer HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\n"
        f"Transfer-Encoding: chunked\r\n\r\n".encode())
    piece = b"1000000\r\n" + b"x" * 0x1000000 + b"\r\n"
    for _ in range(MAX_BODY // 0x1000000 + 1):
        if not line.wire.closed:
            line.protocol.data_received(piece)
    [(status, headers, body)] = await line.answers(1)
    assert (status, json.loads(body)["code"], headers["connection"]) == (413, "payload_too_large", "close")
    assert line.wire.closed


async def test_a_drain_lets_the_call_end_and_closes() -> None:
    bench = Bench()
    go, started = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        started.set()
        await go.wait()

    bench.triton.before = wait
    line = Line(bench)
    line.protocol.data_received(post())
    await asyncio.wait_for(started.wait(), 2)
    line.protocol.shutdown()
    assert not line.wire.closed
    go.set()
    [(status, headers, _)] = await line.answers(1)
    assert (status, headers["connection"]) == (200, "close")
    assert line.wire.closed


@pytest.mark.parametrize(("peer", "trusted", "forwarded", "status"), [
    ("10.0.0.9", (), "192.0.2.7", 403),  # nobody is trusted: the header says nothing
    ("10.0.0.9", ("10.0.0.0/8",), "192.0.2.7", 200),
    ("10.0.0.9", ("10.0.0.0/8",), "192.0.2.7, 10.1.1.1", 200),
    ("10.0.0.9", ("10.0.0.0/8",), "192.0.2.7, 203.0.113.5", 403),  # the last stranger counts
    ("203.0.113.5", ("10.0.0.0/8",), "192.0.2.7", 403),  # not one of ours
    ("192.0.2.7", ("10.0.0.0/8",), "10.0.0.9", 200),
])
async def test_only_our_proxies_say_who_calls(peer: str, trusted: tuple[str, ...], forwarded: str, status: int) -> None:
    from doubles import grant

    bench = Bench(grants=[grant(allowed_ips=("192.0.2.0/24",))])
    line = Line(bench, peer, trusted=trusted)
    line.protocol.data_received(post(X_Forwarded_For=forwarded))
    [(found, _, body)] = await line.answers(1)
    assert found == status, body
    line.protocol.data_received(f"GET /v2/models/addone HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\n"
                                f"X-Forwarded-For: {forwarded}\r\n\r\n".encode())
    assert (await line.answers(2))[1][0] == status  # over ASGI it is the same


async def test_headers_can_not_be_split() -> None:
    line = Line(Bench())
    line.protocol.data_received(post("/v2/models/add%0d%0aX-Evil:1/infer"))
    [(status, headers, _)] = await line.answers(1)
    assert status == 404
    assert "x-evil" not in headers


async def test_deadlines_hold_while_waiting_and_while_loading() -> None:
    """The caller's time covers the whole call: the queue, the load and the model."""
    from doubles import grant, route

    from inference_backend.invocation import Call, Work, invoke
    from inference_backend.predictions import tensor_work
    from kernel.contracts import Route
    from kernel.problems import Problem

    bench = Bench(grants=[grant()], routes=[route(timeout_ms=60_000)], max_in_flight=1)
    free = asyncio.Event()

    async def stuck() -> None:
        await free.wait()

    def prepare(found: Route) -> Work:
        from inference_backend import oip

        return tensor_work(found, oip.parse_infer(json.dumps(INFER).encode(), None, found.inputs, found.outputs))

    def ask(timeout_ms: int) -> Any:
        return invoke(bench.runtime, Call(model="addone", body=b"{}", prepare=prepare, key=KEY, timeout_ms=timeout_ms))

    async with bench.runtime:
        bench.triton.before = stuck
        first = asyncio.create_task(ask(30_000))
        await asyncio.sleep(0.05)
        with pytest.raises(Problem, match="timeout"):  # in the queue
            await asyncio.wait_for(ask(60), 2)
        assert len(bench.meter.open) == 1
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        with pytest.raises(Problem, match="timeout"):  # in the model
            await asyncio.wait_for(ask(60), 2)
        bench.triton.before = None
        bench.control.held.clear()
        bench.runtime.pools.forget(route())
        bench.runtime.pools.forget(route(), tensors=True)

        async def slow_load(model: str) -> None:
            await asyncio.sleep(5)

        bench.control.load = slow_load  # type: ignore[method-assign]
        with pytest.raises(Problem) as caught:  # while loading
            await asyncio.wait_for(ask(60), 2)
        assert caught.value.code == "timeout"
    assert (bench.meter.open, bench.ledger.events, bench.runtime.turns.running) == ({}, {}, 0)
