"""The benchmark's own parts: what it seeds is a sound ledger, and its percentiles and loops count right."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from django.db import connection

from benchmarks.billing import bench
from billing import selectors
from kernel import clock

pytestmark = [pytest.mark.stack, pytest.mark.django_db(transaction=True)]


def test_the_seed_is_a_sound_ledger(dsn: str) -> None:
    bench.seed(dsn, 77, 3_000)
    assert selectors.rollup_differences() == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT key_id), count(DISTINCT model), min(occurred_at), "
                       "max(occurred_at) FROM billing_usage_event WHERE org_id = 77")
        events, keys, models, first, last = cursor.fetchone()
    assert (events, keys, models) == (3_000, 5, 10)
    assert 29 <= (last - first).days <= 30
    assert last <= clock.now()
    sums = selectors.usage(77, since=first.replace(minute=0, second=0, microsecond=0), until=clock.now())
    assert sum(row.amount_minor for row in sums) == 3_000 * Decimal("0.15")


def test_the_ledgers_figures_are_of_what_is_stored(dsn: str) -> None:
    figures = asyncio.run(bench.ledger(dsn, 500, in_flight=16))
    assert figures["ledger_events_a_batch"] > 1
    assert 0 < figures["ledger_p50_ms"] <= figures["ledger_p99_ms"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM billing_usage_event")
        assert cursor.fetchone() == (501,)


def test_the_timetable_keeps_its_rate(dsn: str, redis_url: str) -> None:
    figures = asyncio.run(bench.timetable(dsn, redis_url, 1, rate=200))
    assert figures["addon_calls_s"] <= 201
    assert figures["metering_p50_ms"] >= figures["addon_p50_ms"]


def test_percentiles_are_in_milliseconds() -> None:
    seconds = [n / 1000 for n in range(100, 0, -1)]
    assert (bench.at(seconds, 50), bench.at(seconds, 99), bench.at([0.0015], 99)) == (51.0, 100.0, 1.5)
