"""Batches: outputs and errors by value, one bill per line whatever dies, slices, limits, cancellation, faulty files."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from jobs_support import GRANT, FixedRuntime

from inference_backend.files import DiskStore
from inference_backend.jobs import batch_lines, batch_tasks, batches, files
from inference_backend.jobs.database import TaskDatabase
from inference_backend.jobs.models import Batch, BatchLine
from kernel import clock
from kernel.problems import Problem

pytestmark = [pytest.mark.stack, pytest.mark.django_db(transaction=True)]

ENDPOINT = "/api/v1/models/echo/predictions"


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DiskStore]:
    disk = DiskStore(tmp_path / "objects")
    monkeypatch.setattr(files, "store", lambda: disk)
    yield disk
    clock.set_offset(timedelta(0))


def line(text: str, **changes: Any) -> dict[str, Any]:
    return {"custom_id": text, "method": "POST", "url": ENDPOINT, "body": {"input": {"text": text}}} | changes


def submit(lines: list[Any], *, endpoint: str = ENDPOINT, **changes: Any) -> Batch:
    raw = b"".join(item if isinstance(item, bytes) else json.dumps(item).encode() + b"\n" for item in lines)
    row = files.create(org_id=3, filename="in.jsonl", chunks=(raw,), purpose="batch")
    batch, _ = batches.create(**{"grant": GRANT, "endpoint": endpoint, "input_file_id": row.id} | changes)
    return batch


def run(batch: Batch) -> Batch:
    batch_tasks.run_batch(batch.id.hex)
    return Batch.objects.get(pk=batch.pk)


def read(file_id: uuid.UUID | None) -> list[dict[str, Any]]:
    if file_id is None:
        return []
    with files.open_content(files.file_of(org_id=3, file_id=file_id)) as file:
        return [json.loads(raw) for raw in file]


def test_lines_go_to_their_files_and_are_billed_once_each(runtime: FixedRuntime) -> None:
    fresh = submit([line("a"), line("!model_error"), {"input": {"text": "c"}}, b"\n", line("d")])
    assert batches.document(fresh)["usage"] == {"cost": "0", "currency": None}
    assert batches.openai_document(fresh)["status"] == "validating"
    batch = run(fresh)
    assert (batch.status, batch.total, batch.succeeded, batch.failed) == ("completed", 4, 3, 1)
    assert [(row["custom_id"], row["response"]["body"]) for row in read(batch.output_file_id)] == [
        ("a", {"text": "A"}), ("3", {"text": "C"}), ("d", {"text": "D"})]
    (error,) = read(batch.error_file_id)
    assert (error["custom_id"], error["response"]["status_code"]) == ("!model_error", 422)
    assert error["response"]["body"]["code"] == "model_error"
    assert sorted(runtime.charges) == sorted(batches.event_id(batch.id, number) for number in (1, 3, 5))
    assert batch.cost == Decimal("0.006")
    assert BatchLine.objects.count() == 0
    assert batches.document(batch)["progress"] == 1.0
    assert batches.openai_document(batch)["request_counts"] == {"total": 4, "completed": 3, "failed": 1}
    assert run(batch).succeeded == 3


def test_a_lost_worker_costs_no_line_and_bills_none_twice(runtime: FixedRuntime) -> None:
    """The worker died after lines were charged and before they were noted: the ids that bill are the same."""
    batch = submit([line(str(number)) for number in range(6)])
    lease = batches.take_lease(batch_id=batch.id)
    assert lease is not None
    batches.validate(lease=lease)
    done = batches.Done(1, "0", 200, b'{"text":"noted"}', Decimal("0.002"), "USD")
    assert batches.note(lease=lease, done=[done])
    runtime.charged[batches.event_id(batch.id, 2)] = Decimal("0.2")  # charged, never noted
    assert batches.take_lease(batch_id=batch.id) is None
    clock.set_offset(timedelta(seconds=16))
    assert batches.hint_due() == 1
    ended = run(batch)
    assert (ended.status, ended.succeeded) == ("completed", 6)
    assert [row["response"]["body"]["text"] for row in read(ended.output_file_id)] == ["noted", "1", "2", "3", "4", "5"]
    assert len(runtime.charged) == 5  # lines 2 to 6; line 1 was the dead worker's
    assert not batches.note(lease=lease, done=[done]), "the dead worker's token is worth nothing"


def test_a_slice_ends_and_the_next_goes_on(runtime: FixedRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_tasks, "SLICE_S", 0.15)
    runtime.delay = 0.05
    batch = submit([line(str(number)) for number in range(30)])
    seen = []
    for _ in range(30):
        batch = run(batch)
        seen.append(batch.succeeded)
        if batch.status == "completed":
            break
    assert batch.status == "completed"
    assert seen == sorted(seen)
    assert len(seen) > 2
    assert len(set(runtime.charges)) == len(runtime.charges) == 30
    assert runtime.most_running == batch_tasks.LINES_AT_ONCE


def test_outcomes_on_their_way_to_the_database_outlive_the_last_line(
        runtime: FixedRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last line ends while earlier outcomes wait for a busy database: they are delivered, as they were billed."""
    class Busy(TaskDatabase):
        waits = 1

        async def __call__(self, function: Any, *args: Any, **kwargs: Any) -> Any:
            if function is batches.note and self.waits:
                self.waits -= 1
                await asyncio.sleep(1.0)
            return await super().__call__(function, *args, **kwargs)

    monkeypatch.setattr(batch_tasks, "TaskDatabase", Busy)
    monkeypatch.setattr(batch_tasks, "NOTE_EVERY_S", 0.03)
    runtime.delay = 0.02
    batch = run(submit([line(str(number)) for number in range(10)]))
    assert (batch.status, batch.succeeded, batch.failed) == ("completed", 10, 0)
    assert len(read(batch.output_file_id)) == len(runtime.charges) == 10


def test_limits_make_lines_wait_and_do_not_fail_them(runtime: FixedRuntime) -> None:
    runtime.problems = [Problem("rate_limited", headers={"Retry-After": "7"})]
    batch = run(submit([line("a"), line("b")]))
    assert (batch.status, batch.failed) == ("in_progress", 0)
    assert 5 < (batch.not_before - clock.now()).total_seconds() < 8
    assert run(batch).status == "in_progress", "it is not due yet"
    clock.set_offset(timedelta(seconds=8))
    batch = run(batch)
    assert (batch.status, batch.succeeded) == ("completed", 2)


def test_a_failing_backend_is_tried_again(runtime: FixedRuntime) -> None:
    runtime.problems = [Problem("backend_error"), Problem("backend_error")]
    batch = run(submit([line("a")]))
    assert (batch.status, batch.succeeded, len(runtime.charges)) == ("completed", 1, 1)


def test_cancel_stops_what_runs_and_keeps_what_was_delivered(runtime: FixedRuntime) -> None:
    batch = submit([line(str(number)) for number in range(40)])
    runtime.delay = 0.3
    worker = threading.Thread(target=lambda: (run(batch), connections.close_all()))
    worker.start()
    deadline = time.monotonic() + 10
    while Batch.objects.get(pk=batch.pk).succeeded < 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert batches.cancel(org_id=3, batch_id=batch.id).status == "canceling"
    worker.join(10)
    ended = Batch.objects.get(pk=batch.pk)
    if ended.status == "canceling":
        ended = run(ended)
    assert ended.status == "canceled"
    assert 4 <= ended.succeeded < 40
    assert ended.succeeded + ended.failed == 40
    assert runtime.running == 0
    assert len(read(ended.output_file_id)) == ended.succeeded
    skipped = read(ended.error_file_id)
    assert {row["error"]["code"] for row in skipped} == {"batch_canceled"}
    assert len(skipped) == 40 - ended.succeeded
    done = run(submit([line("a")]))
    with pytest.raises(Problem, match="invalid_state"):
        batches.cancel(org_id=3, batch_id=done.id)


def test_a_batch_that_waits_is_canceled_by_the_next_scan(runtime: FixedRuntime) -> None:
    batch = submit([line("a")])
    batches.cancel(org_id=3, batch_id=batch.id)
    ended = run(batch)
    assert (ended.status, runtime.lines) == ("canceled", [])


def test_a_cancel_during_a_slice_does_not_wait_for_the_callers_limits(runtime: FixedRuntime) -> None:
    batch = submit([line("a"), line("b")])
    lease = batches.take_lease(batch_id=batch.id)
    assert lease is not None
    batches.cancel(org_id=3, batch_id=batch.id)
    batches.give_back(lease=lease, delay_s=60.0)
    ended = run(batch)
    assert (ended.status, runtime.lines) == ("canceled", [])


def test_after_its_day_a_batch_delivers_what_it_has(runtime: FixedRuntime) -> None:
    runtime.problems = [Problem("overloaded")] * 2
    batch = run(submit([line("a"), line("b")]))
    clock.set_offset(timedelta(hours=25))
    ended = run(batch)
    assert ended.status == "expired"
    assert [row["error"]["code"] for row in read(ended.error_file_id)] == ["batch_expired"] * (2 - ended.succeeded)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([], None),
        ([b"\n\n"], "empty"),
        ([b"{nonsense\n"], "invalid_json"),
        ([line("a"), line("a")], "duplicate_custom_id"),
        ([line("a", url="/v1/embeddings")], "mismatched_url"),
        ([line("a", method="GET")], "invalid_method"),
        ([line("a", body=[])], "invalid_body"),
        ([line("a", custom_id=5)], "invalid_custom_id"),
        ([line("a", more=1)], "unknown_member"),
        ([b'{"body": {"a": "' + b"x" * batch_lines.MAX_LINE + b'"}}\n'], "line_too_long"),
    ],
)
def test_faulty_files_fail_before_anything_runs(runtime: FixedRuntime, lines: list[Any], code: str | None) -> None:
    if code is None:
        with pytest.raises(Problem, match="validation_error"):
            submit(lines)
        return
    batch = run(submit(lines))
    assert batch.status == "failed"
    assert code in [error["code"] for error in batch.errors]
    assert runtime.lines == []


def test_who_may_and_what_is_refused() -> None:
    batch = submit([line("a")])
    for call in (batches.batch_of, batches.cancel):
        with pytest.raises(Problem, match="not_found"):
            call(org_id=4, batch_id=batch.id)
    with pytest.raises(Problem, match="not_found"):
        submit([line("a")], input_file_id=uuid.uuid4())
    with pytest.raises(Problem, match="validation_error"):
        submit([line("a")], endpoint="/api/v1/account")
    vision = files.create(org_id=3, filename="a.png", chunks=(b"x",), purpose="vision")
    with pytest.raises(Problem, match="purpose"):
        submit([line("a")], input_file_id=vision.id)


def test_a_repeated_key_is_one_batch() -> None:
    row = files.create(org_id=3, filename="in.jsonl", chunks=(b"{}\n",), purpose="batch")
    first = batches.create(grant=GRANT, endpoint=ENDPOINT, input_file_id=row.id, idempotency_key="k")
    again = batches.create(grant=GRANT, endpoint=ENDPOINT, input_file_id=row.id, idempotency_key="k")
    assert (again[0].id, first[1], again[1]) == (first[0].id, False, True)
    with pytest.raises(Problem, match="idempotency_key_reused"):
        batches.create(grant=GRANT, endpoint="/v1/embeddings", input_file_id=row.id, idempotency_key="k")
    assert Batch.objects.count() == 1
