"""One runtime for a process without a loop of its own, used from many short loops."""

from __future__ import annotations

import asyncio
import threading
import uuid

import orjson
import pytest
from doubles import PEPPER, FakeControl, FakeTriton, MemoryLedger, MemoryMeter, MemorySnapshots, faces, grant

from inference_backend.background import Background
from inference_backend.jobs import ports
from inference_backend.jobs.execution import factory
from inference_backend.runtime import Runtime, RuntimeSettings

BODY = orjson.dumps({"input": {"image": "iVBORw0KGgo="}})


class Made:
    """Counts the runtimes that were made."""

    def __init__(self) -> None:
        self.runtimes: list[Runtime] = []
        self.triton, self.control = FakeTriton(), FakeControl()

    def __call__(self) -> Runtime:
        known = MemorySnapshots([grant()], [faces()])
        self.runtimes.append(Runtime(RuntimeSettings(PEPPER), known, MemoryMeter(), MemoryLedger(), triton=self.triton,
                                     control=self.control))
        return self.runtimes[-1]


def order() -> ports.Order:
    return ports.Order(grant(), "faces", 1, "application/json", BODY, uuid.uuid4(), "async")


def test_many_short_loops_share_one_runtime_and_get_their_notes_in_their_own_loop() -> None:
    made = Made()
    background = Background(made)
    opened = factory(background)
    stages: list[tuple[int, str]] = []

    def job() -> None:
        me = threading.get_ident()

        async def note(progress: float, stage: str) -> None:
            stages.append((threading.get_ident() - me, stage))

        async def run() -> ports.Completed:
            async with opened() as runtime:
                return await runtime.run(order(), note)

        assert orjson.loads(asyncio.run(run()).output)["mask"].startswith("data:")

    threads = [threading.Thread(target=job) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made.runtimes) == 1
    assert stages == [(0, "processing")] * 8
    assert made.control.loads.count("host-vision") == 1
    background.close()


def test_a_cancelled_caller_cancels_its_call_only() -> None:
    made = Made()
    background = Background(made)
    begun, ended = threading.Event(), threading.Event()

    async def slow(runtime: Runtime) -> None:
        begun.set()
        try:
            await asyncio.sleep(30)
        finally:
            ended.set()

    async def quick(runtime: Runtime) -> str:
        return "answer"

    async def scenario() -> None:
        task = asyncio.create_task(background.run(slow))
        await asyncio.to_thread(begun.wait, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(ended.wait, 5)
        assert await background.run(quick) == "answer"

    asyncio.run(scenario())
    background.close()
