"""The transitions of a job. Each is one transaction under the job's row lock.

    queued ──take_lease──▶ starting ──record_progress──▶ processing ──finish──▶ succeeded | failed
      ▲  │                    │                              │
      │  └──cancel──▶ canceled ◀──── finish(canceled) ───────┘
      └────── postpone (throttled, retryable) / reap_expired (worker gone) ──────┘

A lost worker is noticed by its expired lease; the fourth attempt does not happen: the job is `failed`, "poisoned".
A cancellation of a running job is a wish that its worker reads within a heartbeat. If the result was delivered (and
billed) before, the job has succeeded: a job is charged exactly when it says so.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from celery import current_app
from django.db import IntegrityError, transaction
from django.db.models import Max, Q

from inference_backend.jobs.models import CLOSED, Job, JobEvent, JobPayload, JobResult, Outbox, WebhookDelivery
from kernel.clock import now
from kernel.problems import FieldError, Problem

log = logging.getLogger(__name__)

RUN_JOB = "jobs.run_job"  # by name: a task calls these services, so they can't import it
LEASE = timedelta(seconds=10)  # five heartbeats
HEARTBEAT_S = 2.0
MAX_ATTEMPTS = 3
RESULT_RETENTION = timedelta(hours=24)
PAYLOAD_RETENTION = timedelta(hours=1)  # long enough to look into a failure, then gone
IDEMPOTENCY_WINDOW = timedelta(hours=24)
# A queued job whose bell was lost is rung again: Redis restarted, or gave the message to a connection whose worker was
# killed and whose children hold its socket a little longer. A worker that starts does not wait that long: the message
# may have been its predecessor's.
REANNOUNCE = timedelta(seconds=20)
REANNOUNCE_AT_START = timedelta(seconds=2)
WAIT_FOR_TURN = timedelta(hours=1)  # how long a throttled job may wait before it fails with that problem
THROTTLES = frozenset({"rate_limited", "concurrency_limited", "overloaded", "model_not_ready", "out_of_memory"})


@dataclass(frozen=True, slots=True)
class Lease:
    """What a worker holds: the job's facts and the fencing token that lets it write."""

    job_id: uuid.UUID
    token: uuid.UUID
    org_id: int
    key_id: int
    model: str
    version: int | None
    attempt: int
    content_type: str
    body: bytes
    grant: str
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    job: Job
    replayed: bool


def event_id(job_id: uuid.UUID) -> uuid.UUID:
    """The id that bills a job: the same for every attempt, so a retry is charged once."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"tessera:job:{job_id}")


def submit(*, org_id: int, key_id: int, model: str, version: int | None, body: bytes, content_type: str, grant: str,
           metadata: dict[str, Any] | None = None, webhook_url: str = "",
           idempotency_key: str | None = None, traceparent: str = "") -> Submission:
    """Accepts a prediction: job, payload and announcement in one transaction. Celery is told after the commit.

    Raises Problem idempotency_key_reused when the key was used for another request, validation_error for metadata
    that can't be stored.
    """
    if _holds_nul(metadata):
        raise Problem("validation_error", "metadata holds a NUL character",
                      errors=[FieldError("/metadata", "must not hold NUL characters")])
    parts = (model.encode(), str(version).encode(), content_type.encode(), body)
    request_hash = hashlib.sha256(b"\0".join(parts)).digest()
    if idempotency_key is not None and (known := _known(org_id, model, idempotency_key, request_hash)):
        return known
    try:
        with transaction.atomic():
            job = Job.objects.create(
                org_id=org_id, key_id=key_id, model=model, version=version, metadata=metadata or {},
                webhook_url=webhook_url, idempotency_key=idempotency_key, request_hash=request_hash,
                traceparent=traceparent)
            JobPayload.objects.create(job=job, org_id=org_id, content_type=content_type, body=body, grant=grant)
            _record(job, "status", {"status": "queued"})
            _announce(job)
    except IntegrityError:
        # Two requests with one key at the same moment: the other one won.
        if idempotency_key is not None and (known := _known(org_id, model, idempotency_key, request_hash)):
            return known
        raise
    return Submission(job, replayed=False)


def _holds_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return any(_holds_nul(item) for item in value)
    return isinstance(value, str) and "\0" in value


def _known(org_id: int, model: str, idempotency_key: str, request_hash: bytes) -> Submission | None:
    """The organization's earlier job of this key at this model: the scope is the path, as for synchronous calls."""
    job = Job.objects.filter(org_id=org_id, model=model, idempotency_key=idempotency_key).first()
    if job is None:
        return None
    if bytes(job.request_hash) != request_hash:
        raise Problem("idempotency_key_reused", "this Idempotency-Key was used for another request")
    return Submission(job, replayed=True)


@transaction.atomic
def take_lease(*, job_id: uuid.UUID) -> Lease | None:
    """Makes the caller the job's worker, or answers None where there is nothing to do (taken, ended, not yet due)."""
    job = (Job.objects.select_for_update(skip_locked=True)
           .filter(pk=job_id, status="queued", not_before__lte=now()).first())
    if job is None:
        return None
    payload = JobPayload.objects.get(job=job, org_id=job.org_id)
    job.status, job.attempts, job.lease_token = "starting", job.attempts + 1, uuid.uuid4()
    job.lease_expires_at = now() + LEASE
    job.started_at = job.started_at or now()
    job.save(update_fields=["status", "attempts", "lease_token", "lease_expires_at", "started_at"])
    _record(job, "status", {"status": "starting", "attempt": job.attempts})
    return Lease(job.id, job.lease_token, job.org_id, job.key_id, job.model, job.version, job.attempts,
                 payload.content_type, bytes(payload.body), payload.grant, job.traceparent)


def extend_lease(*, job_id: uuid.UUID, token: uuid.UUID) -> bool:
    """The worker's heartbeat. False: stop, the job was canceled or belongs to another worker now."""
    return bool(Job.objects.filter(pk=job_id, lease_token=token, cancel_requested_at=None)
                .update(lease_expires_at=now() + LEASE))


@transaction.atomic
def record_progress(*, job_id: uuid.UUID, token: uuid.UUID, progress: float, stage: str) -> bool:
    """Notes how far the job is and extends the lease. False when the token is no longer the job's."""
    job = _held(job_id, token)
    if job is None:
        return False
    entered = job.status != "processing"
    job.status, job.stage = "processing", stage[:64]
    job.progress = max(job.progress, min(max(progress, 0.0), 1.0))  # a retry does not run backwards
    job.lease_expires_at = now() + LEASE
    job.save(update_fields=["status", "stage", "progress", "lease_expires_at"])
    if entered:
        _record(job, "status", {"status": "processing"})
    _record(job, "progress", {"progress": job.progress, "stage": job.stage})
    return True


@transaction.atomic
def finish(*, job_id: uuid.UUID, token: uuid.UUID, output: bytes | None = None, usage: dict[str, Any] | None = None,
           version: int | None = None, variant: str = "", problem: Problem | None = None) -> bool:
    """Ends the job with its output, or with a problem. False (and nothing written) when the token is stale."""
    job = _held(job_id, token)
    if job is None:
        return False
    if problem is None:
        if output is None:
            raise ValueError("a job ends with an output or a problem")
        JobResult.objects.create(job=job, org_id=job.org_id, output=output)
        job.usage, job.variant, job.version = usage, variant, version or job.version
        job.progress = 1.0
        _close(job, "succeeded")
    elif problem.code == "canceled":
        _close(job, "canceled", "canceled", problem.detail)
    else:
        _close(job, "failed", problem.code, problem.detail)
    return True


@transaction.atomic
def postpone(*, job_id: uuid.UUID, token: uuid.UUID, problem: Problem) -> bool:
    """Gives the job back after a retryable problem, to run later; or fails it when its patience is used up.

    A throttle does not count as an attempt: the job only waits for its turn, for at most an hour.
    """
    job = _held(job_id, token)
    if job is None:
        return False
    throttled = problem.code in THROTTLES
    if (throttled and now() - job.created_at > WAIT_FOR_TURN) or (not throttled and job.attempts >= MAX_ATTEMPTS):
        _close(job, "failed", problem.code, problem.detail)
        return True
    if throttled:
        job.attempts -= 1
    asked = str(problem.headers.get("Retry-After", ""))
    wait = min(int(asked), 60) if asked.isdigit() else 2 * max(1, job.attempts)
    _requeue(job, delay=timedelta(seconds=max(wait, 1)), reason=problem.code)
    return True


@transaction.atomic
def cancel(*, org_id: int, job_id: uuid.UUID) -> Job:
    """Cancels a waiting job at once and asks the worker of a running one to stop. Raises not_found, invalid_state."""
    job = Job.objects.select_for_update().filter(pk=job_id, org_id=org_id).first()
    if job is None:
        raise Problem("not_found", "no such prediction")
    if job.status == "canceled":
        return job
    if job.status in CLOSED:
        raise Problem("invalid_state", f"the prediction has already {job.status}")
    if job.status == "queued":
        _close(job, "canceled", "canceled", "canceled before it started")
    elif job.cancel_requested_at is None:
        job.cancel_requested_at = now()
        job.save(update_fields=["cancel_requested_at"])
        _record(job, "progress", {"progress": job.progress, "stage": "canceling"})
    return job


def run_again(*, org_id: int, job_id: uuid.UUID) -> Job:
    """A new job with the body of one that ended; it is admitted and billed as any other.

    Raises not_found, and invalid_state where the job still runs or its body is no longer kept.
    """
    job = Job.objects.filter(pk=job_id, org_id=org_id).first()
    if job is None:
        raise Problem("not_found", "no such prediction")
    if job.status not in CLOSED:
        raise Problem("invalid_state", "the prediction has not ended yet")
    payload = JobPayload.objects.filter(job=job, org_id=org_id).first()
    if payload is None:
        raise Problem("invalid_state", "the request of this prediction is no longer kept: send it anew")
    return submit(org_id=org_id, key_id=job.key_id, model=job.model, version=job.version, body=bytes(payload.body),
                  content_type=payload.content_type, grant=payload.grant, metadata=job.metadata,
                  webhook_url=job.webhook_url).job


def reap_expired(*, limit: int = 200) -> int:
    """Gives the jobs of lost workers back to the queue; says how many. The fourth attempt is refused: poisoned."""
    reaped = 0
    for job_id in list(Job.objects.filter(status__in=("starting", "processing"), lease_expires_at__lt=now())
                       .values_list("pk", flat=True)[:limit]):
        with transaction.atomic():
            job = (Job.objects.select_for_update(skip_locked=True)
                   .filter(pk=job_id, status__in=("starting", "processing"), lease_expires_at__lt=now()).first())
            if job is None:
                continue
            reaped += 1
            if job.cancel_requested_at is not None:
                _close(job, "canceled", "canceled", "canceled while its worker was lost")
            elif job.attempts >= MAX_ATTEMPTS:
                _close(job, "failed", "poisoned", f"poisoned: lost its worker {job.attempts} times")
                log.error("job %s is poisoned after %d attempts", job.public_id, job.attempts)
            else:
                _requeue(job, delay=timedelta(0), reason="worker_lost")
    return reaped + ring_again(limit=limit)


def ring_again(*, unheard: timedelta = REANNOUNCE, limit: int = 200) -> int:
    """Announces queued jobs anew whose message was sent so long ago and never picked up; says how many."""
    stale = now() - unheard
    rung = 0
    with transaction.atomic():
        for job in (Job.objects.select_for_update(skip_locked=True)
                    .filter(status="queued", announced_at__lt=stale, not_before__lte=now())[:limit]):
            _announce(job)
            rung += 1
    return rung


def relay_outbox(*, limit: int = 200) -> int:
    """Sends the announcements that are due and not sent; says how many went out."""
    sent = 0
    with transaction.atomic():
        for row in (Outbox.objects.select_for_update(skip_locked=True).filter(sent_at=None, due_at__lte=now())
                    .order_by("due_at")[:limit]):
            current_app.send_task(RUN_JOB, args=[row.job_id.hex], retry=False)
            _sent(row)
            sent += 1
    return sent


def purge(*, limit: int = 500) -> int:
    """Deletes what may not be kept: payloads and results past their time, old idempotency keys, sent announcements."""
    moment = now()
    gone = 0
    for rows in (JobPayload.objects.filter(delete_after__lt=moment),
                 JobResult.objects.filter(job__expires_at__lt=moment),
                 Outbox.objects.filter(sent_at__lt=moment - timedelta(hours=1))):
        model = rows.model
        gone += model.objects.filter(pk__in=list(rows.values_list("pk", flat=True)[:limit])).delete()[0]
    Job.objects.filter(status__in=CLOSED, idempotency_key__isnull=False,
                       created_at__lt=moment - IDEMPOTENCY_WINDOW).update(idempotency_key=None)
    return gone


def _held(job_id: uuid.UUID, token: uuid.UUID) -> Job | None:
    return (Job.objects.select_for_update()
            .filter(pk=job_id, lease_token=token, status__in=("starting", "processing")).first())


def _close(job: Job, status: str, code: str = "", detail: str = "") -> None:
    job.status, job.error_code, job.error_detail = status, code, detail[:2000].replace("\0", "")
    job.completed_at, job.expires_at = now(), now() + RESULT_RETENTION
    job.lease_token = job.lease_expires_at = None
    job.save()
    JobPayload.objects.filter(job=job).update(delete_after=now() + PAYLOAD_RETENTION)
    _record(job, "status", {"status": status} | ({"error": {"code": code, "detail": job.error_detail}} if code else {}))
    if job.webhook_url:
        WebhookDelivery.objects.create(org_id=job.org_id, job=job, event=f"prediction.{status}")


def _requeue(job: Job, *, delay: timedelta, reason: str) -> None:
    job.status, job.lease_token, job.lease_expires_at = "queued", None, None
    job.not_before = now() + delay
    job.announced_at = None
    job.save()
    _record(job, "status", {"status": "queued", "reason": reason})
    _announce(job)


def _announce(job: Job) -> None:
    row = Outbox.objects.create(job=job, due_at=job.not_before)
    job.announced_at = job.not_before
    job.save(update_fields=["announced_at"])
    if job.not_before <= now():
        transaction.on_commit(partial(_ring, row.pk), robust=True)


def _ring(outbox_id: int) -> None:
    """Tells Celery now. A broker that is down costs nothing but time: the relay sends the row later."""
    with transaction.atomic():
        row = Outbox.objects.select_for_update(skip_locked=True).filter(pk=outbox_id, sent_at=None).first()
        if row is not None:
            current_app.send_task(RUN_JOB, args=[row.job_id.hex], retry=False)
            _sent(row)


def _sent(row: Outbox) -> None:
    row.sent_at = now()
    row.save(update_fields=["sent_at"])
    Job.objects.filter(Q(pk=row.job_id)).update(announced_at=row.sent_at)


def _record(job: Job, kind: str, data: dict[str, Any]) -> None:
    """Appends an event. The job's row lock (or its being new) makes the next number ours alone."""
    last = JobEvent.objects.filter(job=job).aggregate(last=Max("sequence"))["last"] or 0
    JobEvent.objects.create(job=job, sequence=last + 1, kind=kind, data=data)
