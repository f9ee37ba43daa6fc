"""In-memory ports for tests of the data plane: no sockets, every call recorded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np

from inference_backend import oip
from inference_backend.answers import MAX_ANSWER, TOO_LARGE, Claim
from inference_backend.runtime import Runtime, RuntimeSettings
from kernel import apikeys
from kernel.contracts import Grant, Hold, Price, Route, Target, TensorSpec, UsageEvent
from kernel.problems import Problem

PEPPER = "pepper"
KEY = apikeys.mint("live")


def grant(**changes: Any) -> Grant:
    values: dict[str, Any] = {
        "key_id": 1,
        "key_hash": apikeys.hash_key(KEY, PEPPER),
        "org_id": 7,
        "mode": "live",
        "scopes": ("predict",),
        "models": ("addone", "faces"),
        "rate_per_minute": 60,
        "concurrency": 4,
        "monthly_limit_minor": None,
        "monthly_units": None,
        "currency": "USD",
    }
    return Grant(**{**values, **changes})


def route(model: str = "addone", **changes: Any) -> Route:
    spec = (TensorSpec("X", "FP32", (-1, 4)),)
    values: dict[str, Any] = {
        "model": model,
        "task": "t",
        "runtime": "onnx",
        "host": "host-vision",
        "nets": (),
        "inputs": spec,
        "outputs": (TensorSpec("Y", "FP32", (-1, 4)),),
        "input_kinds": {},
        "parameters": {},
        "price": Price("call", Decimal("0.15"), "USD", 1),
        "targets": (Target(1, 100),),
        "timeout_ms": 1000,
    }
    return Route(**{**values, **changes})


def faces() -> Route:
    return route(
        "faces",
        runtime="host",
        nets=("blaze",),
        price=Price("image", Decimal("0.15"), "USD", 3),
        inputs=(TensorSpec("input", "BYTES", (1,)),),
        outputs=(TensorSpec("output", "BYTES", (1,)),),
        input_kinds={"image": {"kind": "image", "max_bytes": 1000}},
        parameters={"threshold": {"kind": "number", "default": 0.5, "minimum": 0, "maximum": 1}},
    )


class MemorySnapshots:
    def __init__(self, grants: list[Grant], routes: list[Route]) -> None:
        self.grants = {item.key_hash: item for item in grants}
        self.by_name = {item.model: item for item in routes}

    async def grant(self, key_hash: str) -> Grant | None:
        return self.grants.get(key_hash)

    async def route(self, model: str) -> Route | None:
        return self.by_name.get(model)

    async def routes(self) -> list[Route]:
        return list(self.by_name.values())


class MemoryMeter:
    def __init__(self) -> None:
        self.open: dict[UUID, Decimal] = {}
        self.settled: list[Decimal] = []
        self.refuse: str | None = None

    async def reserve(self, grant: Grant, event_id: UUID, *, estimate_minor: Decimal, timeout_ms: int) -> Hold:
        if self.refuse:
            raise Problem(self.refuse)
        self.open[event_id] = estimate_minor
        return Hold(event_id, grant.org_id, grant.key_id, estimate_minor, "2026-11", 60, 59, 12)

    async def settle(self, hold: Hold, *, amount_minor: Decimal) -> None:
        del self.open[hold.event_id]
        self.settled.append(amount_minor)

    async def release(self, hold: Hold) -> None:
        del self.open[hold.event_id]


class MemoryLedger:
    def __init__(self) -> None:
        self.events: dict[UUID, UsageEvent] = {}
        self.fail = False

    async def commit(self, event: UsageEvent) -> bool:
        if self.fail:
            raise Problem("overloaded", "the ledger is away")
        return self.events.setdefault(event.event_id, event) is event

    async def known(self, event_id: UUID) -> datetime | None:
        event = self.events.get(event_id)
        return event.occurred_at if event else None


class MemoryAnswers:
    """The store of answers in one dictionary; nothing expires."""

    def __init__(self) -> None:
        self.records: dict[str, tuple[bytes, bytes | None, bytes]] = {}  # body hash, token while it runs, answer
        self.stored: dict[str, bytes] = {}

    async def claim(self, name: str, body_hash: bytes, token: bytes) -> Claim:
        record = self.records.get(name)
        if record is None:
            self.records[name] = (body_hash, token, b"")
            return Claim("ours", body_hash)
        return Claim("running" if record[1] is not None else "answered", record[0], record[2])

    async def renew(self, name: str, body_hash: bytes, token: bytes) -> None:
        """Nothing runs out."""

    async def finish(self, name: str, body_hash: bytes, token: bytes, answer: bytes) -> None:
        self.records[name] = (body_hash, None, answer if len(answer) <= MAX_ANSWER else TOO_LARGE)

    async def drop(self, name: str, body_hash: bytes, token: bytes) -> None:
        if name in self.records and self.records[name][1] == token:
            del self.records[name]

    async def cached(self, name: str) -> bytes | None:
        return self.stored.get(name)

    async def cache(self, name: str, answer: bytes, seconds: int) -> None:
        self.stored[name] = answer


class FakeControl:
    """Loads take a moment; what Triton holds is a set."""

    def __init__(self) -> None:
        self.held: set[str] = set()
        self.loads: list[str] = []
        self.unloads: list[str] = []
        self.heals: list[str] = []
        self.refuse: dict[str, Exception] = {}

    async def load(self, model: str) -> None:
        self.loads.append(model)
        await asyncio.sleep(0.002)
        if model in self.refuse:
            raise self.refuse[model]
        self.held.add(model)

    async def unload(self, model: str) -> None:
        self.unloads.append(model)
        self.held.discard(model)

    async def heal(self, model: str) -> None:
        self.heals.append(model)

    async def config(self, model: str) -> dict[str, Any]:
        return {"max_batch_size": 8, "input": [{"name": "X", "data_type": "TYPE_FP32", "dims": ["4"]}]}

    async def loaded(self) -> set[str]:
        return set(self.held)


class FakeTriton:
    """Adds one to X, or answers as a host with one medium; `before` can fail or delay a call."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int | None]] = []
        self.requests: list[dict[str, Any]] = []
        self.before: Callable[[], Any] | None = None
        self.answer: dict[str, Any] = {
            "output": {"mask": {"$media": 0}},
            "units": {"image": 1},
            "elapsed_ms": 3,
            "media": [{"content_type": "image/png"}],
            "warnings": [],
        }

    async def infer(
        self, model: str, version: int | None, parts: Any, header_length: int, *, timeout: float
    ) -> tuple[bytes, int | None]:
        self.calls.append((model, version))
        if self.before is not None:
            async with asyncio.timeout(timeout):
                await self.before()
        tensors = {t["name"]: part for t, part in zip(json.loads(parts[0])["inputs"], parts[1:], strict=True)}
        if model.startswith("host-"):
            self.requests.append(json.loads(oip.split_strings(tensors["request"])[0]))
            reply = [
                oip.bytes_tensor("response", [json.dumps(self.answer).encode()]),
                oip.bytes_tensor("media", [b"PNG"]),
            ]
        else:
            array = np.frombuffer(tensors["X"], "<f4") + 1
            reply = [oip.Tensor("Y", "FP32", (len(array) // 4, 4), array.tobytes())]
        return oip.render_reply(model, version or 1, oip.InferRequest("", (), (), True), reply)

    async def close(self) -> None:
        """Nothing is open."""


class Bench:
    """A runtime on doubles, with each double at hand."""

    def __init__(
        self, *, grants: list[Grant] | None = None, routes: list[Route] | None = None, **settings: Any
    ) -> None:
        self.snapshots = MemorySnapshots(grants or [grant()], routes or [route(), faces()])
        self.meter, self.ledger = MemoryMeter(), MemoryLedger()
        self.control, self.triton = FakeControl(), FakeTriton()
        self.answers = MemoryAnswers()
        self.runtime = Runtime(
            RuntimeSettings(key_pepper=PEPPER, **settings),
            self.snapshots,
            self.meter,
            self.ledger,
            answers=self.answers,
            triton=self.triton,
            control=self.control,
        )
