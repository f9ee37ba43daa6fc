"""A repeated Idempotency-Key: the same answer, one run, one bill; and what is said where the answer is gone."""

from __future__ import annotations

import asyncio
import base64
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from doubles import Bench, MemoryAnswers, grant, route
from test_gateway import INFER, PNG, Answer, call

from inference_backend.answers import MAX_ANSWER
from inference_backend.triton.client import TritonError
from kernel import apikeys, clock

FACES = {"input": {"image": base64.b64encode(PNG).decode()}}


async def infer(bench: Bench, body: Any = INFER, **headers: str) -> Answer:
    answer = await call(bench, "POST", "/v2/models/addone/infer", body, **{"idempotency_key": "k", **headers})
    assert answer is not None
    return answer


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v2/models/addone/infer", INFER), ("/api/v1/models/faces/predictions", FACES)],
)
async def test_a_repeat_gets_the_stored_answer(path: str, body: Any) -> None:
    bench = Bench()
    first = await call(bench, "POST", path, body, idempotency_key="k")
    second = await call(bench, "POST", path, body, idempotency_key="k")
    assert first is not None
    assert second is not None
    assert second.body == first.body
    assert second.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert (second.headers["x-cost"], second.headers["x-units"]) == (first.headers["x-cost"], first.headers["x-units"])
    assert second.headers["x-request-id"] != first.headers["x-request-id"]
    assert len(bench.triton.calls) == 1
    assert len(bench.ledger.events) == 1
    assert bench.meter.settled == [Decimal("0.15")]


async def test_another_body_is_refused() -> None:
    bench = Bench()
    await infer(bench)
    other = await infer(bench, {**INFER, "id": "other"})
    assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")
    assert len(bench.triton.calls) == 1


async def test_twenty_at_once_run_once() -> None:
    bench = Bench()
    go_on = asyncio.Event()
    bench.triton.before = go_on.wait
    calls = [asyncio.create_task(infer(bench)) for _ in range(20)]
    while sum(task.done() for task in calls) < 19:
        await asyncio.sleep(0.01)
    go_on.set()
    answers = await asyncio.gather(*calls)
    assert sorted(answer.status for answer in answers) == [200] + [409] * 19
    busy = next(answer for answer in answers if answer.status == 409)
    assert busy.json["code"] == "idempotency_in_progress"
    assert busy.headers["retry-after"] == "1"
    assert len(bench.triton.calls) == len(bench.ledger.events) == 1
    assert (await infer(bench)).headers["idempotent-replayed"] == "true"


async def test_the_scope_is_the_organization_and_the_path() -> None:
    sibling, stranger = apikeys.mint("live"), apikeys.mint("live")
    hashes = [apikeys.hash_key(key, "pepper") for key in (sibling, stranger)]
    bench = Bench(
        grants=[grant(), grant(key_id=2, key_hash=hashes[0]), grant(key_id=3, org_id=8, key_hash=hashes[1])],
        routes=[route(), route("faces")],
    )
    await infer(bench)
    same = await call(bench, "POST", "/v2/models/addone/infer", INFER, key=sibling, idempotency_key="k")
    other = await call(bench, "POST", "/v2/models/addone/infer", INFER, key=stranger, idempotency_key="k")
    elsewhere = await call(bench, "POST", "/v2/models/addone/versions/1/infer", INFER, idempotency_key="k")
    assert same is not None
    assert other is not None
    assert elsewhere is not None
    assert same.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in other.headers
    assert "idempotent-replayed" not in elsewhere.headers
    assert sorted(event.org_id for event in bench.ledger.events.values()) == [7, 7, 8]


async def test_a_failed_call_may_be_tried_again_with_its_key() -> None:
    bench = Bench()

    async def fail_once() -> None:
        bench.triton.before = None
        raise TritonError(500, "boom")

    bench.triton.before = fail_once
    assert (await infer(bench)).status == 502
    again = await infer(bench)
    assert again.status == 200
    assert "idempotent-replayed" not in again.headers
    assert len(bench.ledger.events) == 1


async def test_a_client_that_hung_up_frees_its_key() -> None:
    bench = Bench()
    bench.triton.before = lambda: asyncio.sleep(10)
    assert await call(bench, "POST", "/v2/models/addone/infer", INFER, gone_after=0.02, idempotency_key="k") is None
    bench.triton.before = None
    assert (await infer(bench)).status == 200
    assert len(bench.ledger.events) == 1


async def test_an_answer_that_the_store_lost_is_never_billed_again() -> None:
    bench = Bench()
    await infer(bench)
    bench.answers.records.clear()
    gone = await infer(bench)
    assert (gone.status, gone.json["code"]) == (409, "conflict")
    assert len(bench.triton.calls) == len(bench.ledger.events) == 1


async def test_an_answer_too_large_to_keep_is_never_billed_again() -> None:
    bench = Bench()
    bench.triton.answer = {"output": {"text": "x" * MAX_ANSWER}, "units": {"image": 1}}
    first = await call(bench, "POST", "/api/v1/models/faces/predictions", FACES, idempotency_key="k")
    second = await call(bench, "POST", "/api/v1/models/faces/predictions", FACES, idempotency_key="k")
    assert first is not None
    assert second is not None
    assert (first.status, second.status) == (200, 409)
    assert "too large" in second.json["detail"]
    assert len(bench.ledger.events) == 1


async def test_a_key_is_free_again_after_its_day(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    await infer(bench)
    bench.answers.records.clear()  # as Redis does by itself
    monkeypatch.setattr(clock, "_offset", timedelta(hours=25))
    assert (await infer(bench)).status == 200
    assert len(bench.ledger.events) == 2
    bench.answers.records.clear()
    assert (await infer(bench)).status == 409


async def test_a_committed_call_whose_caller_left_is_not_run_again() -> None:
    """The commit was under way when the client hung up: it is billed once, and the repeat is refused."""
    bench = Bench()
    commit, committing, go_on, done = bench.ledger.commit, asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(event: Any) -> bool:
        committing.set()
        await go_on.wait()
        fresh = await commit(event)
        done.set()
        return fresh

    bench.ledger.commit = slow  # type: ignore[method-assign]
    left = await call(bench, "POST", "/v2/models/addone/infer", INFER, gone_when=committing, idempotency_key="k")
    assert left is None
    go_on.set()
    await done.wait()
    assert len(bench.ledger.events) == 1
    assert (await infer(bench)).status == 409
    assert len(bench.triton.calls) == 1


async def test_a_wrong_key_learns_nothing() -> None:
    bench = Bench()
    await infer(bench)
    answer = await call(bench, "POST", "/v2/models/addone/infer", INFER, key=apikeys.mint("live"), idempotency_key="k")
    assert answer is not None
    assert answer.status == 401


async def test_a_key_has_bounds() -> None:
    assert (await infer(Bench(), idempotency_key="x" * 256)).status == 400


def test_the_memory_store_is_a_store() -> None:
    """The double keeps the promise of the port; `test_answers_stack` checks the real one alike."""
    store = MemoryAnswers()
    hash_, token = b"h" * 32, b"t" * 16
    assert asyncio.run(store.claim("n", hash_, token)).state == "ours"
    assert asyncio.run(store.claim("n", hash_, b"u" * 16)).state == "running"
    asyncio.run(store.drop("n", hash_, b"u" * 16))
    assert asyncio.run(store.claim("n", hash_, b"u" * 16)).state == "running"
    asyncio.run(store.finish("n", hash_, token, b"answer"))
    assert asyncio.run(store.claim("n", hash_, b"u" * 16)).answer == b"answer"


async def test_a_form_is_known_again_under_another_boundary() -> None:
    bench = Bench()

    async def send(boundary: str, content: bytes) -> Answer:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
        answer = await call(bench, "POST", "/api/v1/models/faces/predictions",
                            head.encode() + content + f"\r\n--{boundary}--\r\n".encode(), idempotency_key="k",
                            content_type=f'multipart/form-data; boundary="{boundary}"')
        assert answer is not None
        return answer

    first, again, other = await send("aaa", PNG), await send("bbb", PNG), await send("ccc", PNG + b"x")
    assert (first.status, again.status, again.body) == (200, 200, first.body)
    assert len(bench.triton.calls) == 1
    assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")
