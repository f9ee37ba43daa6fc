"""A job through the real path, with the ports in memory: the same invoke, billed under the job's own id."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path

import orjson
import pytest

from inference_backend.jobs import ports
from inference_backend.jobs.execution import InvocationRuntime
from inference_backend.runtime import Runtime, RuntimeSettings
from kernel.problems import Problem

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from doubles import PEPPER, FakeControl, FakeTriton, MemoryLedger, MemoryMeter, MemorySnapshots, faces, grant

BODY = orjson.dumps({"input": {"image": "iVBORw0KGgo="}})


async def note(progress: float, stage: str) -> None:
    assert 0 <= progress <= 1


async def test_a_job_takes_the_same_path_and_a_retry_is_charged_once() -> None:
    ledger, meter, known = MemoryLedger(), MemoryMeter(), MemorySnapshots([grant()], [faces()])
    order = ports.Order(grant(), "faces", 1, "application/json", BODY, uuid.uuid4(), "async")
    held = Runtime(RuntimeSettings(PEPPER), known, meter, ledger, triton=FakeTriton(), control=FakeControl())
    async with held as opened:
        runtime = InvocationRuntime(opened)
        done, again = await runtime.run(order, note), await runtime.run(order, note)
        assert orjson.loads(done.output)["mask"].startswith("data:image/png;base64,")
        assert (done.usage["cost"], done.version, again.output) == ("0.0015", 1, done.output)
        assert list(ledger.events) == [order.event_id]
        assert ledger.events[order.event_id].source == "async"
        assert sum(meter.settled) == ledger.events[order.event_id].unit_amount
        known.grants.clear()
        with pytest.raises(Problem) as revoked:
            await runtime.run(order, note)
    assert revoked.value.code == "invalid_api_key"
