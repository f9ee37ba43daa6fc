"""What Celery runs. A task is told an id and looks everything up: a message may come late, twice or not at all."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Coroutine
from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from inference_backend.jobs import batches, files, ports, services, webhooks
from inference_backend.jobs.batch_tasks import hint_batches, run_batch
from inference_backend.jobs.database import TaskDatabase
from kernel import tracing
from kernel.contracts import Grant
from kernel.problems import Problem

__all__ = ["BEAT_SCHEDULE", "hint_batches", "run_batch", "run_job"]  # Celery finds the tasks of this module

log = logging.getLogger(__name__)

DEADLINE_S = 600.0  # of one attempt; below Celery's hard limit, so that a job ends with a reason

# Merged into the Celery configuration by the composition root.
BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "jobs-relay": {"task": "jobs.relay", "schedule": 1.0, "options": {"expires": 5}},
    "jobs-reap": {"task": "jobs.reap", "schedule": 5.0, "options": {"expires": 10}},
    "jobs-webhooks": {"task": "jobs.webhooks", "schedule": 2.0, "options": {"expires": 10}},
    "jobs-batches": {"task": "jobs.batches", "schedule": 2.0, "options": {"expires": 5}},
    "jobs-sweep": {"task": "jobs.sweep_files", "schedule": 300.0, "options": {"expires": 300}},
    "jobs-purge": {"task": "jobs.purge", "schedule": 300.0, "options": {"expires": 300}},
}


@shared_task(name="jobs.run_job")
def run_job(job_id: str) -> None:
    """Runs a job, if it is ours to run. A fresh event loop each time: clients bound to a closed loop are dead."""
    asyncio.run(_run(uuid.UUID(hex=job_id)))


@shared_task(name="jobs.relay")
def relay() -> None:
    services.relay_outbox()


@shared_task(name="jobs.reap")
def reap() -> None:
    services.reap_expired()


@shared_task(name="jobs.ring_again")
def ring_again() -> None:
    services.ring_again(unheard=services.REANNOUNCE_AT_START)


@worker_ready.connect
def _take_over(**_: object) -> None:
    """What a killed worker had been told, the one that takes its place hears again."""
    ring_again.apply_async(countdown=services.REANNOUNCE_AT_START.total_seconds(), expires=60)


@shared_task(name="jobs.purge")
def purge() -> None:
    services.purge()
    batches.purge()


@shared_task(name="jobs.sweep_files")
def sweep_files() -> None:
    files.sweep()


@shared_task(name="jobs.webhooks")
def deliver_webhooks() -> None:
    webhooks.deliver_due()


async def _run(job_id: uuid.UUID) -> None:
    database = TaskDatabase()
    try:
        lease = await database(services.take_lease, job_id=job_id)
        if lease is not None:
            with tracing.span("job", trace=lease.job_id.hex, parent=lease.traceparent, model=lease.model,
                              attempt=lease.attempt):
                await _work(lease, database)
    finally:
        await database.aclose()


async def _work(lease: services.Lease, database: TaskDatabase) -> None:
    """Executes under the lease: the heartbeat keeps it, and stops the execution when it is lost or canceled."""
    held = {"job_id": lease.job_id, "token": lease.token}

    async def note(progress: float, stage: str) -> None:
        await database(services.record_progress, progress=progress, stage=stage, **held)

    running = asyncio.create_task(_deadline(_execute(lease, note)))
    beating = asyncio.create_task(_heartbeat(lease, database, running))
    try:
        done = await running
    except asyncio.CancelledError:
        await database(services.finish, problem=Problem("canceled", "canceled while it ran"), **held)
    except Problem as problem:
        if problem.retryable and problem.code != "timeout":
            await database(services.postpone, problem=problem, **held)
        else:
            await database(services.finish, problem=problem, **held)
    except Exception:
        log.exception("job %s: attempt %d failed unexpectedly", lease.job_id, lease.attempt)
        await database(services.postpone, problem=Problem("internal_error", "the worker failed"), **held)
    else:
        await database(services.finish, output=done.output, usage=done.usage, version=done.version,
                       variant=done.variant, **held)
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)


async def _execute(lease: services.Lease, note: ports.Note) -> ports.Completed:
    order = ports.Order(Grant.load(lease.grant), lease.model, lease.version, lease.content_type, lease.body,
                        services.event_id(lease.job_id), "async")
    async with ports.open_runtime() as runtime:
        await note(0.0, "running")
        return await runtime.run(order, note)


async def _deadline(work: Coroutine[Any, Any, ports.Completed]) -> ports.Completed:
    try:
        async with asyncio.timeout(DEADLINE_S):
            return await work
    except TimeoutError:
        raise Problem("timeout", f"the job took longer than {DEADLINE_S:.0f} s") from None


async def _heartbeat(lease: services.Lease, database: TaskDatabase, running: asyncio.Task[Any]) -> None:
    while True:
        await asyncio.sleep(services.HEARTBEAT_S)
        try:
            held = await database(services.extend_lease, job_id=lease.job_id, token=lease.token)
        except Exception:  # a database that blinks is no reason to stop: the lease outlives several beats
            log.warning("job %s: heartbeat failed", lease.job_id, exc_info=True)
            continue
        if not held:
            running.cancel()
            return
