"""A prepaid balance that falls while calls run: never more is spent than was paid, whoever holds an old copy of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import redis
from billing_kit import event, grant

from billing import credits, invoicing, payments, pricing, purse, selectors, services
from billing.ledger import LedgerWriter
from billing.meter import MICRO, RedisMeter
from kernel import clock
from kernel.contracts import Limit, Price
from kernel.ids import uuid7
from kernel.problems import Problem

pytestmark = [pytest.mark.stack, pytest.mark.django_db(transaction=True)]
CALLERS = 48


@pytest.fixture(autouse=True)
def book() -> Iterator[None]:
    pricing.use_price_book(lambda model, version: Price("page", Decimal("0.37"), "USD", 1))
    yield
    pricing.use_price_book(None)
    clock.set_offset(timedelta(0))


@pytest.fixture
def account(organization: Any) -> Any:
    services.change_plan(org_id=organization.pk, plan="prepaid")
    return selectors.account_of(organization.pk)


def test_a_balance_that_falls_under_load_is_never_overspent(
        organization: Any, account: Any, dsn: str, redis_url: str,
        record_property: Callable[[str, object], None]) -> None:
    """48 callers spend until they are refused, all by the copy of the limit that they began with, while refunds take
    credit back. What the ledger says in the end is covered by the credit that is left."""
    invoice = invoicing.issue_topup(account=account, amount=400)
    invoicing.mark_paid(invoice_id=invoice.pk, amount_minor=400)
    stale = Limit("org", "balance", selectors.limits(organization.pk).prepaid_minor)  # type: ignore[union-attr]
    assert stale.money_minor == 400
    given, done = [0, 0], threading.Event()

    def refund() -> None:
        """As staff would: 20 cents at a time while the callers call; the meter decides whether they are still there."""
        from django.db import connection

        while not done.wait(0.02):
            try:
                payments.issue_credit_note(org_id=organization.pk, invoice_id=invoice.pk, amount_minor=20, reason="x")
                given[0] += 20
            except Problem:
                given[1] += 1
        connection.close()

    async def run() -> int:
        writer = LedgerWriter(dsn)
        await writer.start()
        meter, refused, codes = RedisMeter(redis_url, writer.spent), 0, set[str]()

        async def caller(number: int) -> None:
            nonlocal refused
            mine = grant(org_id=organization.pk, key_id=number, limits=(stale,))
            misses = 0
            while misses < 3:
                try:
                    hold = await meter.reserve(mine, uuid7(), estimate_minor=Decimal("0.37"), timeout_ms=30_000)
                except Problem as problem:
                    codes.add(problem.code)
                    misses, refused = misses + 1, refused + 1
                    await asyncio.sleep(0.05)
                    continue
                one = event(event_id=hold.event_id, org_id=organization.pk, key_id=number, unit_amount=Decimal("0.37"),
                            occurred_at=clock.now())
                await writer.commit(one)
                await meter.settle(hold, amount_minor=Decimal("0.37"))
                await asyncio.sleep(0.005)

        await asyncio.gather(*(caller(n) for n in range(CALLERS)))
        await meter.settled()
        await meter.stop()
        await writer.stop()
        assert codes == {"insufficient_balance"}
        return refused

    staff = threading.Thread(target=refund)
    staff.start()
    refused = asyncio.run(run())
    done.set()
    staff.join()
    # A limit that was read while calls went on is too low by what they spent meanwhile, until the next look.
    assert purse.tell(account_id=account.pk) == 400 - given[0]
    refused += asyncio.run(run())
    spent = sum(one.amount_minor for one in selectors.usage(
        organization.pk, since=clock.now() - timedelta(days=2), until=clock.now() + timedelta(days=1)))
    left = credits.wallet(organization.pk).usable
    assert given[0] > 0
    assert left == 400 - given[0]
    assert left - 1 < spent <= left, "all that was left was spent, and nothing more"
    store = redis.Redis.from_url(redis_url, decode_responses=True)
    counted = store.hmget(f"meter:{{{organization.pk}}}:balance:all:org", "s", "h")
    assert counted == [str(int(spent * MICRO)), "0"]
    record_property("callers", CALLERS)
    record_property("refused", refused)
    record_property("refunded_minor", given[0])
    record_property("overspend_minor", int(max(Decimal(0), spent - left)))


def test_a_month_that_turns_gives_no_second_balance(organization: Any, account: Any, dsn: str, redis_url: str) -> None:
    """The limit has no window: with the old copy of it nothing more is admitted in the new month."""
    credits.grant(account=account, amount=10, kind="paid", source_ref="a")

    async def calls(writer: LedgerWriter, limit: Limit) -> int:
        meter, admitted = RedisMeter(redis_url, writer.spent), 0
        mine = grant(org_id=organization.pk, limits=(limit,))
        for _ in range(40):
            try:
                hold = await meter.reserve(mine, uuid7(), estimate_minor=Decimal("0.37"), timeout_ms=30_000)
            except Problem:
                continue
            await writer.commit(event(event_id=hold.event_id, org_id=organization.pk, unit_amount=Decimal("0.37"),
                                      occurred_at=clock.now()))
            await meter.settle(hold, amount_minor=Decimal("0.37"))
            admitted += 1
        await meter.stop()
        return admitted

    async def run() -> tuple[int, int, int]:
        writer = LedgerWriter(dsn)
        await writer.start()
        limit = Limit("org", "balance", 10)
        first = await calls(writer, limit)
        clock.set_offset(timedelta(days=32))
        second = await calls(writer, limit)
        store = redis.Redis.from_url(redis_url)
        store.delete(*store.scan_iter(match="meter:*"))  # and Redis forgets: the ledger says what was spent
        third = await calls(writer, limit)
        await writer.stop()
        return first, second, third

    assert asyncio.run(run()) == (27, 0, 0)
    assert purse.tell(account_id=account.pk) == 10
