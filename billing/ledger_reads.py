"""The ledger read as it was at one moment, for the meter and for whoever compares with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

import redis
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum

from billing import meter_reconcile
from billing.meter_reconcile import Drift, LedgerEntry, Sums
from billing.models import UsageEvent, UsageRollupHour
from kernel import clock


class Snapshot:
    """`meter_reconcile.LedgerSnapshot` over the open transaction; see `snapshot`."""

    def spent(self, org_id: int, since: datetime, until: datetime) -> Sums:
        """Live usage of [since, until), which are whole hours, by key."""
        rows = (UsageRollupHour.objects.filter(org_id=org_id, mode="live", hour__gte=since, hour__lt=until)
                .order_by().values("key_id").annotate(all_amount=Sum("amount"), all_events=Sum("events")))
        return {row["key_id"]: (row["all_amount"], row["all_events"]) for row in rows}

    def entries(self, org_id: int, event_ids: list[UUID]) -> list[LedgerEntry]:
        """Those of the events that this moment knows."""
        rows = UsageEvent.objects.filter(org_id=org_id, event_id__in=event_ids, mode="live")
        return [LedgerEntry(key_id, units * amount, occurred_at) for key_id, units, amount, occurred_at
                in rows.values_list("key_id", "units", "unit_amount", "occurred_at")]


@contextmanager
def snapshot() -> Iterator[Snapshot]:
    """One moment of the ledger: what is committed later is not seen. Inside an open transaction (a test's) it is that
    transaction's view."""
    with transaction.atomic():
        if not connection.needs_rollback and connection.savepoint_ids == []:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield Snapshot()


def quota_drifts(*, mend: bool) -> list[Drift]:
    """Where the meter's counters of now differ from the ledger; mends them where told to."""
    client = redis.Redis.from_url(settings.CACHES["default"]["LOCATION"], socket_timeout=5)
    try:
        return meter_reconcile.reconcile(client, clock.now(), snapshot, mend=mend)
    finally:
        client.close()
