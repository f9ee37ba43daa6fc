"""Joined calls: each caller gets the answer that it would have got alone, and another's faults are not its own."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import orjson
import pytest
from doubles import Bench, faces, route
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_backend import oip
from inference_backend.batching import PROOFS, Batcher, joinable
from inference_backend.oip import Tensor
from inference_backend.triton.client import TritonError, TritonUnreachable
from kernel.contracts import TensorSpec


class Model:
    """Answers after a moment; `net` maps the rows of X to those of Y."""

    def __init__(self, net: Any = None) -> None:
        self.net = net or (lambda rows: rows * 2 + 1)
        self.calls: list[int] = []
        self.fail: Any = None

    async def infer(self, model: str, version: int | None, parts: Any, header_length: int, *,
                    timeout: float) -> tuple[bytes, int | None]:
        [entry] = orjson.loads(parts[0])["inputs"]
        rows = np.frombuffer(parts[1], "<f4").reshape(entry["shape"])
        self.calls.append(len(rows))
        await asyncio.sleep(0.001)
        if self.fail is not None:
            self.fail(rows)
        answer = np.asarray(self.net(rows), "<f4")
        reply = [Tensor("Y", "FP32", tuple(answer.shape), answer.tobytes())]
        return oip.render_reply(model, version or 1, oip.InferRequest("", (), (), True), reply)


def tensor(rows: np.ndarray[Any, Any]) -> Tensor:
    rows = np.asarray(rows, "<f4")
    return Tensor("X", "FP32", tuple(rows.shape), rows.tobytes())


async def ask(batcher: Batcher, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    [answer] = await batcher.infer("m", 1, (tensor(rows),), ("Y",), timeout=5)
    return np.frombuffer(answer.data, "<f4").reshape(answer.shape)


async def proved(model: Model) -> Batcher:
    """A batcher that has seen this model answer row by row."""
    batcher = Batcher(model)
    for _ in range(PROOFS + 2):
        await asyncio.gather(*(ask(batcher, np.ones((1, 3))) for _ in range(6)))
    model.calls.clear()
    for lane in batcher._lanes.values():
        lane.row_ms = 0.1  # however busy this machine is
    return batcher


@settings(max_examples=30, deadline=None)
@given(sizes=st.lists(st.integers(1, 4), min_size=1, max_size=24), seed=st.integers(0, 99))
def test_each_caller_gets_its_own_rows(sizes: list[int], seed: int) -> None:
    async def scenario() -> None:
        generator = np.random.default_rng(seed)
        batcher = Batcher(Model())
        for _ in range(PROOFS + 1):
            given = [generator.standard_normal((size, 3)).astype("<f4") for size in sizes]
            found = await asyncio.gather(*(ask(batcher, rows) for rows in given))
            assert all(np.array_equal(got, rows * 2 + 1) for got, rows in zip(found, given, strict=True))
    asyncio.run(scenario())


async def test_calls_that_meet_go_together() -> None:
    model = Model()
    batcher = await proved(model)
    await asyncio.gather(*(ask(batcher, np.full((1, 3), n)) for n in range(10)))
    assert model.calls == [10]  # they came in one turn of the event loop
    model.calls.clear()
    calls = []
    for n in range(6):
        calls.append(asyncio.create_task(ask(batcher, np.full((1, 3), n))))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await asyncio.gather(*calls)
    assert model.calls == [1, 1, 4]  # two found a free place, the rest met behind them
    await ask(batcher, np.ones((1, 3)))
    assert model.calls[-1] == 1  # nobody waits for company


@pytest.mark.parametrize("net", [
    lambda rows: np.cumsum(rows, axis=0),  # a row depends on those before it
    lambda rows: rows - rows.mean(axis=0),
    lambda rows: rows.sum(axis=0, keepdims=True),  # not even as many rows
])
async def test_a_model_whose_rows_depend_on_each_other_is_never_joined(net: Any) -> None:
    model = Model(net)
    batcher = Batcher(model)
    generator = np.random.default_rng(1)
    for _ in range(6):
        given = [generator.standard_normal((2, 3)).astype("<f4") for _ in range(8)]
        found = await asyncio.gather(*(ask(batcher, rows) for rows in given))
        for rows, got in zip(given, found, strict=True):
            assert np.allclose(got, net(rows), atol=1e-5)
    model.calls.clear()
    await asyncio.gather(*(ask(batcher, np.ones((2, 3))) for _ in range(8)))
    assert model.calls == [2] * 8


async def test_one_callers_bad_rows_cost_nobody_else_an_answer() -> None:
    model = Model()
    batcher = await proved(model)

    def refuse(rows: np.ndarray[Any, Any]) -> None:
        if (rows == 666).any():
            raise TritonError(500, "bad row")

    model.fail = refuse
    found = await asyncio.gather(*(ask(batcher, np.full((1, 3), 666 if n == 5 else n)) for n in range(10)),
                                 return_exceptions=True)
    assert isinstance(found[5], TritonError)
    for n, got in enumerate(found):
        if n != 5:
            assert np.array_equal(got, np.full((1, 3), n * 2 + 1))


@pytest.mark.parametrize("error", [TritonUnreachable("gone"), TritonError(400, "Request for unknown model"),
                                   TimeoutError()])
async def test_what_the_callers_can_mend_reaches_all_of_them(error: Exception) -> None:
    model = Model()
    batcher = await proved(model)

    def refuse(_rows: Any) -> None:
        raise error

    model.fail = refuse
    found = await asyncio.gather(*(ask(batcher, np.ones((1, 3))) for _ in range(10)), return_exceptions=True)
    assert {type(got) for got in found} == {type(error)}
    assert len({id(got) for got in found[2:]}) == 8
    model.fail = None
    assert np.array_equal(await ask(batcher, np.zeros((1, 3))), np.ones((1, 3)))


async def test_who_leaves_is_not_asked_for_and_holds_nobody_up() -> None:
    model = Model()
    batcher = await proved(model)
    calls = [asyncio.create_task(ask(batcher, np.full((1, 3), n))) for n in range(10)]
    await asyncio.sleep(0)
    for task in calls[:6]:
        task.cancel()
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(got) for got in found[:6]] == [asyncio.CancelledError] * 6
    assert all(np.array_equal(got, np.full((1, 3), n * 2 + 1)) for n, got in enumerate(found) if n >= 6)
    assert model.calls == [4]
    lane = next(iter(batcher._lanes.values()))
    assert (lane.in_flight, len(lane.waiting)) == (0, 0)


@pytest.mark.parametrize("turns", range(5))
async def test_a_leader_that_leaves_hands_its_company_on(turns: int) -> None:
    model = Model()
    batcher = await proved(model)
    calls = [asyncio.create_task(ask(batcher, np.full((1, 3), n))) for n in range(4)]
    late = [asyncio.create_task(ask(batcher, np.full((1, 3), n))) for n in range(4, 40)]  # more than one batch
    for _ in range(turns):
        await asyncio.sleep(0)
    calls[0].cancel()
    found = await asyncio.gather(*calls, *late, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert all(np.array_equal(got, np.full((1, 3), n * 2 + 1)) for n, got in enumerate(found) if n)
    lane = next(iter(batcher._lanes.values()))
    assert (lane.in_flight, lane.gathering, len(lane.waiting)) == (0, False, 0)


async def test_a_slow_model_is_left_to_tritons_own_queue() -> None:
    model = Model()
    batcher = await proved(model)
    next(iter(batcher._lanes.values())).row_ms = 40.0
    await asyncio.gather(*(ask(batcher, np.ones((1, 3))) for _ in range(8)))
    assert model.calls == [1] * 8


def test_only_signatures_of_rows_are_joined() -> None:
    assert joinable(route())
    assert not joinable(faces())
    for spec in (TensorSpec("X", "FP32", (-1,)), TensorSpec("X", "FP32", (1, 4)), TensorSpec("X", "BYTES", (-1, 1)),
                 TensorSpec("X", "FP32", (-1, 4), optional=True)):
        assert not joinable(route(inputs=(spec,)))


async def test_through_the_whole_path_each_is_billed_alone() -> None:
    from test_gateway import INFER, call

    bench = Bench()

    async def moment() -> None:
        await asyncio.sleep(0.002)

    bench.triton.before = moment
    await bench.runtime.start()
    for _ in range(PROOFS + 2):
        answers = await asyncio.gather(*(call(bench, "POST", "/v2/models/addone/infer", INFER) for _ in range(8)))
        assert all(answer is not None and answer.json["outputs"][0]["data"] == [2, 3, 4, 5] for answer in answers)
    assert len(bench.ledger.events) == 8 * (PROOFS + 2)
    assert bench.meter.open == {}
    assert bench.runtime.batcher.joined > 0
