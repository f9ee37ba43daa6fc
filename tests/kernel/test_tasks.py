"""Tasks that take a cancellation for something else end nevertheless."""

from __future__ import annotations

import asyncio

from kernel import tasks


async def test_a_task_that_swallows_its_cancellation_is_ended() -> None:
    swallowed = 0

    async def stubborn() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed == 2:
                    raise

    async def failing() -> None:
        raise ValueError("of its own")

    both = [asyncio.create_task(stubborn()), asyncio.create_task(failing())]
    await asyncio.sleep(0)
    await tasks.end(both)
    assert swallowed == 2
    assert all(task.done() for task in both)
