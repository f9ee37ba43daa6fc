"""Sets the meter's counters to the ledger's sums, exactly, beside running calls.

A counter and the ledger can't be read at one moment, and a call is in the ledger a little before it is in the counter.
So Redis first notes which events it settles from now on; then the ledger is read in one snapshot; then the events that
were settled since, or still wait for it, are left out of that snapshot's sum. What remains is what the counter said at
the first moment, if it was right; the difference is added, whatever was counted meanwhile.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from billing import meter, meter_scripts
from kernel.contracts import Limit

Sums = dict[int, tuple[Decimal, int]]  # key id → exact minor units, calls


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What a single event adds to the counters of its span."""

    key_id: int
    amount_minor: Decimal
    occurred_at: datetime
    calls: int = 1


class LedgerSnapshot(Protocol):
    """The ledger as it was at one moment, of live usage."""

    def spent(self, org_id: int, since: datetime, until: datetime) -> Sums: ...

    def entries(self, org_id: int, event_ids: list[UUID]) -> list[LedgerEntry]: ...


@dataclass(frozen=True, slots=True)
class Drift:
    """A counter that does not say what the ledger says: micro-minor units and calls to add to it."""

    org_id: int
    counter: str
    amount_micro: int
    calls: int


def reconcile(redis: Any, moment: datetime, ledger: Callable[[], AbstractContextManager[LedgerSnapshot]], *,
              mend: bool = True) -> list[Drift]:
    """Compares every counter of the windows around `moment` with the ledger, mends those that differ and returns them.

    `redis` is a synchronous client, `ledger` opens a snapshot. Safe beside running calls. Counters of a team are left:
    only a grant says which keys share it.
    """
    month, begins, ends = meter.span("month", moment)
    day, day_begins, day_ends = meter.span("day", moment)
    spans = {f"month:{month}": (begins, ends), f"day:{day}": (day_begins, day_ends), "balance:all": meter.ALWAYS}
    drifts = []
    for org_id, names in sorted(_counters(redis, spans).items()):
        drifts += _reconcile_one(redis, org_id, names, spans, ledger, mend)
    return drifts


def _counters(redis: Any, spans: Iterable[str]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for window in spans:
        for key in redis.scan_iter(match=f"meter:{{*}}:{window}:*", count=500):
            org, _, name = _text(key).removeprefix("meter:{").partition("}:")
            if ":team:" not in name:
                found.setdefault(int(org), []).append(name)
    return found


def _reconcile_one(redis: Any, org_id: int, names: list[str], spans: dict[str, tuple[datetime, datetime]],
                   ledger: Callable[[], AbstractContextManager[LedgerSnapshot]], mend: bool) -> list[Drift]:
    token, prefix = os.urandom(12).hex(), meter.prefix(org_id)
    seen = redis.register_script(meter_scripts.WATCH)(keys=[prefix], args=[token, *names])
    with ledger() as snapshot:
        sums = {window: snapshot.spent(org_id, *when) for window, when in spans.items()}
        settled, waiting = redis.register_script(meter_scripts.TOUCHED)(keys=[prefix])
        touched = [UUID(_text(event)) for event in {*settled, *waiting} if _text(event) != token]
        later = snapshot.entries(org_id, touched) if touched else []
    drifts = []
    for name, (amount, calls) in zip(names, seen, strict=True):
        if amount is None:  # not loaded: the next call asks the ledger
            continue
        window, scope = name.rsplit(":org", 1)[0] if name.endswith(":org") else name.rpartition(":key:")[0], name
        when = spans[window]
        limit = Limit("org" if scope.endswith(":org") else "key", "month")
        key_id = 0 if limit.scope == "org" else int(scope.rpartition(":")[2])
        want_amount, want_calls = meter.counted(limit, key_id, sums[window])
        for entry in later:
            if when[0] <= entry.occurred_at < when[1] and (limit.scope == "org" or entry.key_id == key_id):
                want_amount -= meter.micro(entry.amount_minor)
                want_calls -= entry.calls
        drift = Drift(org_id, name, want_amount - int(amount), want_calls - int(calls or 0))
        if drift.amount_micro or drift.calls:
            drifts.append(drift)
    if mend and drifts:
        changes = [part for d in drifts for part in (d.counter, d.amount_micro, d.calls)]
        redis.register_script(meter_scripts.MEND)(keys=[prefix], args=[token, *changes])
    else:
        redis.delete(f"{prefix}:watch")
    return drifts


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
