"""Turns: bounded, fair between organizations, and as many at once as a model can do without a queue of its own."""

from __future__ import annotations

import asyncio

import pytest

from inference_backend.turns import LEAST, Turns
from kernel.problems import Problem


async def entered(turns: Turns, model: str, org: int, order: list[int] | None = None) -> asyncio.Task[None]:
    async def one() -> None:
        await turns.enter(model, org)
        if order is not None:
            order.append(org)

    task = asyncio.create_task(one())
    await asyncio.sleep(0)
    return task


async def test_lines_are_served_in_turn_however_long_they_are() -> None:
    turns, order = Turns(1, 100), list[int]()
    await turns.enter("m", 1)
    tasks = [await entered(turns, "m", 1, order) for _ in range(20)]
    tasks.append(await entered(turns, "m", 2, order))
    for _ in range(3):
        turns.leave("m", 0.001)
        await asyncio.sleep(0)
    assert order == [1, 2, 1]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert turns.waiting == 0
    turns.leave("m", None)
    assert turns.running == 0


async def test_where_all_places_are_taken_the_longest_line_gives_up_its_last() -> None:
    turns = Turns(1, 4)
    await turns.enter("m", 1)
    crowd = [await entered(turns, "m", 1) for _ in range(4)]
    assert turns.refuses("m", 1)
    with pytest.raises(Problem) as refused:
        await turns.enter("m", 1)
    assert (refused.value.code, refused.value.headers) == ("overloaded", {"Retry-After": "1"})
    assert not turns.refuses("m", 2)
    quiet = await entered(turns, "m", 2)
    await asyncio.sleep(0.01)
    assert [task.done() for task in crowd] == [False, False, False, True]
    assert isinstance(crowd[-1].exception(), Problem)
    assert turns.waiting == 4
    for task in (*crowd, quiet):
        task.cancel()
    await asyncio.gather(*crowd, quiet, return_exceptions=True)
    assert turns.waiting == 0


async def test_a_slow_model_does_not_keep_the_places_of_the_others() -> None:
    turns = Turns(100, 100)
    for _ in range(12):
        await turns.enter("slow", 1)
    waiting = await entered(turns, "slow", 1)
    assert not waiting.done()
    await asyncio.wait_for(turns.enter("quick", 1), 1)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def serve(turns: Turns, at_once: int, answers: int, service_s: float, callers: int) -> float:
    """A model that serves `at_once` side by side and lets the rest wait, on a clock of its own: its limit then."""
    limit = 0.0
    now, free_at = 0.0, [0.0] * at_once
    running: list[tuple[float, float]] = []
    for _ in range(answers):
        found = turns._models.get("m")
        while len(running) < callers and (found is None or found.running < found.limit):
            await turns.enter("m", 1)
            found = turns._models["m"]
            place = min(range(at_once), key=free_at.__getitem__)
            free_at[place] = max(free_at[place], now) + service_s
            running.append((free_at[place], now))
        running.sort()
        ended, began = running.pop(0)
        now = ended
        turns.leave("m", ended - began)
        limit = found.kept if found.looking else found.limit
    while running:
        running.pop()
        turns.leave("m", None)
    return limit


@pytest.mark.parametrize(("at_once", "least", "most"), [(1, LEAST, 8), (8, 9, 20)])
async def test_as_many_run_at_once_as_do_not_wait_behind_each_other(at_once: int, least: float, most: float) -> None:
    limit = await serve(Turns(64, 256), at_once, 3000, 0.01, callers=64)
    assert least <= limit <= most


async def test_calls_that_are_joined_are_not_held_back() -> None:
    turns = Turns(64, 256)
    await turns.enter("m", 1)
    turns.leave("m", 0.5, adapts=False)
    for _ in range(64):
        await asyncio.wait_for(turns.enter("m", 1), 1)
    assert turns.running == 64


async def test_who_leaves_while_waiting_takes_nothing_along() -> None:
    turns = Turns(1, 10)
    await turns.enter("m", 1)
    first = await entered(turns, "m", 1)
    second = await entered(turns, "m", 2)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    turns.leave("m", 0.001)
    await asyncio.wait_for(second, 1)
    assert (turns.running, turns.waiting) == (1, 0)
    third = await entered(turns, "m", 1)
    turns.leave("m", 0.001)  # its turn comes, and it is gone before it looks
    third.cancel()
    await asyncio.gather(third, return_exceptions=True)
    assert (turns.running, turns.waiting) == (0, 0)


async def test_callers_of_a_slow_model_may_wait_for_eight_answers() -> None:
    turns = Turns(100, 200)
    await turns.enter("slow", 1)
    turns.leave("slow", 1.0)
    for _ in range(12):
        await turns.enter("slow", 1)
    crowd = [await entered(turns, "slow", 1) for _ in range(90)]  # seven and a half seconds
    assert not turns.refuses("slow", 1)
    crowd += [await entered(turns, "slow", 1) for _ in range(10)]
    assert turns.refuses("slow", 1)
    for task in crowd:
        task.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)
