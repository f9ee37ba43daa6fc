"""What an organization that pays in advance may spend in all: one number in Redis, beside the counter that it limits.

Grants carry the number too, but a gateway's copy is a moment old. So it is Redis that decides, and a balance that
falls (a refund, an expiry) falls there first: `lower` refuses where the money is spent or promised to a running call.
Then the books change. A crash between the two leaves too little in the purse, and the next `tell` puts it right;
every change happens under the account's row lock, so that no older number can overwrite a newer one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import redis
from django.conf import settings
from django.db import transaction

from billing import ledger_reads, meter, meter_scripts, selectors
from billing.models import BillingAccount, Plan
from kernel import bus
from kernel.contracts import Limit
from kernel.facts import GrantsChanged
from kernel.problems import Problem

log = logging.getLogger(__name__)

_COUNTER = meter.counter_name(Limit("org", "balance"), 0, meter.ALWAYS[0])


@transaction.atomic
def tell(*, account_id: int) -> int | None:
    """Sets the purse to what the books say and returns it; None on a plan that does not pay ahead, whose purse nobody
    asks for: grants name the balance only after it was told.

    Raises Problem overloaded where Redis is away: the next run of the clock's loop tells it."""
    account = (BillingAccount.objects.select_for_update(of=("self",)).select_related("plan", "tax_rate")
               .get(pk=account_id))
    limit = selectors.prepaid_limit(account)
    if limit is not None:
        with _store() as store:
            store.set(f"{meter.prefix(account.organization_id)}:purse", limit * meter.MICRO)
    return limit


def lower(account: BillingAccount) -> bool:
    """Brings the purse down to what the books of the open transaction say; the caller holds the account's lock.

    False where that much is spent or held already: then the books must not change either. Raises Problem overloaded.
    """
    limit = selectors.prepaid_limit(account)
    if limit is None:
        return True
    with _store() as store:
        _load(store, account.organization_id)
        return bool(store.register_script(meter_scripts.LOWER)(
            keys=[meter.prefix(account.organization_id)], args=[_COUNTER, limit * meter.MICRO]))


def held(account: BillingAccount) -> Decimal:
    """What running calls have set aside, exact minor units; 0 on a plan that does not pay ahead."""
    if account.plan.kind != Plan.Kind.PREPAID:
        return Decimal(0)
    with _store() as store:
        return meter.minor(int(store.hget(f"{meter.prefix(account.organization_id)}:{_COUNTER}", "h") or 0))


def moved(account: BillingAccount) -> None:
    """After commit: the purse is told, then the organization's grants are rebuilt."""
    fact, account_id = GrantsChanged(account.organization_id), account.pk

    def after() -> None:
        try:
            tell(account_id=account_id)
        except Problem:
            log.warning("the purse of account %s is told by the next run", account_id)
        bus.publish(fact)

    transaction.on_commit(after)


def refresh() -> int:
    """Tells the purse of every account that pays in advance, and rebuilds the grants of those whose limit moved;
    returns how many. Beat runs it every minute, so that a correction or a wiped Redis is made good."""
    changed = 0
    for account in BillingAccount.objects.filter(plan__kind=Plan.Kind.PREPAID).order_by("pk"):
        limit = tell(account_id=account.pk)
        if limit != account.told_limit_minor:
            BillingAccount.objects.filter(pk=account.pk).update(told_limit_minor=limit)
            bus.publish(GrantsChanged(account.organization_id))
            changed += 1
    return changed


def _load(store: Any, org_id: int) -> None:
    """The counter, from the ledger, where Redis does not know it."""
    if store.hexists(f"{meter.prefix(org_id)}:{_COUNTER}", "s"):
        return
    with ledger_reads.snapshot() as snapshot:
        amount, calls = meter.counted(Limit("org", "balance"), 0, snapshot.spent(org_id, *meter.ALWAYS))
    store.register_script(meter_scripts.LOAD)(
        keys=[meter.prefix(org_id)], args=[_COUNTER, meter.LIVES["balance"], amount, calls])


@contextmanager
def _store() -> Iterator[Any]:
    client = redis.Redis.from_url(settings.CACHES["default"]["LOCATION"], socket_timeout=2)
    try:
        yield client
    except redis.RedisError as error:
        raise Problem("overloaded", "the meter is away; try again in a moment") from error
    finally:
        client.close()
