"""The response cache bills its own price and says so; shadow copies bill nothing and hold nobody up."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

from doubles import Bench, route
from test_gateway import INFER, Answer, call

from inference_backend.shadow import MAX_IN_FLIGHT
from inference_backend.triton.client import TritonError
from kernel.contracts import Target


def kept(**changes: Any) -> Bench:
    return Bench(routes=[route(deterministic=True, cache_s=60, cached_amount=Decimal("0.03"), **changes)])


async def infer(bench: Bench, body: Any = INFER, path: str = "/v2/models/addone/infer", **headers: str) -> Answer:
    answer = await call(bench, "POST", path, body, **headers)
    assert answer is not None
    assert answer.status == 200, answer.body
    return answer


async def test_a_hit_costs_its_own_price_on_its_own_meter() -> None:
    bench = kept()
    miss, hit = await infer(bench), await infer(bench)
    assert (miss.headers["x-cache"], miss.headers["x-cost"]) == ("miss", "0.0015 USD")
    assert (hit.headers["x-cache"], hit.headers["x-cost"]) == ("hit", "0.0003 USD")
    assert hit.json == miss.json
    assert "infer" not in hit.headers["server-timing"]
    assert len(bench.triton.calls) == 1
    events = list(bench.ledger.events.values())
    assert [(event.unit, event.unit_amount) for event in events] == [
        ("call", Decimal("0.15")), ("cached_call", Decimal("0.03"))]
    assert bench.meter.settled == [Decimal("0.15"), Decimal("0.03")]


async def test_bodies_that_mean_the_same_tensors_share_an_answer() -> None:
    bench = kept()
    await infer(bench)
    spaced = b'{ "id": "b", "inputs": [ {"data": [[1.0, 2, 3, 4]], "shape": [1, 4], "datatype": "FP32", "name": "X"}]}'
    hit = await infer(bench, spaced)
    assert hit.headers["x-cache"] == "hit"
    assert hit.json["id"] == "b"


async def test_other_inputs_versions_and_wishes_miss() -> None:
    bench = kept(targets=(Target(1, 100), Target(2, 0)))
    await infer(bench)
    tensor = INFER["inputs"][0]  # type: ignore[index]
    other = {"inputs": [{**tensor, "data": [1, 2, 3, 5]}]}  # type: ignore[dict-item]
    assert (await infer(bench, other)).headers["x-cache"] == "miss"
    assert (await infer(bench, path="/v2/models/addone/versions/2/infer")).headers["x-cache"] == "miss"
    assert "x-cache" not in (await infer(bench, cache_control="no-store")).headers
    assert [version for _, version in bench.triton.calls] == [1, 1, 2, 1]


async def test_what_is_not_declared_is_not_kept() -> None:
    for changes in ({"deterministic": False, "cache_s": 60}, {"deterministic": True}):
        bench = Bench(routes=[route(**changes)])
        await infer(bench)
        assert "x-cache" not in (await infer(bench)).headers
        assert not bench.answers.stored


def trial(**changes: Any) -> Bench:
    return Bench(routes=[route(targets=(Target(1, 100), Target(2, 0, "trial")), shadow=2, **changes)])


async def test_a_shadow_gets_a_copy_and_nobody_pays() -> None:
    bench = trial()
    answer = await infer(bench)
    await bench.runtime.shadows.settled()
    assert answer.headers["x-model-version"] == "1"
    assert bench.triton.calls == [("addone", 1), ("addone", 2)]
    assert [event.version for event in bench.ledger.events.values()] == [1]
    assert bench.meter.settled == [Decimal("0.15")]
    figures = bench.runtime.shadows.figures["addone", 2]
    assert (figures.sent, figures.agreed, figures.differed, figures.failed) == (1, 1, 0, 0)


async def test_a_slow_or_failing_shadow_delays_nothing_and_is_bounded() -> None:
    bench = trial()
    infer_really, go_on = bench.triton.infer, asyncio.Event()

    async def upstream(model: str, version: int | None, *rest: Any, **named: Any) -> Any:
        if version == 2:
            await go_on.wait()
            raise TritonError(500, "trial")
        return await infer_really(model, version, *rest, **named)

    bench.triton.infer = upstream  # type: ignore[method-assign]
    for _ in range(20):  # all answered while no shadow is
        await infer(bench)
    go_on.set()
    await bench.runtime.shadows.settled()
    figures = bench.runtime.shadows.figures["addone", 2]
    assert (figures.sent, figures.failed, figures.dropped) == (MAX_IN_FLIGHT, MAX_IN_FLIGHT, 20 - MAX_IN_FLIGHT)
    assert len(bench.ledger.events) == 20


async def test_a_shadow_that_differs_is_counted() -> None:
    bench = trial()
    infer_really = bench.triton.infer

    async def upstream(model: str, version: int | None, parts: Any, length: int, **named: Any) -> Any:
        body, head = await infer_really(model, version, parts, length, **named)
        return (body[:-1] + b"\x7f", head) if version == 2 else (body, head)

    bench.triton.infer = upstream  # type: ignore[method-assign]
    await infer(bench)
    await bench.runtime.shadows.settled()
    assert bench.runtime.shadows.figures["addone", 2].differed == 1


async def test_a_change_of_the_route_is_obeyed_by_the_next_call() -> None:
    bench = trial()
    bench.snapshots.by_name["addone"] = route()
    await infer(bench)
    await bench.runtime.shadows.settled()
    assert bench.triton.calls == [("addone", 1)]
