"""The second count: what Triton says that it ran, against what the ledger says that was billed.

Triton counts successes of each of its models since it loaded them. A capability runs on a model of its own, on a host
that many share, or on both, so counts are compared by host: what was billed may never be more than what ran. The other
way round is no fault: probes, shadows, refused answers and calls whose client left run without a bill.

Both counts go on, so a check compares what was added since the check before; the first one only remembers.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import redis
from django.conf import settings
from django.db.models import Count

from billing.models import UsageEvent
from inference_backend.pools import host_model
from inference_backend.triton.control import ControlError, TritonControl
from kernel import clock
from kernel.contracts import ROUTE_KEY, Route

BASE_KEY = "verify:triton"
BASE_KEPT_S = 40 * 24 * 3600
MOMENT = timedelta(seconds=5)  # how long a call may take from Triton's count to the ledger


@dataclass(frozen=True, slots=True)
class SecondCount:
    """One host's models: what ran by Triton's count, what was billed by the ledger's, since `since`. `edge`: entries so
    close to the ends of the span that their run may be on the other side."""

    host: str
    since: datetime
    ran: int
    billed: int
    edge: int

    @property
    def sound(self) -> bool:
        return self.billed - self.edge <= self.ran


@dataclass(frozen=True, slots=True)
class TritonCheck:
    """`reason` says why nothing could be compared; otherwise what was, and which hosts begin with this check."""

    counts: tuple[SecondCount, ...] = ()
    begun: tuple[str, ...] = ()
    reason: str = ""

    @property
    def sound(self) -> bool:
        return all(count.sound for count in self.counts)


def against_triton() -> TritonCheck:
    """Compares with the check before, and remembers this one."""
    client = redis.Redis.from_url(settings.CACHES["default"]["LOCATION"], socket_timeout=5)
    try:
        groups = _groups(client)
        now = clock.now()
        try:
            ran = asyncio.run(_successes())
        except ControlError as error:
            return TritonCheck(reason=f"Triton is away: {error}")
        before = json.loads(client.get(BASE_KEY) or "{}")
        counts, begun, base = [], [], {}
        for host, models in sorted(groups.items()):
            successes = {name: ran.get(name, 0) for name in sorted({host, *models})}
            base[host] = {"at": now.isoformat(), "ran": successes}
            known = before.get(host)
            # A model that was loaded anew counts from 0 again: that span can't be compared.
            if known is None or any(successes.get(name, 0) < count for name, count in known["ran"].items()):
                begun.append(host)
                continue
            since = datetime.fromisoformat(known["at"])
            billed, edge = _billed(models, since, now)
            added = sum(successes.values()) - sum(known["ran"].values())
            counts.append(SecondCount(host, since, added, billed, edge))
        client.set(BASE_KEY, json.dumps(base), ex=BASE_KEPT_S)
        return TritonCheck(tuple(counts), tuple(begun))
    finally:
        client.close()


def successes_of(statistics: list[dict[str, Any]]) -> dict[str, int]:
    """Successful inferences of each model, of all its versions, from Triton's statistics."""
    found: dict[str, int] = defaultdict(int)
    for entry in statistics:
        found[entry["name"]] += int(entry.get("inference_stats", {}).get("success", {}).get("count", 0))
    return dict(found)


async def _successes() -> dict[str, int]:
    control = TritonControl(settings.ENV.triton_grpc_url, settings.ENV.triton_admin_secret)
    try:
        return successes_of(await control.statistics())
    finally:
        await control.close()


def _groups(client: Any) -> dict[str, set[str]]:
    """Host → the models whose calls run on it or on a model of their own."""
    groups: dict[str, set[str]] = defaultdict(set)
    for key in client.scan_iter(match=ROUTE_KEY.format(model="*"), count=500):
        if text := client.get(key):
            route = Route.load(text)
            groups[host_model(route)].add(route.model)
    return groups


def _billed(models: set[str], since: datetime, until: datetime) -> tuple[int, int]:
    """Entries of runs that reached the ledger in a span, and how many of them lie at its ends. A stored answer that was
    given again did not run."""
    found = (UsageEvent.objects.filter(model__in=models, kind="usage", ingested_at__gt=since, ingested_at__lte=until)
             .exclude(unit__startswith="cached_"))
    edge = found.filter(ingested_at__lte=since + MOMENT) | found.filter(ingested_at__gt=until - MOMENT)
    return found.aggregate(n=Count("event_id"))["n"], edge.aggregate(n=Count("event_id"))["n"]
