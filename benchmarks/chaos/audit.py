"""The callers' book held against the ledger. Nothing here asks the product what it did but for its tables."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import psycopg

Row = list[Any]  # of benchmarks.chaos.client.Book
OPEN_JOBS = "SELECT id FROM jobs_job WHERE org_id = ANY(%s) AND status NOT IN ('succeeded', 'failed', 'canceled')"
OPEN_BATCHES = ("SELECT id FROM jobs_batch WHERE org_id = ANY(%s) "
                "AND status NOT IN ('completed', 'failed', 'expired', 'canceled')")
BILLED = ("SELECT coalesce(corrects, event_id), sum(units)::bigint, count(*) FILTER (WHERE units > 0) "
          "FROM billing_usage_event WHERE org_id = ANY(%s) GROUP BY 1")


@dataclass(frozen=True, slots=True)
class Audit:
    """`acked_not_billed`: a good answer without a usage row. `double_billed`: usage beyond one row a call, or that no
    call accounts for. `billed_failures`: jobs that are said to have failed, and were billed."""

    calls: int
    acked_not_billed: int
    double_billed: int
    billed_failures: int
    jobs: int
    jobs_unfinished: int
    good_share: float


def wait_for_work(dsn: str, orgs: list[int], seconds: float) -> int:
    """Accepted jobs and batches that have not ended after so long."""
    ends = time.monotonic() + seconds
    while True:
        with psycopg.connect(dsn) as link:
            left = sum(len(link.execute(question, [orgs]).fetchall()) for question in (OPEN_JOBS, OPEN_BATCHES))
        if not left or time.monotonic() > ends:
            return left
        time.sleep(0.5)


def audit(dsn: str, orgs: list[int], model: str, rows: list[Row], unfinished: int) -> Audit:
    """Every call of the book with what was billed under its id, and whatever was billed beyond them."""
    with psycopg.connect(dsn) as link:
        billed = {event: (units, entries) for event, units, entries in link.execute(BILLED, [orgs]).fetchall()}
        jobs = {(org, key): (job, status) for org, key, job, status in link.execute(
            "SELECT org_id, idempotency_key, id, status FROM jobs_job WHERE org_id = ANY(%s)", [orgs]).fetchall()}
        batches = {(org, key): (batch, total, done) for org, key, batch, total, done in link.execute(
            "SELECT org_id, idempotency_key, id, total, succeeded FROM jobs_batch WHERE org_id = ANY(%s)", [orgs])}
    missing = double = failures = good = calls = 0
    path = f"/api/v1/models/{model}/predictions"

    def take(event: UUID) -> int:
        nonlocal double
        units, entries = billed.pop(event, (0, 0))
        double += max(0, entries - 1)
        return int(units > 0)

    for kind, place, name, ending, *_ in rows:
        org = orgs[place]
        calls += kind != "probe"
        good += kind != "probe" and ending == "good"
        if kind in ("call", "probe"):
            once = take(uuid5(NAMESPACE_URL, f"tessera:idempotency:{org}:{path}:{name}:0"))
            missing += ending == "good" and not once
        elif kind == "job" and (org, name) in jobs:
            job, status = jobs.pop((org, name))
            once = take(uuid5(NAMESPACE_URL, f"tessera:job:{job}"))
            missing += status == "succeeded" and not once
            failures += status in ("failed", "canceled") and once
        elif kind == "batch" and (org, name) in batches:
            batch, total, done = batches.pop((org, name))
            once = sum(take(uuid5(NAMESPACE_URL, f"tessera:batch:{batch}:{number}")) for number in range(1, total + 1))
            missing += max(0, done - once)
            failures += max(0, once - done)
        elif ending == "good":  # an accepted job that the product does not know
            missing += 1
    double += sum(1 for units, _ in billed.values() if units > 0) + len(jobs) + len(batches)
    return Audit(calls, missing, double, failures, sum(row[0] in ("job", "batch") for row in rows), unfinished,
                 round(good / calls, 5) if calls else 0.0)


def endings(rows: list[Row]) -> dict[str, int]:
    """How the calls ended, with the reasons of those that did not end well."""
    counts = Counter(f"{kind} {ending}" + ("" if ending == "good" else f": {facts}")
                     for kind, _, _, ending, facts, _ in rows if kind != "probe")
    return dict(counts.most_common(20))
