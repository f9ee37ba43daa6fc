"""The transitions of a job against Postgres: announcements, fencing, loss of workers, cancellation, idempotency."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import transaction
from jobs_support import BODY, accept

from inference_backend.jobs import selectors, services, tasks
from inference_backend.jobs.models import Job, JobEvent, JobPayload, JobResult, Outbox
from kernel import clock
from kernel.problems import Problem

pytestmark = [pytest.mark.stack, pytest.mark.django_db]

USAGE = {"unit": "call", "units": 1, "cost": "0.002", "currency": "USD"}


@pytest.fixture(autouse=True)
def _clock():
    yield
    clock.set_offset(timedelta(0))


def later(seconds: float) -> None:
    clock.set_offset(clock._offset + timedelta(seconds=seconds))


def lease_of(job: Job) -> services.Lease:
    lease = services.take_lease(job_id=job.id)
    assert lease is not None
    return lease


def test_acceptance_writes_job_payload_event_and_announcement_together() -> None:
    job = accept(metadata={"order": 5}).job
    assert (job.status, bytes(JobPayload.objects.get(job=job).body)) == ("queued", BODY)
    assert Outbox.objects.get(job=job).sent_at is None
    assert selectors.prediction(job)["id"] == f"pred_{job.id.hex}"
    events, _ = selectors.events_after(job_id=job.id, org_id=3, sequence=0)
    assert [event.data for event in events] == [{"status": "queued"}]


def test_nothing_is_kept_of_an_acceptance_that_is_rolled_back(bell: list[str]) -> None:
    with transaction.atomic():
        accept()
        transaction.set_rollback(True)
    assert (Job.objects.count(), Outbox.objects.count(), bell) == (0, 0, [])


def test_celery_is_told_after_the_commit(bell: list[str], django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        job = accept().job
        assert bell == []
    assert bell == [job.id.hex]
    assert services.relay_outbox() == 0


def test_the_relay_sends_what_the_hint_did_not(bell: list[str]) -> None:
    job = accept().job
    assert services.relay_outbox() == 1
    assert bell == [job.id.hex]
    assert services.relay_outbox() == 0


def test_a_lost_message_is_rung_again(bell: list[str]) -> None:
    job = accept().job
    services.relay_outbox()
    assert services.reap_expired() == 0
    later(61)
    assert services.reap_expired() == 1
    services.relay_outbox()
    assert bell == [job.id.hex] * 2


def test_a_worker_that_starts_hears_what_its_predecessor_was_told(bell: list[str]) -> None:
    job = accept().job
    services.relay_outbox()
    later(3)
    assert services.reap_expired() == 0
    tasks.ring_again()
    services.relay_outbox()
    assert bell == [job.id.hex] * 2


def test_one_worker_at_a_time() -> None:
    job = accept().job
    lease = lease_of(job)
    assert (lease.attempt, lease.body) == (1, BODY)
    assert services.take_lease(job_id=job.id) is None


def test_a_stale_token_writes_nothing() -> None:
    job = accept().job
    first = lease_of(job)
    later(16)
    assert services.reap_expired() == 1
    second = lease_of(job)
    assert second.token != first.token
    assert not services.extend_lease(job_id=job.id, token=first.token)
    assert not services.record_progress(job_id=job.id, token=first.token, progress=0.9, stage="late")
    assert not services.finish(job_id=job.id, token=first.token, output=b'"late"', usage=USAGE)
    assert services.finish(job_id=job.id, token=second.token, output=b'"good"', usage=USAGE, version=2)
    assert not services.finish(job_id=job.id, token=second.token, output=b'"twice"', usage=USAGE)
    job.refresh_from_db()
    assert (job.status, job.version, selectors.output_of(job)) == ("succeeded", 2, "good")
    assert JobResult.objects.count() == 1


def test_a_heartbeat_keeps_the_lease() -> None:
    job = accept().job
    lease = lease_of(job)
    for _ in range(4):
        later(10)
        assert services.extend_lease(job_id=job.id, token=lease.token)
        assert services.reap_expired() == 0


def test_the_fourth_attempt_is_poison() -> None:
    job = accept().job
    for attempt in (1, 2, 3):
        assert lease_of(job).attempt == attempt
        later(16)
        assert services.reap_expired() == 1
    assert services.take_lease(job_id=job.id) is None
    job.refresh_from_db()
    assert (job.status, job.error_code) == ("failed", "poisoned")


def test_progress_is_told_in_order_and_never_runs_backwards() -> None:
    job = accept().job
    lease = lease_of(job)
    for progress in (0.2, 0.1, 7.0):
        assert services.record_progress(job_id=job.id, token=lease.token, progress=progress, stage="x")
    events, complete = selectors.events_after(job_id=job.id, org_id=3, sequence=0)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert [event.data["progress"] for event in events if event.kind == "progress"] == [0.2, 0.2, 1.0]
    assert not complete
    assert selectors.events_after(job_id=job.id, org_id=4, sequence=0) == ([], False)


def test_cancel_of_a_waiting_job_is_final() -> None:
    job = accept().job
    assert services.cancel(org_id=3, job_id=job.id).status == "canceled"
    assert services.cancel(org_id=3, job_id=job.id).status == "canceled"
    assert services.take_lease(job_id=job.id) is None


def test_cancel_of_a_running_job_reaches_its_worker() -> None:
    job = accept().job
    lease = lease_of(job)
    assert services.cancel(org_id=3, job_id=job.id).status == "starting"
    assert not services.extend_lease(job_id=job.id, token=lease.token)
    assert services.finish(job_id=job.id, token=lease.token, problem=Problem("canceled"))
    job.refresh_from_db()
    assert job.status == "canceled"


def test_cancel_of_a_job_whose_worker_is_lost() -> None:
    job = accept().job
    lease_of(job)
    services.cancel(org_id=3, job_id=job.id)
    later(16)
    services.reap_expired()
    job.refresh_from_db()
    assert job.status == "canceled"


def test_cancel_of_an_ended_job_and_by_a_stranger() -> None:
    job = accept().job
    with pytest.raises(Problem) as stranger:
        services.cancel(org_id=4, job_id=job.id)
    with pytest.raises(Problem) as unknown:
        services.cancel(org_id=4, job_id=uuid.uuid4())
    assert stranger.value.document() == unknown.value.document()
    lease = lease_of(job)
    services.finish(job_id=job.id, token=lease.token, output=b"{}", usage=USAGE)
    with pytest.raises(Problem) as ended:
        services.cancel(org_id=3, job_id=job.id)
    assert ended.value.code == "invalid_state"


def test_one_job_per_idempotency_key() -> None:
    first, again = accept(idempotency_key="k"), accept(idempotency_key="k")
    assert (again.job.id, first.replayed, again.replayed) == (first.job.id, False, True)
    assert accept(idempotency_key="k", key_id=8).job.id == first.job.id
    assert accept(idempotency_key="k", org_id=4).job.id != first.job.id
    assert accept(idempotency_key="k", model="other").job.id != first.job.id
    with pytest.raises(Problem) as reused:
        accept(idempotency_key="k", body=b"{}")
    assert reused.value.code == "idempotency_key_reused"


def test_a_throttled_job_waits_without_losing_attempts() -> None:
    job = accept().job
    asked_to_wait = Problem("rate_limited", headers={"Retry-After": "9"})
    for _ in range(5):
        lease = lease_of(job)
        assert lease.attempt == 1
        services.postpone(job_id=job.id, token=lease.token, problem=asked_to_wait)
        assert services.take_lease(job_id=job.id) is None
        later(10)
    later(3600)
    services.postpone(job_id=job.id, token=lease_of(job).token, problem=Problem("rate_limited"))
    job.refresh_from_db()
    assert (job.status, job.error_code) == ("failed", "rate_limited")


def test_a_broken_backend_is_tried_three_times() -> None:
    job = accept().job
    for _ in range(3):
        services.postpone(job_id=job.id, token=lease_of(job).token, problem=Problem("backend_error", "no"))
        later(61)
    job.refresh_from_db()
    assert (job.status, job.error_code, job.attempts) == ("failed", "backend_error", 3)


def test_what_may_not_be_kept_is_deleted() -> None:
    job = accept(idempotency_key="k").job
    services.finish(job_id=job.id, token=lease_of(job).token, output=b"{}", usage=USAGE)
    services.purge()
    assert JobPayload.objects.exists()
    later(3601)
    services.purge()
    assert not JobPayload.objects.exists()
    assert JobResult.objects.exists()
    later(86400)
    services.purge()
    job.refresh_from_db()
    assert not JobResult.objects.exists()
    assert (job.idempotency_key, selectors.output_of(job), JobEvent.objects.exists()) == (None, None, True)


def test_pages_are_the_organizations_own_and_complete() -> None:
    mine = [accept().job.id for _ in range(5)]
    accept(org_id=4)
    found, cursor = [], ""
    while True:
        jobs, following = selectors.jobs_of(org_id=3, limit=2, cursor=cursor)
        found += [job.id for job in jobs]
        if following is None:
            break
        cursor = following
    assert found == mine[::-1]
    with pytest.raises(Problem) as wrong:
        selectors.jobs_of(org_id=3, limit=2, cursor="%%%")
    assert wrong.value.code == "invalid_cursor"


def test_metadata_with_nul_is_the_callers_fault() -> None:
    with pytest.raises(Problem) as refused:
        accept(metadata={"a": ["x\0"]})
    assert refused.value.code == "validation_error"
