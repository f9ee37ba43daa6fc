"""Residency: one load for many callers, the budget, and nothing put out under a call."""

from __future__ import annotations

import asyncio
import random

import pytest
from doubles import FakeControl, route
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_backend import routing
from inference_backend.pools import Pools
from kernel.contracts import Target
from kernel.problems import Problem


async def test_many_callers_share_one_load() -> None:
    control = FakeControl()
    pools = Pools(control, memory_mb=1000)
    times = await asyncio.gather(*(pools.ensure(route(), tensors=True) for _ in range(20)))
    assert control.loads == ["addone"]
    assert all(time > 0 for time in times)
    assert await pools.ensure(route(), tensors=True) == 0.0


async def test_a_caller_that_leaves_does_not_stop_the_load_for_others() -> None:
    control = FakeControl()
    pools = Pools(control, memory_mb=1000)
    first = asyncio.create_task(pools.ensure(route(), tensors=True))
    await asyncio.sleep(0)
    second = asyncio.create_task(pools.ensure(route(), tensors=True))
    await asyncio.sleep(0)
    first.cancel()
    assert await second > 0
    assert control.loads == ["addone"]


async def test_the_least_worthy_model_makes_room() -> None:
    control = FakeControl()
    pools = Pools(control, memory_mb=150)
    for name, calls in (("busy", 5), ("idle", 1)):
        for _ in range(calls):
            await pools.ensure(route(name, memory_mb=60), tensors=True)
    await pools.ensure(route("new", memory_mb=60), tensors=True)
    assert control.unloads == ["idle"]
    assert control.held == {"busy", "new"}


async def test_in_flight_models_are_waited_for_not_put_out() -> None:
    control = FakeControl()
    pools = Pools(control, memory_mb=100)
    async with pools.lease(route("a", memory_mb=80), tensors=True):
        waiting = asyncio.create_task(pools.ensure(route("b", memory_mb=80), tensors=True))
        await asyncio.sleep(0.02)
        assert not waiting.done()
        assert control.unloads == []
    await asyncio.wait_for(waiting, 2)
    assert control.unloads == ["a"]


async def test_a_failed_load_is_tried_again_by_the_next_call() -> None:
    control = FakeControl()
    from inference_backend.triton.control import ControlError

    control.refuse["addone"] = ControlError("no such file")
    pools = Pools(control, memory_mb=100)
    with pytest.raises(Problem) as caught:
        await pools.ensure(route(), tensors=True)
    assert caught.value.code == "model_not_ready"
    assert "no such file" in caught.value.detail
    control.refuse.clear()
    assert await pools.ensure(route(), tensors=True) > 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_under_load_the_budget_holds_and_leased_models_stay(seed: int) -> None:
    async def scenario() -> None:
        dice = random.Random(seed)
        control = FakeControl()
        pools = Pools(control, memory_mb=200)
        routes = [route(f"m{number}", memory_mb=dice.choice([30, 60, 90])) for number in range(8)]

        async def caller() -> None:
            for _ in range(6):
                chosen = dice.choice(routes)
                async with pools.lease(chosen, tensors=True):
                    for _ in range(3):
                        assert chosen.model in control.held
                        assert sum(r.memory_mb for r in routes if r.model in control.held) <= 200
                        await asyncio.sleep(dice.random() / 1000)

        await asyncio.wait_for(asyncio.gather(*(caller() for _ in range(2))), 20)

    asyncio.run(scenario())


@given(st.lists(st.integers(0, 100), min_size=1, max_size=5), st.text())
def test_a_caller_stays_on_its_version_and_weightless_ones_get_nobody(weights: list[int], caller: str) -> None:
    targets = tuple(Target(number + 1, weight) for number, weight in enumerate(weights))
    chosen = route(targets=targets)
    if not any(weights):
        with pytest.raises(Problem):
            routing.pick(chosen, None, caller)
        return
    target = routing.pick(chosen, None, caller)
    assert target.weight > 0
    assert routing.pick(chosen, None, caller) == target


def test_weights_are_kept_over_many_callers() -> None:
    chosen = route(targets=(Target(1, 90), Target(2, 10, "canary")), aliases={"next": 2})
    share = sum(routing.pick(chosen, None, str(caller)).version == 2 for caller in range(10_000)) / 10_000
    assert abs(share - 0.10) < 0.01
    assert routing.pick(chosen, "2", "").version == routing.pick(chosen, "canary", "").version == 2
    assert routing.pick(chosen, "next", "").version == 2
    for unknown in ("3", "x", "1.0", "-1", "99999999999999999999"):
        with pytest.raises(Problem):
            routing.pick(chosen, unknown, "")
