"""`manage.py verify_ledger`: every way in which the counts can part is seen, and the exit status says so."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pytest
import redis as sync_redis
from billing_kit import event
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from billing import ledger, ledger_checks
from billing.meter import span
from inference_backend.triton.control import ControlError
from kernel import clock
from kernel.contracts import ROUTE_KEY, Price, Route, Target

pytestmark = [pytest.mark.stack, pytest.mark.django_db]


def write(*events: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(ledger.INSERT, ledger.rows(events))


def verify(**options: Any) -> tuple[str, str, bool]:
    """What it printed, what it complained of, and whether it failed."""
    out, complaints = io.StringIO(), io.StringIO()
    try:
        call_command("verify_ledger", stdout=out, stderr=complaints, **options)
    except CommandError:
        return out.getvalue(), complaints.getvalue(), True
    return out.getvalue(), complaints.getvalue(), False


@pytest.fixture
def client(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """This test's Redis, where one model has a route on the host "vision"."""
    monkeypatch.setitem(settings.CACHES["default"], "LOCATION", redis_url)
    client = sync_redis.Redis.from_url(redis_url)
    for key in [*client.scan_iter(match=ROUTE_KEY.format(model="*")), ledger_checks.BASE_KEY]:
        client.delete(key)
    client.set(ROUTE_KEY.format(model="ocr"), Route(
        model="ocr", task="ocr", runtime="host", host="vision", nets=(), inputs=(), outputs=(), input_kinds={},
        parameters={}, price=Price("page", Decimal("0.15"), "USD", 1), targets=(Target(1, 100),)).dump())
    yield client
    client.delete(ROUTE_KEY.format(model="ocr"), ledger_checks.BASE_KEY)
    client.close()


@pytest.fixture
def ran(client: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Triton's successes by model, for the test to set."""
    counts: dict[str, int] = {}

    async def successes() -> dict[str, int]:
        return counts

    monkeypatch.setattr(ledger_checks, "_successes", successes)
    monkeypatch.setattr(ledger_checks, "MOMENT", ledger_checks.timedelta(0))
    return counts


def test_a_sound_ledger_passes(ran: dict[str, int]) -> None:
    write(event(), event(units=3))
    printed, complaints, failed = verify()
    assert not failed, complaints
    assert "2 events, 1 hourly sums, 0 differ" in printed
    assert "counters: 0 differ" in printed


def test_a_changed_sum_is_seen() -> None:
    write(event(), event(units=3))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE billing_usage_rollup_hour SET units = units + 1")
    _, complaints, failed = verify(ledger_only=True)
    assert failed
    assert "units=(Decimal('4'), Decimal('5'))" in complaints


def test_a_counter_that_is_behind_is_seen_and_mended(client: Any, ran: dict[str, int]) -> None:
    write(event(occurred_at=clock.now(), units=2))
    name = f"meter:{{1}}:month:{span('month', clock.now())[0]}:org"
    client.hset(name, mapping={"s": 100_000, "h": 0, "c": 0, "i": 0})
    _, complaints, failed = verify()
    assert failed
    assert "0.200000 minor units and 1 calls are missing" in complaints
    printed, _, failed = verify(mend=True)
    assert (failed, "counters: 1 differ (set right)" in printed) == (False, True)
    assert verify()[2] is False
    assert client.hget(name, "s") == b"300000"


def test_more_billed_than_ran_is_seen(client: Any, ran: dict[str, int]) -> None:
    host = ledger_checks.host_model(Route.load(client.get(ROUTE_KEY.format(model="ocr"))))
    ran[host] = 100
    assert verify()[2] is False, "the first check only remembers"
    now = clock.now()
    ran[host] = 102
    write(*[event(occurred_at=now) for _ in range(2)], event(occurred_at=now, unit="cached_page"),
          event(occurred_at=now, model="another"))
    with connection.cursor() as cursor:  # the test's transaction began before the first check
        cursor.execute("SELECT set_config('session_replication_role', 'replica', true)")
        cursor.execute("UPDATE billing_usage_event SET ingested_at = clock_timestamp()")
    printed, _, failed = verify()
    assert (failed, f"{host} ran 2, billed 2" in printed) == (False, True)
    ran[host] = 103
    write(event(), event())
    with connection.cursor() as cursor:
        cursor.execute("UPDATE billing_usage_event SET ingested_at = clock_timestamp() WHERE latency_ms = 12 "
                       "AND ingested_at = now()")
    printed, _, failed = verify()
    assert (failed, "ran 1, billed 2" in printed, "MORE BILLED THAN RAN" in printed) == (True, True, True)


def test_a_reloaded_model_begins_again(ran: dict[str, int]) -> None:
    ran["ocr"] = 50
    verify()
    ran["ocr"] = 3
    printed, _, failed = verify()
    assert (failed, "0 hosts compared, 1 begin with this check" in printed) == (False, True)


def test_without_triton_the_rest_is_checked(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> dict[str, int]:
        raise ControlError("no connection")

    monkeypatch.setattr(ledger_checks, "_successes", away)
    printed, _, failed = verify()
    assert (failed, "Triton is away" in printed) == (False, True)


def test_successes_add_up_over_versions() -> None:
    statistics = [{"name": "a", "version": "1", "inference_stats": {"success": {"count": "7"}}},
                  {"name": "a", "version": "2", "inference_stats": {"success": {"count": "5"}}},
                  {"name": "b", "version": "1", "inference_stats": {}}]
    assert ledger_checks.successes_of(statistics) == {"a": 12, "b": 0}
