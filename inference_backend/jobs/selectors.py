"""Reads of jobs, always of one organization."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db.models import Count, Q

from inference_backend.jobs.models import CLOSED, Job, JobEvent, JobResult
from kernel import paging
from kernel.problems import Problem


@dataclass(frozen=True, slots=True)
class Event:
    sequence: int
    kind: str
    data: dict[str, Any]


def job_of(*, org_id: int, job_id: uuid.UUID | None) -> Job:
    """The organization's job; a stranger's is as unknown as one that never was."""
    job = Job.objects.filter(pk=job_id, org_id=org_id).first() if job_id else None
    if job is None:
        raise Problem("not_found", "no such prediction")
    return job


def counts_by_state() -> dict[str, int]:
    """How many jobs there are in each state, over all organizations; for operators."""
    return dict(Job.objects.values_list("status").annotate(Count("pk")))


def jobs_of(*, org_id: int, limit: int, cursor: str = "", model: str = "",
            status: str = "") -> tuple[list[Job], str | None]:
    """One page of the organization's jobs, newest first, and the cursor of the next page."""
    rows = Job.objects.filter(org_id=org_id)
    if model:
        rows = rows.filter(model=model)
    if status:
        rows = rows.filter(status=status)
    if after := paging.read_cursor(cursor, paging.moment, uuid.UUID):
        created, pk = after
        rows = rows.filter(Q(created_at__lt=created) | Q(created_at=created, pk__lt=pk))
    found = list(rows.order_by("-created_at", "-id")[: limit + 1])
    page = paging.Page.of(found, limit, lambda job: paging.write_cursor(job.created_at.isoformat(), job.pk.hex))
    return list(page.items), page.next_cursor


def events_after(*, job_id: uuid.UUID, org_id: int, sequence: int) -> tuple[list[Event], bool]:
    """The job's events after a sequence number, and whether the job has ended (nothing will follow)."""
    closed = Job.objects.filter(pk=job_id, org_id=org_id, status__in=CLOSED).exists()
    rows = JobEvent.objects.filter(job_id=job_id, job__org_id=org_id, sequence__gt=sequence).order_by("sequence")[:500]
    events = [Event(row.sequence, row.kind, row.data) for row in rows]
    return events, closed and len(events) < 500


def output_of(job: Job) -> Any:
    """The output document, or None where there is none (not done, or already deleted)."""
    result = JobResult.objects.filter(job=job, org_id=job.org_id).first() if job.status == "succeeded" else None
    return orjson.loads(bytes(result.output)) if result else None


def prediction(job: Job, *, with_output: bool = True) -> dict[str, Any]:
    """The Prediction object of the API."""
    root = f"/api/v1/predictions/{job.public_id}"
    error = {"code": job.error_code, "detail": job.error_detail} if job.error_code else None
    return {
        "id": job.public_id, "object": "prediction", "model": job.model, "version": job.version,
        "variant": job.variant or None, "status": job.status, "progress": job.progress, "stage": job.stage or None,
        "output": output_of(job) if with_output else None, "error": error, "usage": job.usage,
        "metadata": job.metadata, "logs_url": None, "created_at": _iso(job.created_at),
        "started_at": _iso(job.started_at), "completed_at": _iso(job.completed_at), "expires_at": _iso(job.expires_at),
        "urls": {"get": root, "cancel": f"{root}/cancel", "events": f"{root}/events",
                 "web": f"/console/predictions/{job.public_id}/"},
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
