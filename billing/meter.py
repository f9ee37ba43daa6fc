"""Limits in atomic Redis scripts: rate, calls in flight, and calls and money of a key, a team and an
organization over a minute, a day and a month.

`reserve` sets an estimate aside before the model runs, `settle` turns it into spending, `release` gives it back; a hold
whose caller died gives itself back when it expires. Nothing is admitted unless `spent + held + estimate <= limit` holds
for every limit, so concurrent callers can't overspend. Amounts are whole micro-minor units (a millionth of a cent),
rounded up: nine billion minor units a window.

What one turn of the event loop asks for an organization, new reservations and the ends of old ones, leaves as one
script with its steps in order.

Redis holds only what the ledger can give again. A counter that Redis does not know is loaded from the ledger before
the first call is admitted; `meter_reconcile` sets all counters right every minute. Without Redis nothing that costs
money is admitted; test-mode calls go on at the key's rate, counted in this process.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Context, Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

import hiredis

from billing import meter_scripts as scripts
from billing.meter_wire import RedisWire, WireError, bulk, command, sha
from kernel import clock
from kernel.contracts import Grant, Hold, Limit
from kernel.problems import Problem

log = logging.getLogger(__name__)

MICRO = 1_000_000
GRACE_MS = 5_000  # a hold outlives its call's deadline by the time that committing may take
LIVES = {"balance": 3_456_000, "month": 3_456_000, "day": 172_800, "minute": 300}  # seconds that a counter is kept
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)  # the window of a balance
STEPS_AT_ONCE = 256  # of one organization in one script: others wait while it runs
PLANS_KEPT = 10_000  # grants whose encoded limits are remembered
_EXACT = 1 << 53
_PRECISE = Context(prec=60)

# (org, from, to) → key id → (exact minor units, calls): the ledger's word on a span. See LedgerWriter.spent.
Spent = Callable[[int, datetime, datetime], Awaitable[dict[int, tuple[Decimal, int]]]]


@lru_cache(maxsize=4096)  # the same few prices come again and again
def micro(amount: Decimal) -> int:
    """Micro-minor units of an amount, rounded up: a limit is never passed by rounding."""
    return int(amount.scaleb(6, _PRECISE).to_integral_value(ROUND_CEILING))


def minor(amount: int) -> Decimal:
    """The minor units of whole micro-minor units, exact."""
    return Decimal(amount).scaleb(-6)


def prefix(org_id: int) -> str:
    """What the names of an organization's keys in Redis begin with."""
    return f"meter:{{{org_id}}}"


def span(window: str, moment: datetime) -> tuple[str, datetime, datetime]:
    """The window that a moment falls in: how it is written, its first instant and the next one's."""
    if window == "balance":
        return "all", *ALWAYS
    moment = moment.astimezone(UTC)
    if window == "minute":
        begins = moment.replace(second=0, microsecond=0)
        return f"{begins:%Y-%m-%dT%H%M}", begins, begins + timedelta(minutes=1)
    begins = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if window == "day":
        return f"{begins:%Y-%m-%d}", begins, begins + timedelta(days=1)
    begins = begins.replace(day=1)
    return f"{begins:%Y-%m}", begins, (begins + timedelta(days=32)).replace(day=1)


def limits_of(grant: Grant) -> list[Limit]:
    """All limits of a grant, one per scope and window. The month of the organization and of the key are always
    counted, limited or not: pages, alerts and `verify_ledger` read them."""
    every: dict[tuple[str, str], Limit] = {
        ("org", "month"): Limit("org", "month", grant.monthly_limit_minor, grant.monthly_units),
        ("key", "month"): Limit("key", "month", grant.key_limit_minor, None)}
    for more in grant.limits:
        have = every.get((more.scope, more.window))
        every[more.scope, more.window] = more if have is None else Limit(
            more.scope, more.window, _tighter(have.money_minor, more.money_minor), _tighter(have.calls, more.calls),
            more.keys, more.id)
    return list(every.values())


@dataclass(frozen=True, slots=True)
class _Counter:
    """One limit in one window, as its name in Redis: ``day:2026-11-21:key:11``."""

    name: str
    limit: Limit
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class _Plan:
    """A grant's limits of the present minute, encoded as the step that its reservations follow."""

    grant: Grant
    counters: tuple[_Counter, ...]
    names: str
    head: bytes
    words: int  # of the head


class RedisMeter:
    """`kernel.contracts.Meter` over one Redis connection; `spent` loads a counter from the ledger (LedgerWriter.spent).

    Give back with `settle` after a commit that was new, with `release` after anything else (a failed call, a commit
    that was a duplicate). Both only send: they never fail or delay a call that is answered already, and what they
    could not do, expiry and the next reconcile do.
    """

    def __init__(self, url: str, spent: Spent | None = None, *, timeout_ms: int = 2_000) -> None:
        self._spent = spent
        self._wire = RedisWire(url, (scripts.STEPS, scripts.LOAD), timeout_ms=timeout_ms)
        self._turns: dict[int, _Turn] = {}  # by organization: what leaves at the end of this turn of the loop
        self._sent: set[asyncio.Future[Any]] = set()
        self._plans: dict[int, _Plan] = {}
        self._minute = (datetime.min.replace(tzinfo=UTC),) * 2  # of the plans
        self._loading: dict[tuple[int, str], asyncio.Task[None]] = {}
        self._alone = _LocalRate()

    async def stop(self) -> None:
        """Sends what is still to be sent, then hangs up."""
        await self.settled()
        await self._wire.close()

    async def settled(self) -> None:
        """Returns once Redis has executed every step given so far."""
        self._send()
        while self._sent:
            await asyncio.wait(tuple(self._sent))
            self._send()  # what was given back meanwhile

    async def reserve(self, grant: Grant, event_id: UUID, *, estimate_minor: Decimal, timeout_ms: int) -> Hold:
        """Sets `estimate_minor` and one call aside. The same event id keeps the hold that it has (`replayed`).

        Raises Problem rate_limited, concurrency_limited, quota_exceeded (calls), budget_exceeded (money) or overloaded
        (Redis or the ledger behind a cold counter is unreachable).
        """
        live = grant.mode == "live"
        estimate = micro(estimate_minor) if live else 0
        if not 0 <= estimate < _EXACT:
            raise ValueError("the estimate is out of range")
        plan = self._plan(grant)
        event = str(event_id).encode()
        step = b"$1\r\nr\r\n$36\r\n%b\r\n" % event + bulk(estimate, timeout_ms + GRACE_MS)
        try:
            answer = await self._turn(grant.org_id).reserve(plan, event, step)
            for _ in plan.counters:
                if answer[0] != b"cold":
                    break
                await self._load(grant, plan)
                answer = await self._turn(grant.org_id).reserve(plan, event, step)
        except (WireError, hiredis.ReplyError) as error:
            if not live:
                return self._alone.hold(grant, event_id)
            raise _unavailable() from error
        verdict, remaining, reset = answer[0], int(answer[1]), int(answer[2])
        if verdict == b"held":
            return Hold(event_id, grant.org_id, grant.key_id, minor(estimate), self._month, grant.rate_per_minute,
                        remaining, reset, counters=plan.names)
        if verdict == b"replayed":
            _, amount, _, names = answer[3].decode().split("|")
            return Hold(event_id, grant.org_id, grant.key_id, minor(int(amount)), self._month, grant.rate_per_minute,
                        remaining, reset, replayed=True, counters=names)
        raise _refusal(verdict, grant, plan, remaining, reset, answer[3:])

    async def settle(self, hold: Hold, *, amount_minor: Decimal) -> None:
        """The call was delivered and committed: its hold becomes `amount_minor` of spending."""
        if not hold.local:
            event = str(hold.event_id).encode()
            self._turn(hold.org_id).end(event, b"$1\r\ns\r\n$36\r\n%b\r\n" % event + bulk(
                micro(amount_minor), 1 if hold.counters else 0, hold.counters), 5)

    async def release(self, hold: Hold) -> None:
        """The call was not billed: its hold is given back."""
        if not hold.local:
            self._give_back(hold.org_id, str(hold.event_id).encode())

    def _give_back(self, org_id: int, event: bytes) -> None:
        self._turn(org_id).end(event, b"$1\r\nx\r\n$36\r\n%b\r\n" % event, 2)

    def _turn(self, org_id: int) -> _Turn:
        """What this organization asks for in this turn of the loop."""
        turn = self._turns.get(org_id)
        if turn is None:
            if not self._turns:
                asyncio.get_running_loop().call_soon(self._send)
            turn = self._turns[org_id] = _Turn(org_id, self._give_back)
        elif len(turn.events) >= STEPS_AT_ONCE:
            self._send()
            return self._turn(org_id)
        return turn

    def _send(self) -> None:
        """Everything that was asked for leaves; the answers find their callers."""
        turns, self._turns = self._turns, {}
        for turn in turns.values():
            sent = self._wire.post(turn.payload())
            self._sent.add(sent)
            sent.add_done_callback(self._sent.discard)
            sent.add_done_callback(turn.answered)

    # ------------------------------------------------------------ limits, encoded

    def _plan(self, grant: Grant) -> _Plan:
        now = clock.now()
        if not self._minute[0] <= now < self._minute[1]:
            self._plans.clear()
            self._minute = span("minute", now)[1:]
            self._month = span("month", now)[0]
        plan = self._plans.get(grant.key_id)
        if plan is None or plan.grant is not grant:
            if len(self._plans) >= PLANS_KEPT:
                self._plans.clear()
            plan = self._plans[grant.key_id] = _plan(grant, now)
        return plan

    async def _load(self, grant: Grant, plan: _Plan) -> None:
        """Asks the ledger for all counters of a grant; callers that need the same ones share the question."""
        name = grant.org_id, plan.names
        task = self._loading.get(name)
        if task is None:
            task = self._loading[name] = asyncio.create_task(self._load_now(grant, plan))
            task.add_done_callback(lambda _: self._loading.pop(name, None))
        await asyncio.shield(task)

    async def _load_now(self, grant: Grant, plan: _Plan) -> None:
        found: dict[tuple[datetime, datetime], dict[int, tuple[Decimal, int]]] = {}
        arguments: list[str | int] = []
        for counter in plan.counters:
            when = counter.begins, counter.ends
            if when not in found:
                found[when] = await self._spent(grant.org_id, *when) if self._spent else {}
            amount, calls = counted(counter.limit, grant.key_id, found[when])
            arguments += [counter.name, LIVES[counter.limit.window], amount, calls]
        await self._wire.call(command("EVALSHA", sha(scripts.LOAD), 1, prefix(grant.org_id), *arguments))


class _LocalRate:
    """The rate of test-mode calls while Redis is away: they cost nothing, so only their number matters."""

    def __init__(self) -> None:
        self._used: dict[int, tuple[datetime, int]] = {}

    def hold(self, grant: Grant, event_id: UUID) -> Hold:
        """Raises Problem rate_limited past the key's rate of this minute in this process."""
        now = clock.now()
        _, minute, ends = span("minute", now)
        begun, used = self._used.get(grant.key_id, (minute, 0))
        used = used if begun == minute else 0
        reset = max(1, -((now - ends) // timedelta(seconds=1)))
        if 0 < grant.rate_per_minute <= used:
            raise _rate_limited(grant, reset)
        if len(self._used) >= PLANS_KEPT:
            self._used.clear()
        self._used[grant.key_id] = minute, used + 1
        return Hold(event_id, grant.org_id, grant.key_id, Decimal(0), f"{now:%Y-%m}", grant.rate_per_minute,
                    grant.rate_per_minute - used - 1, reset, local=True)


def counted(limit: Limit, key_id: int, spent: dict[int, tuple[Decimal, int]]) -> tuple[int, int]:
    """Micro-minor units and calls that a limit's scope has used, from what the ledger says of each key."""
    keys = {key_id} if limit.scope == "key" else set(limit.keys) if limit.scope == "team" else set(spent)
    used = [spent[key] for key in keys if key in spent]
    return sum(micro(amount) for amount, _ in used), sum(calls for _, calls in used)


def counter_name(limit: Limit, key_id: int, moment: datetime) -> str:
    """How Redis calls a limit's counter at a moment."""
    scope = {"org": "org", "key": f"key:{key_id}", "team": f"team:{limit.id}"}[limit.scope]
    return f"{limit.window}:{span(limit.window, moment)[0]}:{scope}"


def _plan(grant: Grant, now: datetime) -> _Plan:
    if grant.mode != "live":
        counters: tuple[_Counter, ...] = ()
    else:
        counters = tuple(_Counter(counter_name(limit, grant.key_id, now), limit, *span(limit.window, now)[1:])
                         for limit in limits_of(grant))
    names = " ".join(counter.name for counter in counters)
    fixed: list[str | int] = ["p", grant.key_id, grant.rate_per_minute, grant.concurrency,
                              int(grant.mode == "live"), names, len(counters)]
    for counter in counters:
        calls = counter.limit.calls
        fixed += [counter.name, _limit(counter.limit.money_minor), -1 if calls is None else calls]
    return _Plan(grant, counters, names, bulk(*fixed), len(fixed))


_EVALSHA_STEPS = bulk("EVALSHA", sha(scripts.STEPS), 1)


class _Turn:
    """The steps of one organization that leave together, and who waits for the answers."""

    __slots__ = ("_callers", "_give_back", "_org_id", "_plan", "_steps", "_words", "events")

    def __init__(self, org_id: int, give_back: Callable[[int, bytes], None]) -> None:
        self._org_id, self._give_back = org_id, give_back
        self.events: list[bytes] = []
        self._steps: list[bytes] = []
        self._words = 0
        self._plan: _Plan | None = None
        self._callers: list[tuple[asyncio.Future[list[Any]], bytes]] = []

    def reserve(self, plan: _Plan, event: bytes, step: bytes) -> asyncio.Future[list[Any]]:
        """Adds a reservation; its verdict comes with the answer."""
        if plan is not self._plan:
            self._plan = plan
            self._steps.append(plan.head)
            self._words += plan.words
        self.end(event, step, 4)
        caller: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._callers.append((caller, event))
        return caller

    def end(self, event: bytes, step: bytes, words: int) -> None:
        """Adds a step of that many words which nobody waits for."""
        self.events.append(event)
        self._steps.append(step)
        self._words += words

    def payload(self) -> bytes:
        """The command for Redis."""
        events = b"".join([b"$36\r\n%b\r\n" % event for event in self.events])
        return b"".join((b"*%d\r\n" % (5 + len(self.events) + self._words), _EVALSHA_STEPS,
                         bulk(prefix(self._org_id), len(self.events)), events, *self._steps))

    def answered(self, reply: asyncio.Future[Any]) -> None:
        """Hands each caller its verdict, or the failure."""
        error = WireError("closed") if reply.cancelled() else reply.exception()
        if error is not None and len(self._callers) < len(self.events):
            log.warning("%d holds are left to expire: %s", len(self.events) - len(self._callers), error)
        for number, (caller, event) in enumerate(self._callers):
            if caller.done():  # it left before it knew of its hold, so nobody else gives it back
                if error is None and reply.result()[number][0] == b"held":
                    self._give_back(self._org_id, event)
            elif error is not None:
                caller.set_exception(error if isinstance(error, (WireError, hiredis.ReplyError))
                                     else WireError(str(error)))
            else:
                caller.set_result(reply.result()[number])


def _limit(amount: int | None) -> int:
    return -1 if amount is None else min(amount * MICRO, _EXACT - 1)


def _tighter(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else min(one, other)


def _unavailable() -> Problem:
    return Problem("overloaded", "metering is unavailable, so nothing is admitted", headers={"Retry-After": "1"})


def _rate_limited(grant: Grant, reset: int) -> Problem:
    rate = grant.rate_per_minute
    return Problem("rate_limited", f"{rate} calls a minute are used up", limit=rate, headers={
        "Retry-After": str(reset), "RateLimit": f'"default";r=0;t={reset}',
        "RateLimit-Policy": f'"default";q={rate};w=60'})


def _refusal(verdict: bytes, grant: Grant, plan: _Plan, remaining: int, reset: int, more: list[bytes]) -> Problem:
    if verdict == b"rate":
        return _rate_limited(grant, reset)
    headers = {"RateLimit": f'"default";r={max(remaining, 0)};t={reset}',
               "RateLimit-Policy": f'"default";q={grant.rate_per_minute};w=60'}
    if verdict == b"concurrency":
        return Problem("concurrency_limited", f"{grant.concurrency} calls are in flight", limit=grant.concurrency,
                       headers=headers | {"Retry-After": "1"})
    if verdict not in (b"calls", b"money"):
        return _unavailable()  # a counter that stayed cold: the load was lost between two steps
    counter = plan.counters[int(more[0])]
    limit = counter.limit
    if limit.window == "balance":
        return Problem("insufficient_balance", "this call may cost more than the prepaid credit that is left",
                       left_minor=format(minor(int(more[1])), "f"), currency=grant.currency, headers=headers)
    whose = {"org": "organization", "key": "key", "team": "team"}[limit.scope]
    if limit.window != "month":
        headers["Retry-After"] = str(max(1, -((clock.now() - counter.ends) // timedelta(seconds=1))))
    which: dict[str, Any] = {"scope": limit.scope, "window": limit.window}
    if verdict == b"calls":
        plan_of = "plan's" if limit.scope == "org" and limit.window == "month" else f"{whose}'s"
        return Problem("quota_exceeded", f"the {plan_of} calls of this {limit.window} are used up", limit=limit.calls,
                       headers=headers, **which)
    return Problem("budget_exceeded", f"this call would pass the {whose}'s limit of this {limit.window}",
                   limit_minor=limit.money_minor, left_minor=format(minor(int(more[1])), "f"),
                   currency=grant.currency, headers=headers, **which)
