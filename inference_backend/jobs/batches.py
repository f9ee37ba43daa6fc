"""Batches: a file of lines in, a file of answers and a file of errors out.

    validating ──▶ in_progress ──▶ finalizing ──▶ completed
        │              │  ▲
        ▼              ▼  └── the next slice, by whichever worker is free
      failed        canceling ──▶ canceled          (expired: the day is over; what ran is delivered)

A worker runs a batch in slices under a lease with a fencing token; a lost worker's slice ends with its lease. Each line
keeps one billing id, made of the batch and its number: a line that ran but was not noted when its worker died runs
again, and the ledger bills it once.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import orjson
from django.db import IntegrityError, transaction
from django.db.models import Q

from inference_backend.jobs import batch_lines, files
from inference_backend.jobs.batch_lines import Line
from inference_backend.jobs.models import BATCH_OPEN, Batch, BatchLine, StoredFile
from kernel import ids
from kernel.clock import now
from kernel.contracts import Grant
from kernel.problems import FieldError, Problem

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=10)
LIFETIME = timedelta(hours=24)
AT_ONCE = 1  # slices that run side by side: predictions of jobs must find a worker too
MAX_INPUT = 200 << 20
NOTED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class BatchLease:
    """What a worker holds of a batch."""

    batch_id: uuid.UUID
    token: uuid.UUID
    org_id: int
    grant: str
    endpoint: str
    status: str
    expires_at: Any


@dataclass(frozen=True, slots=True)
class Done:
    """The outcome of one line, delivered and billed, or refused."""

    number: int
    custom_id: str
    status_code: int
    body: bytes
    cost: Decimal = Decimal(0)
    currency: str = ""


def event_id(batch_id: uuid.UUID, number: int) -> uuid.UUID:
    """The id that bills a line, however often it runs."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"tessera:batch:{batch_id}:{number}")


def create(*, grant: Grant, endpoint: str, input_file_id: uuid.UUID | None, metadata: dict[str, Any] | None = None,
           idempotency_key: str | None = None) -> tuple[Batch, bool]:
    """Accepts a batch; whether it is the replay of an earlier call. Its lines are checked by the worker.

    Raises Problem validation_error, not_found (the file), idempotency_key_reused.
    """
    if batch_lines.kind_of(endpoint) is None:
        raise Problem("validation_error", f"endpoint must be {batch_lines.ENDPOINTS}",
                      errors=[FieldError("/endpoint", f"must be {batch_lines.ENDPOINTS}")])
    metadata = metadata or {}
    if len(orjson.dumps(metadata)) > 16_384 or b"\\u0000" in orjson.dumps(metadata):
        raise Problem("validation_error", "metadata holds at most 16 KiB and no NUL characters",
                      errors=[FieldError("/metadata", "is too large or holds a NUL character")])
    file = files.file_of(org_id=grant.org_id, file_id=input_file_id)
    if file.purpose != "batch":
        raise Problem("validation_error", "the input file needs the purpose batch",
                      errors=[FieldError("/input_file_id", "is a file of another purpose")])
    if file.bytes > MAX_INPUT:
        raise Problem("payload_too_large", f"an input file holds at most {MAX_INPUT >> 20} MiB")
    digest = hashlib.sha256(orjson.dumps([endpoint, file.id.hex, metadata], option=orjson.OPT_SORT_KEYS)).digest()
    if idempotency_key is not None and (known := _known(grant.org_id, idempotency_key, digest)):
        return known, True
    try:
        with transaction.atomic():
            batch = Batch.objects.create(
                org_id=grant.org_id, key_id=grant.key_id, grant=grant.dump(), endpoint=endpoint, metadata=metadata,
                input_file_id=file.id, idempotency_key=idempotency_key, request_hash=digest,
                expires_at=now() + LIFETIME)
            _hint(batch.id)
    except IntegrityError:
        if idempotency_key is not None and (known := _known(grant.org_id, idempotency_key, digest)):
            return known, True
        raise
    return batch, False


def batch_of(*, org_id: int, batch_id: uuid.UUID | None) -> Batch:
    batch = Batch.objects.filter(pk=batch_id, org_id=org_id).first() if batch_id else None
    if batch is None:
        raise Problem("not_found", "no such batch")
    return batch


def batches_of(*, org_id: int, limit: int, after: uuid.UUID | None = None) -> tuple[list[Batch], bool]:
    """One page, newest first, from behind the batch `after`; and whether there are more."""
    rows = Batch.objects.filter(org_id=org_id)
    if after is not None:
        rows = rows.filter(pk__lt=after)
    page = list(rows.order_by("-pk")[: limit + 1])
    return page[:limit], len(page) > limit


@transaction.atomic
def cancel(*, org_id: int, batch_id: uuid.UUID | None) -> Batch:
    """Asks for the end: lines in flight are stopped, what was delivered before comes in the output file."""
    batch = Batch.objects.select_for_update().filter(pk=batch_id, org_id=org_id).first() if batch_id else None
    if batch is None:
        raise Problem("not_found", "no such batch")
    if batch.status in ("canceling", "canceled"):
        return batch
    if batch.status not in BATCH_OPEN:
        raise Problem("invalid_state", f"the batch has already {batch.status}")
    batch.status, batch.cancel_requested_at, batch.not_before = "canceling", now(), now()
    batch.save(update_fields=["status", "cancel_requested_at", "not_before"])
    _hint(batch.id)
    return batch


# ---------------------------------------------------------------- the worker's side

def hint_due(*, limit: int = 20) -> int:
    """Rings Celery for open batches that nobody runs; says how many. A late or doubled message does no harm."""
    due = list(Batch.objects.filter(status__in=BATCH_OPEN, not_before__lte=now())
               .filter(Q(lease_expires_at=None) | Q(lease_expires_at__lt=now()))
               .order_by("not_before").values_list("pk", flat=True)[:limit])
    for batch_id in due:
        _ring(batch_id)
    return len(due)


@transaction.atomic
def take_lease(*, batch_id: uuid.UUID) -> BatchLease | None:
    """Makes the caller the batch's worker, or answers None (it ended, is taken, not due, or others run already)."""
    running = Batch.objects.filter(lease_expires_at__gt=now()).exclude(pk=batch_id).count()
    batch = (Batch.objects.select_for_update(skip_locked=True)
             .filter(pk=batch_id, status__in=BATCH_OPEN, not_before__lte=now())
             .filter(Q(lease_expires_at=None) | Q(lease_expires_at__lt=now())).first())
    if batch is None or (running >= AT_ONCE and batch.status != "canceling"):
        return None
    batch.lease_token, batch.lease_expires_at = uuid.uuid4(), now() + LEASE
    batch.started_at = batch.started_at or now()
    batch.save(update_fields=["lease_token", "lease_expires_at", "started_at"])
    return BatchLease(batch.id, batch.lease_token, batch.org_id, batch.grant, batch.endpoint, batch.status,
                      batch.expires_at)


def extend_lease(*, lease: BatchLease) -> bool:
    """The worker's heartbeat. False: stop (canceled, or another worker's by now)."""
    return bool(Batch.objects.filter(pk=lease.batch_id, lease_token=lease.token, cancel_requested_at=None)
                .update(lease_expires_at=now() + LEASE))


def lines_of(lease: BatchLease) -> Iterator[Line]:
    """The lines of the input file, checked. Raises batch_lines.Faulty at the end where any is wrong."""
    batch = Batch.objects.get(pk=lease.batch_id, org_id=lease.org_id)
    row = files.file_of(org_id=lease.org_id, file_id=batch.input_file_id)
    with files.open_content(row) as content:
        yield from batch_lines.read(content, lease.endpoint)


def validate(*, lease: BatchLease) -> bool:
    """Reads the whole input once: counts the lines, or fails the batch with what is wrong with them."""
    try:
        total = sum(1 for _ in lines_of(lease))
        errors = [] if total else [{"line": None, "code": "empty", "message": "the file holds no line"}]
    except batch_lines.Faulty as faulty:
        total, errors = 0, faulty.errors
    except Problem as problem:
        total, errors = 0, [{"line": None, "code": problem.code, "message": problem.detail}]
    with transaction.atomic():
        batch = _held(lease)
        if batch is None or batch.status != "validating":
            return False
        batch.errors, batch.total = errors, total
        batch.status = "failed" if errors else "in_progress"
        if errors:
            _end(batch)
        batch.save()
    return not errors


def noted_numbers(*, lease: BatchLease) -> set[int]:
    """The lines whose outcome is kept."""
    return set(BatchLine.objects.filter(batch_id=lease.batch_id).values_list("number", flat=True))


def note(*, lease: BatchLease, done: list[Done]) -> bool:
    """Keeps outcomes and counts them. False (and nothing kept) where the lease is lost."""
    with transaction.atomic():
        batch = _held(lease)
        if batch is None:
            return False
        known = set(BatchLine.objects.filter(batch=batch, number__in=[d.number for d in done])
                    .values_list("number", flat=True))
        fresh = [d for d in done if d.number not in known]
        BatchLine.objects.bulk_create([BatchLine(batch=batch, number=d.number, custom_id=d.custom_id,
                                                 status_code=d.status_code, body=d.body) for d in fresh])
        good = [d for d in fresh if d.status_code < 400]
        batch.succeeded += len(good)
        batch.failed += len(fresh) - len(good)
        batch.cost += sum((d.cost for d in good), Decimal(0))
        batch.currency = batch.currency or next((d.currency for d in good if d.currency), "")
        batch.lease_expires_at = now() + LEASE
        batch.save(update_fields=["succeeded", "failed", "cost", "currency", "lease_expires_at"])
    return True


def give_back(*, lease: BatchLease, delay_s: float = 0.0) -> None:
    """The slice is over, the batch is not: another may go on. Where its owner wants the end, it waits for no limit."""
    with transaction.atomic():
        batch = _held(lease)
        if batch is None:
            return
        if batch.cancel_requested_at is not None:
            delay_s = 0.0
        batch.lease_token = batch.lease_expires_at = None
        batch.not_before = now() + timedelta(seconds=delay_s)
        batch.save(update_fields=["lease_token", "lease_expires_at", "not_before"])
        if not delay_s:
            _hint(batch.id)


def finalize(*, lease: BatchLease) -> bool:
    """Writes the output and the error file from what was noted, and ends the batch."""
    status = Batch.objects.values_list("status", flat=True).get(pk=lease.batch_id)
    if not Batch.objects.filter(pk=lease.batch_id, lease_token=lease.token).update(
            status="canceling" if status == "canceling" else "finalizing", lease_expires_at=now() + LEASE * 4):
        return False
    batch = Batch.objects.get(pk=lease.batch_id)
    given_up = batch.total - batch.succeeded - batch.failed
    end = "canceled" if batch.cancel_requested_at else "expired" if given_up > 0 else "completed"
    reason = {"canceled": "batch_canceled", "expired": "batch_expired"}.get(end, "")
    output = _write(batch, "output", batch_lines.output(_kept(batch, good=True), batch))
    errors = _write(batch, "errors", batch_lines.errors(
        _kept(batch, good=False), batch, partial(_missing, lease, batch), reason))
    with transaction.atomic():
        held = _held(lease)
        if held is None:
            for row in (output, errors):
                if row is not None:
                    files.delete(org_id=batch.org_id, file_id=row.id)
            return False
        held.output_file_id = output.id if output else None
        held.error_file_id = errors.id if errors else None
        held.failed += given_up
        held.status = end
        _end(held)
        held.save()
        BatchLine.objects.filter(batch=held).delete()
    return True


def purge() -> int:
    """Frees old idempotency keys."""
    return int(Batch.objects.filter(idempotency_key__isnull=False, created_at__lt=now() - LIFETIME)
               .exclude(status__in=BATCH_OPEN).update(idempotency_key=None))


def _kept(batch: Batch, *, good: bool) -> Iterator[BatchLine]:
    rows = BatchLine.objects.filter(batch=batch).order_by("number")
    return (rows.filter(status_code__lt=400) if good else rows.filter(status_code__gte=400)).iterator(500)


def _missing(lease: BatchLease, batch: Batch) -> Iterator[Line]:
    """Lines without an outcome: the batch ended before their turn."""
    if not batch.total:
        return
    known = noted_numbers(lease=lease)
    try:
        for line in lines_of(lease):
            if line.number not in known:
                yield line
    except Problem:  # the input file has gone meanwhile
        return


def _write(batch: Batch, kind: str, chunks: Iterator[bytes]) -> StoredFile | None:
    """A file of these lines; None where there are none."""
    first = next(chunks, None)
    if first is None:
        return None

    def all_chunks() -> Iterator[bytes]:
        yield first
        yield from chunks

    return files.create(org_id=batch.org_id, filename=f"{batch.public_id}_{kind}.jsonl", chunks=all_chunks(),
                        content_type="application/jsonl", purpose="batch_output", internal=True)


def _held(lease: BatchLease) -> Batch | None:
    return (Batch.objects.select_for_update().filter(pk=lease.batch_id, lease_token=lease.token,
                                                     status__in=BATCH_OPEN).first())


def _end(batch: Batch) -> None:
    batch.completed_at = now()
    batch.lease_token = batch.lease_expires_at = None


def _known(org_id: int, idempotency_key: str, digest: bytes) -> Batch | None:
    batch = Batch.objects.filter(org_id=org_id, idempotency_key=idempotency_key).first()
    if batch is not None and bytes(batch.request_hash) != digest:
        raise Problem("idempotency_key_reused", "this Idempotency-Key was used for another request")
    return batch


def _hint(batch_id: uuid.UUID) -> None:
    transaction.on_commit(partial(_ring, batch_id), robust=True)


def _ring(batch_id: uuid.UUID) -> None:
    from inference_backend.jobs import batch_tasks  # a task calls this service: the import is at the call

    batch_tasks.run_batch.apply_async(args=[batch_id.hex], retry=False, expires=60)


def document(batch: Batch) -> dict[str, Any]:
    """The Batch object of the native API."""
    root = f"/api/v1/batches/{batch.public_id}"
    done = batch.succeeded + batch.failed
    return {
        "id": batch.public_id, "object": "batch", "endpoint": batch.endpoint, "status": batch.status,
        "progress": round(done / batch.total, 4) if batch.total else 0.0,
        "counts": {"total": batch.total, "succeeded": batch.succeeded, "failed": batch.failed},
        "input_file_id": ids.prefixed("file", batch.input_file_id),
        "output_file_id": ids.prefixed("file", batch.output_file_id) if batch.output_file_id else None,
        "error_file_id": ids.prefixed("file", batch.error_file_id) if batch.error_file_id else None,
        "errors": batch.errors, "metadata": batch.metadata,
        "usage": {"cost": format(Decimal(batch.cost).normalize(), "f"), "currency": batch.currency or None},
        "created_at": batch.created_at, "started_at": batch.started_at, "completed_at": batch.completed_at,
        "expires_at": batch.expires_at, "urls": {"get": root, "cancel": f"{root}/cancel"},
    }


def openai_document(batch: Batch) -> dict[str, Any]:
    """The Batch object of the OpenAI dialect."""
    native = document(batch)
    ended = int(batch.completed_at.timestamp()) if batch.completed_at else None
    status = {"canceled": "cancelled", "canceling": "cancelling"}.get(batch.status, batch.status)
    moments = {f"{name}_at": ended if status == name else None for name in ("completed", "failed", "expired",
                                                                           "cancelled")}
    return {
        "id": native["id"], "object": "batch", "endpoint": batch.endpoint, "completion_window": "24h",
        "input_file_id": native["input_file_id"], "output_file_id": native["output_file_id"],
        "error_file_id": native["error_file_id"], "status": status,
        "errors": {"object": "list", "data": [{**error, "param": None} for error in batch.errors]}
        if batch.errors else None,
        "created_at": int(batch.created_at.timestamp()),
        "in_progress_at": int(batch.started_at.timestamp()) if batch.started_at else None,
        "expires_at": int(batch.expires_at.timestamp()), **moments,
        "cancelling_at": int(batch.cancel_requested_at.timestamp()) if batch.cancel_requested_at else None,
        "finalizing_at": ended,
        "request_counts": {"total": batch.total, "completed": batch.succeeded, "failed": batch.failed},
        "metadata": batch.metadata or None,
    }
