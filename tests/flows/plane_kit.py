"""Two small models of the tests' own in the running product, a key for them, and looks at what the product holds open.

`plane-addone` adds one; `plane-slow` runs as many rounds as its input says, about a third of a millisecond each.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import redis
from onnx import TensorProto, helper, numpy_helper

from config.env import Environment, load
from inference_backend.triton import repository
from kernel import apikeys
from kernel.contracts import GRANT_KEY, ROUTE_KEY, SNAPSHOT_CHANNEL, Grant, Price, Route, Target, TensorSpec

ADD_ONE, SLOW = "plane-addone", "plane-slow"
SIDE = 160  # of the matrix that a round multiplies


def addone_model() -> onnx.ModelProto:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 4]) for name in "XY"]
    one = numpy_helper.from_array(np.ones(1, np.float32), "one")
    graph = helper.make_graph([helper.make_node("Add", ["X", "one"], ["Y"])], "g", [ends[0]], [ends[1]], [one])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def slow_model() -> onnx.ModelProto:
    """Y = the rounds that were run; each multiplies a matrix, so that it takes its time."""
    info = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Identity", ["going"], ["going_on"]), helper.make_node("MatMul", ["m", "w"], ["m_out"]),
         helper.make_node("Add", ["count", "one"], ["count_out"])],
        "round",
        [info("i", TensorProto.INT64, []), info("going", TensorProto.BOOL, []),
         info("m", TensorProto.FLOAT, [SIDE, SIDE]), info("count", TensorProto.FLOAT, [1])],
        [info("going_on", TensorProto.BOOL, []), info("m_out", TensorProto.FLOAT, [SIDE, SIDE]),
         info("count_out", TensorProto.FLOAT, [1])])
    weights = [
        numpy_helper.from_array(np.eye(SIDE, dtype=np.float32), "w"),
        numpy_helper.from_array(np.eye(SIDE, dtype=np.float32), "start"),
        numpy_helper.from_array(np.ones(1, np.float32), "one"),
        numpy_helper.from_array(np.zeros(1, np.float32), "zero"), numpy_helper.from_array(np.array(True), "yes"),
        numpy_helper.from_array(np.zeros(1, np.int64), "axis")]
    graph = helper.make_graph(
        [helper.make_node("Squeeze", ["N", "axis"], ["trips"]),
         helper.make_node("Loop", ["trips", "yes", "start", "zero"], ["last", "Y"], body=body)],
        "slow", [info("N", TensorProto.INT64, [1])], [info("Y", TensorProto.FLOAT, [1])], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


@dataclass
class PlaneUnderTest:
    """The running product, seen from outside and from below."""

    env: Environment
    key: str
    store: redis.Redis
    grant: Grant
    round_ms: float = 0.4

    @classmethod
    def open(cls) -> PlaneUnderTest:
        env = load()
        demo = json.loads((env.var / "demo.json").read_text())
        store = redis.Redis.from_url(env.redis_url)
        folder = env.var / "plane-models"
        folder.mkdir(exist_ok=True)
        specs = {
            ADD_ONE: ((TensorSpec("X", "FP32", (-1, 4)),), (TensorSpec("Y", "FP32", (-1, 4)),), addone_model),
            SLOW: ((TensorSpec("N", "INT64", (1,)),), (TensorSpec("Y", "FP32", (1,)),), slow_model)}
        for name, (inputs, outputs, build) in specs.items():
            source = folder / f"{name}.onnx"
            onnx.save(build(), str(source))
            repository.write_onnx(env.triton_repository, name, source)
            store.set(ROUTE_KEY.format(model=name), Route(
                model=name, task="test", runtime="onnx", host="text", nets=(), inputs=inputs, outputs=outputs,
                input_kinds={}, parameters={}, price=Price("call", Decimal("0.01"), "USD", 1),
                targets=(Target(1, 100),)).dump())
        known = store.get(GRANT_KEY.format(key_hash=apikeys.hash_key(demo["api_key"], env.key_pepper)))
        assert isinstance(known, bytes)
        key = apikeys.mint("live")
        grant = dataclasses.replace(
            Grant.load(known), key_hash=apikeys.hash_key(key, env.key_pepper), rate_per_minute=1_000_000,
            concurrency=10_000, monthly_limit_minor=1_000_000_000, models=(ADD_ONE, SLOW))
        plane = cls(env, key, store, grant)
        plane.publish(grant)
        return plane

    def publish(self, grant: Grant) -> None:
        self.store.set(GRANT_KEY.format(key_hash=grant.key_hash), grant.dump())
        self.store.publish(SNAPSHOT_CHANNEL, f"grant:{grant.key_hash}")

    def holds(self) -> int:
        """Reservations that are open in Redis and not expired, of this organization."""
        return int(self.store.zcount(f"meter:{{{self.grant.org_id}}}:holds", time.time() * 1000, "+inf"))

    def gateway_pid(self, port: int | None = None) -> int:
        """The process that listens on the gateway's port."""
        wanted = f":{port or self.env.gateway_port:04X}"
        inode = next(fields[9] for fields in (line.split() for line in Path("/proc/net/tcp").read_text().splitlines())
                     if fields[1].endswith(wanted) and fields[3] == "0A")
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with contextlib.suppress(OSError):
                    if any(os.readlink(fd) == f"socket:[{inode}]" for fd in (folder / "fd").iterdir()):
                        return int(folder.name)
        raise AssertionError("nobody listens on the gateway's port")

    def descriptors(self, pid: int) -> int:
        """Open files of a process, but for the connections to Triton, which are kept for the next call."""
        triton = f":{int(self.env.triton_url.rpartition(':')[2]):04X}"
        rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
        kept = {f"socket:[{row[9]}]" for row in rows if row[2].endswith(triton)}
        count = 0
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                count += os.readlink(entry) not in kept
        return count

    def clients(self, port: int | None = None) -> int:
        """Connections of clients that the gateway's side still has, in whatever state."""
        wanted, gone = f":{port or self.env.gateway_port:04X}", ("06", "0A")  # TIME_WAIT, LISTEN
        rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
        return sum(row[1].endswith(wanted) and row[3] not in gone for row in rows)

    def shared_memory(self) -> int:
        """Shared-memory files of this product's Triton: the others' come and go as they like."""
        pid = int((self.env.var / "triton" / "triton.pid").read_text())
        lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
        mapped = {line.split()[-1] for line in lines if "/dev/shm/" in line}
        return len(mapped)

    def request(self, model: str = ADD_ONE, *, rounds: int = 0, key: str | None = None, close: bool = False) -> bytes:
        """A whole infer request in HTTP/1.1."""
        tensor: dict[str, Any] = ({"name": "N", "datatype": "INT64", "shape": [1], "data": [rounds]} if model == SLOW
                                  else {"name": "X", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]})
        body = json.dumps({"inputs": [tensor]}).encode()
        end = "Connection: close\r\n" if close else ""
        return (f"POST /v2/models/{model}/infer HTTP/1.1\r\nHost: x\r\nX-API-Key: {key or self.key}\r\n{end}"
                f"Content-Length: {len(body)}\r\n\r\n").encode() + body


async def exchange(port: int, request: bytes, timeout: float = 30.0) -> tuple[int, dict[str, str], bytes]:
    """One call on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return await asyncio.wait_for(read_answer(reader), timeout)
    finally:
        writer.close()


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    return int(head[0].split()[1]), headers, await reader.readexactly(int(headers["content-length"]))


async def eventually(check: Callable[[], bool], seconds: float = 10.0) -> float:
    """Seconds until the check holds."""
    start = time.monotonic()
    while not check():
        assert time.monotonic() - start < seconds, f"not within {seconds} s"
        await asyncio.sleep(0.05)
    return time.monotonic() - start
