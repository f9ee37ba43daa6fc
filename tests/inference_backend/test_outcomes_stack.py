"""The billing table, row by row, on a real Triton, a real Redis and a real Postgres: what is in the ledger afterwards,
what the meter counts as spent, and that nothing stays reserved."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import orjson
import psycopg
import pytest
import redis.asyncio as aioredis
from doubles import KEY, MemorySnapshots, grant, route
from onnx import TensorProto, helper
from pool_kit import redis_server, runtime_settings, triton_settings
from psycopg.conninfo import make_conninfo
from test_gateway import Answer, call

from billing.ledger import LedgerWriter
from billing.meter import RedisMeter
from inference_backend import oip
from inference_backend.answers import RedisAnswers
from inference_backend.invocation import Call, Delivery, Work, invoke
from inference_backend.runtime import Runtime
from inference_backend.triton import repository
from inference_backend.triton.server import TritonServer
from kernel import apikeys, outcomes
from kernel.contracts import Route, Target, TensorSpec
from kernel.problems import Problem

pytestmark = [pytest.mark.stack, pytest.mark.django_db(transaction=True)]

PRICE, CACHED = Decimal("0.15"), Decimal("0.03")
TEST_KEY = apikeys.mint("test")
LONG = 12_000  # rounds: seconds of work


def write_nets(folder: Path, models: Path) -> None:
    """work: y = x + version after x rounds of work (x < 10: none to speak of)."""
    floats, whole, truth = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
    body = helper.make_graph(
        [helper.make_node("MatMul", ["m", "a"], ["p"]), helper.make_node("Tanh", ["p"], ["m_out"]),
         helper.make_node("Identity", ["go"], ["go_out"])], "body",
        [helper.make_tensor_value_info("i", whole, []), helper.make_tensor_value_info("go", truth, []),
         helper.make_tensor_value_info("m", floats, [192, 192])],
        [helper.make_tensor_value_info("go_out", truth, []),
         helper.make_tensor_value_info("m_out", floats, [192, 192])],
        [helper.make_tensor("a", floats, [192, 192], np.eye(192, dtype="f4").ravel() * 0.5)])
    for version in (1, 2):
        nodes = [
            helper.make_node("ReduceMax", ["X"], ["most"], keepdims=0),
            helper.make_node("Cast", ["most"], ["n"], to=whole),
            helper.make_node("Loop", ["n", "", "start"], ["end"], body=body),
            helper.make_node("ReduceSum", ["end"], ["sum"], keepdims=0),
            helper.make_node("Mul", ["sum", "zero"], ["no"]),
            helper.make_node("Add", ["X", "no"], ["same"]), helper.make_node("Add", ["same", "number"], ["Y"])]
        constants = [
            helper.make_tensor("start", floats, [192, 192], np.zeros(192 * 192, "f4")),
            helper.make_tensor("zero", floats, [1], [0]), helper.make_tensor("number", floats, [1], [version])]
        _save(folder, models, "busy", nodes, constants, version)


def _save(folder: Path, models: Path, name: str, nodes: list[Any], constants: list[Any], version: int) -> None:
    shape = ["n", 4]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("X", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, shape)], constants)
    path = folder / f"{name}-{version}.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    repository.write_onnx(models, name, path, version=version)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TritonServer]:
    base = tmp_path_factory.mktemp("outcomes")
    (base / "nets").mkdir()
    write_nets(base / "nets", base / "models")
    with TritonServer(triton_settings(base)) as running:
        running.wait_ready()
        yield running


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    with redis_server(tmp_path) as url:
        yield url


@dataclass
class Plane:
    """The data plane on its real stores; `org` is fresh, so every entry of it is this test's."""

    runtime: Runtime
    snapshots: MemorySnapshots
    dsn: str
    redis: Any
    org: int

    def reroute(self, **changes: Any) -> Route:
        self.snapshots.by_name["busy"] = replace(self.snapshots.by_name["busy"], **changes)
        return self.snapshots.by_name["busy"]

    async def entries(self) -> list[tuple[str, int, Decimal, str, int]]:
        """(unit, units, exact amount, mode, version) of each ledger entry of the organization."""
        async with await psycopg.AsyncConnection.connect(self.dsn) as connection:
            cursor = await connection.execute(
                "SELECT unit, units, units * unit_amount, mode, version FROM billing_usage_event WHERE org_id = %s "
                "ORDER BY occurred_at", [self.org])
            return [(unit, units, Decimal(amount).normalize(), mode, version)
                    for unit, units, amount, mode, version in await cursor.fetchall()]

    async def nothing_is_held(self) -> None:
        """No reservation of the organization is open once what was sent to Redis has arrived."""
        meter: Any = self.runtime.meter
        for _ in range(50):
            await meter.settled()
            names = [name async for name in self.redis.scan_iter(match=f"meter:{{{self.org}}}*hold*")]
            if not names:
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"still reserved: {names}")


@pytest.fixture
async def plane(server: TritonServer, redis_url: str, transactional_db: None) -> AsyncIterator[Plane]:
    from django.db import connection

    found = connection.settings_dict
    dsn = make_conninfo(**{name: str(value) for name, value in {
        "dbname": found["NAME"], "user": found["USER"], "password": found["PASSWORD"], "host": found["HOST"],
        "port": found["PORT"]}.items() if value})
    org = uuid.uuid4().int % 2_000_000_000 + 1
    spec = (TensorSpec("X", "FP32", (-1, 4)),)
    work = route("busy", inputs=spec, outputs=(TensorSpec("Y", "FP32", (-1, 4)),), timeout_ms=20_000,
                 targets=(Target(1, 100), Target(2, 0, "canary")))
    models = ("busy", "absent")
    snapshots = MemorySnapshots(
        [grant(org_id=org, models=models, rate_per_minute=6000),
         grant(org_id=org, key_id=2, key_hash=apikeys.hash_key(TEST_KEY, "pepper"), mode="test", models=models,
               rate_per_minute=6000)],
        [work, replace(work, model="absent", targets=(Target(1, 100),))])
    ledger = LedgerWriter(dsn)
    store = aioredis.from_url(redis_url)
    runtime = Runtime(runtime_settings(server, redis_url, memory_mb=1024), snapshots,
                      RedisMeter(redis_url, ledger.spent), ledger, answers=RedisAnswers(store))
    async with runtime:
        yield Plane(runtime, snapshots, dsn, store, org)
    await store.aclose()


def body(rounds: float) -> bytes:
    return orjson.dumps({"inputs": [{"name": "X", "datatype": "FP32", "shape": [1, 4], "data": [rounds, 0, 0, 0]}]})


async def infer(
    plane: Plane, rounds: float = 1, *, model: str = "busy", version: str = "", **named: Any
) -> Answer | None:
    path = f"/v2/models/{model}{f'/versions/{version}' if version else ''}/infer"
    return await call(plane, "POST", path, body(rounds), **named)


async def good(plane: Plane, rounds: float = 1, **named: Any) -> Answer:
    answer = await infer(plane, rounds, **named)
    assert answer is not None
    assert answer.status == 200, answer.body
    return answer


async def refused(plane: Plane, status: int, rounds: float = 1, **named: Any) -> None:
    answer = await infer(plane, rounds, **named)
    assert answer is not None
    assert answer.status == status, answer.body


# Each cause: what happens, and the entries that the table allows for it.
Case = Callable[[Plane], Awaitable[None]]
FULL = ("call", 1, PRICE, "live", 1)
cases: dict[tuple[outcomes.Cause, bool], tuple[Case, list[tuple[str, int, Decimal, str, int]]]] = {}


def case(cause: outcomes.Cause, *entries: tuple[str, int, Decimal, str, int], answered: bool) -> Callable[[Case], Case]:
    def note(function: Case) -> Case:
        cases[cause, answered] = (function, list(entries))
        return function
    return note


@case("delivered", FULL, FULL, answered=True)
async def _(plane: Plane) -> None:
    await good(plane)
    assert (await good(plane)).headers["x-cost"] == "0.0015 USD"


@case("cold_load", FULL, answered=True)
async def _(plane: Plane) -> None:
    control: Any = plane.runtime.control
    await control.unload("busy")
    answer = await good(plane)
    assert answer.headers["x-cold-start"] == "1"


@case("cache_hit", FULL, ("cached_call", 1, CACHED, "live", 1), answered=True)
async def _(plane: Plane) -> None:
    plane.reroute(deterministic=True, cache_s=60, cached_amount=CACHED)
    assert [(await good(plane)).headers["x-cache"] for _ in range(2)] == ["miss", "hit"]


@case("replay", FULL, answered=True)
async def _(plane: Plane) -> None:
    await good(plane, idempotency_key="k")
    assert (await good(plane, idempotency_key="k")).headers["idempotent-replayed"] == "true"


@case("client_gone", answered=False)
async def _(plane: Plane) -> None:
    await good(plane, key=TEST_KEY)  # the model is warm
    assert await infer(plane, LONG, gone_after=0.5) is None



@case("client_gone", FULL, answered=True)
async def _(plane: Plane) -> None:
    ledger: Any = plane.runtime.ledger
    commit, under_way = ledger.commit, asyncio.Event()

    async def watched(event: Any) -> bool:
        under_way.set()
        return bool(await commit(event))

    ledger.commit = watched
    calling = asyncio.create_task(invoke(plane.runtime, order()))
    await under_way.wait()
    calling.cancel()
    await asyncio.gather(calling, return_exceptions=True)
    await asyncio.sleep(0.5)  # what is under way ends by itself


@case("deadline", answered=False)
async def _(plane: Plane) -> None:
    await good(plane, key=TEST_KEY)
    plane.reroute(timeout_ms=300)
    await refused(plane, 504, LONG)


@case("cancelled", answered=False)
async def _(plane: Plane) -> None:
    await good(plane, key=TEST_KEY)
    calling = asyncio.create_task(invoke(plane.runtime, order(LONG, event_id=uuid.uuid4(), source="async")))
    await asyncio.sleep(0.5)
    calling.cancel()
    await asyncio.gather(calling, return_exceptions=True)


@case("refused", answered=False)
async def _(plane: Plane) -> None:
    await refused(plane, 404, model="nobody")
    await refused(plane, 401, key=apikeys.mint("live"))
    answer = await call(plane, "POST", "/v2/models/busy/infer", b'{"inputs": []}')
    assert answer is not None
    assert 400 <= answer.status < 500


@case("failed", answered=False)
async def _(plane: Plane) -> None:
    await refused(plane, 503, model="absent")  # it has a route, and nothing that could be loaded


@case("ledger_away", answered=False)
async def _(plane: Plane) -> None:
    ledger: Any = plane.runtime.ledger
    away = LedgerWriter("postgresql://postgres@127.0.0.1:1/none", give_up_s=1)
    await away.start()
    plane.runtime.ledger = away
    try:
        await refused(plane, 503)
    finally:
        plane.runtime.ledger = ledger
        await away.stop()


@case("worker_lost", FULL, answered=True)
async def _(plane: Plane) -> None:
    event_id = uuid.uuid4()
    first = await invoke(plane.runtime, order(event_id=event_id, source="async"))
    again = await invoke(plane.runtime, order(event_id=event_id, source="async"))
    assert (first.replayed, again.replayed) == (False, True)


@case("rollback", FULL, answered=True)
async def _(plane: Plane) -> None:
    await good(plane, key=TEST_KEY)
    running = asyncio.create_task(good(plane, 2_000))
    await asyncio.sleep(0.1)
    plane.reroute(targets=(Target(2, 100),))
    assert (await running).headers["x-model-version"] == "1"
    await refused(plane, 404, version="1")


@case("shadow", FULL, answered=True)
async def _(plane: Plane) -> None:
    plane.reroute(shadow=2)
    assert (await good(plane)).json["outputs"][0]["data"][1] == 1  # the shadow's would be 2
    await plane.runtime.shadows.settled()
    assert plane.runtime.shadows.figures["busy", 2].differed == 1


@case("test_mode", ("call", 1, PRICE, "test", 1), answered=True)
async def _(plane: Plane) -> None:
    assert (await good(plane, key=TEST_KEY)).headers["x-cost"] == "0 USD"


def order(rounds: float = 1, **named: Any) -> Call:
    tensor = oip.Tensor("X", "FP32", (1, 4), np.array([rounds, 0, 0, 0], "<f4").tobytes())
    work = Work((tensor,), ("Y",), True, 1, lambda reply, _target: Delivery(reply, 1))
    return Call(model="busy", body=body(rounds), prepare=lambda _route: work, key=KEY, **named)


async def test_a_cancelled_job_leaves_its_model_free(plane: Plane) -> None:
    """The inference would go on for half a minute; the process that runs it is replaced."""
    await good(plane, key=TEST_KEY)
    calling = asyncio.create_task(invoke(plane.runtime, order(100_000, event_id=uuid.uuid4(), source="async")))
    await asyncio.sleep(0.5)
    calling.cancel()
    await asyncio.gather(calling, return_exceptions=True)
    await asyncio.sleep(4)
    began = time.monotonic()
    await good(plane)
    assert time.monotonic() - began < 8
    assert await plane.entries() == [("call", 1, PRICE, "test", 1), FULL]


def test_every_rule_is_exercised() -> None:
    assert {cause for cause, _ in cases} == set(outcomes.BY_CAUSE)


@pytest.mark.parametrize(("cause", "answered"), cases, ids=lambda value: str(value))
async def test_what_is_billed(plane: Plane, cause: outcomes.Cause, answered: bool) -> None:
    happens, expected = cases[cause, answered]
    await happens(plane)
    await plane.nothing_is_held()
    found = await plane.entries()
    live = [entry for entry in found if entry[3] == "live"]
    assert (found if cause == "test_mode" else live) == expected
    charge = outcomes.charge(cause, answered=answered)
    units = {entry[0] for entry in live}
    assert ("cached_call" in units) == (charge == "cached")
    if not answered:
        assert live == []
    with pytest.raises(Problem):
        await invoke(plane.runtime, replace(order(), key=None))
