"""Limits in one atomic Redis script per step: rate, calls in flight, monthly calls and monthly money.

`reserve` sets an estimate aside before the model runs, `settle` turns it into spending, `release` gives it back; a hold
whose caller died gives itself back when it expires. Nothing is admitted unless `spent + held + estimate <= limit`, so
concurrent callers can't overspend. Amounts are whole micro-minor units (a millionth of a cent), rounded up; scripts
count exactly up to 2^53 of them, nine billion minor units a month.

Redis holds only what the ledger can give again. A month that Redis does not know is loaded from the ledger before the
first call is admitted; `reconcile` sets warm months right every minute. Without Redis nothing is admitted.

Keys of one organization share the hash tag ``meter:{org}``:
``:m:<month>`` spent, held, calls, calls_held, s:<key>, h:<key> · ``:holds`` event → expiry · ``:hold`` event → its hold
· ``:open:<key>`` calls in flight · ``:r:<key>:<minute>`` calls of a minute (the rate is a sliding window of two).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from decimal import ROUND_CEILING, Context, Decimal
from typing import Any
from uuid import UUID

from redis.exceptions import RedisError

from kernel import clock
from kernel.contracts import Grant, Hold
from kernel.problems import Problem

log = logging.getLogger(__name__)

MICRO = 1_000_000
GRACE_MS = 5_000  # a hold outlives its call's deadline by the time that committing may take
_EXACT = 1 << 53

# (org, key, month) → key id → (exact minor units, calls): the ledger's word on a month. See LedgerWriter.spent.
Spent = Callable[[int, int, str], Awaitable[dict[int, tuple[Decimal, int]]]]

_COMMON = """
local p = KEYS[1]
local function month_of(m) return p .. ':m:' .. m end
local function add(h, field, n) if n ~= 0 then redis.call('HINCRBY', h, field, string.format('%.0f', n)) end end
local function give_back(event)
  local text = redis.call('HGET', p .. ':hold', event)
  redis.call('ZREM', p .. ':holds', event)
  if not text then return nil end
  local m, key, amount, calls = string.match(text, '^([^|]*)|([^|]*)|([^|]*)|([^|]*)$')
  redis.call('HDEL', p .. ':hold', event)
  redis.call('ZREM', p .. ':open:' .. key, event)
  add(month_of(m), 'held', -tonumber(amount))
  add(month_of(m), 'h:' .. key, -tonumber(amount))
  add(month_of(m), 'calls_held', -tonumber(calls))
  return tonumber(calls)
end
"""

# ARGV: event, key, month, live, estimate, limit, key limit, calls limit (-1 = none), rate, concurrency, lifetime in ms
RESERVE = _COMMON + """
local event, key, m, live = ARGV[1], ARGV[2], month_of(ARGV[3]), ARGV[4] == '1'
local est, limit, key_limit = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local call_limit, rate, concurrency = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
for _, old in ipairs(redis.call('ZRANGEBYSCORE', p .. ':holds', '-inf', now, 'LIMIT', 0, 1000)) do give_back(old) end

local minute = math.floor(now / 60000)
local passed = now % 60000
local reset = math.ceil((60000 - passed) / 1000)
local this = p .. ':r:' .. key .. ':' .. string.format('%.0f', minute)
local last = p .. ':r:' .. key .. ':' .. string.format('%.0f', minute - 1)
local used = tonumber(redis.call('GET', this) or 0)
  + math.floor(tonumber(redis.call('GET', last) or 0) * (60000 - passed) / 60000)

local known = redis.call('HGET', p .. ':hold', event)
if known then return {'replayed', math.max(0, rate - used), reset, known} end
if used + 1 > rate then return {'rate', 0, reset} end
if redis.call('ZCARD', p .. ':open:' .. key) + 1 > concurrency then return {'concurrency', rate - used, reset} end
if live then
  local f = redis.call('HMGET', m, 'spent', 'held', 'calls', 'calls_held', 's:' .. key, 'h:' .. key)
  if not f[1] then return {'cold', 0, 0} end
  for i = 1, 6 do f[i] = tonumber(f[i] or 0) end
  if call_limit >= 0 and f[3] + f[4] + 1 > call_limit then
    return {'calls', rate - used, reset, string.format('%.0f', f[3])} end
  if limit >= 0 and f[1] + f[2] + est > limit then
    return {'money', rate - used, reset, string.format('%.0f', math.max(0, limit - f[1] - f[2]))} end
  if key_limit >= 0 and f[5] + f[6] + est > key_limit then
    return {'key money', rate - used, reset, string.format('%.0f', math.max(0, key_limit - f[5] - f[6]))} end
  add(m, 'held', est)
  add(m, 'h:' .. key, est)
  add(m, 'calls_held', 1)
else
  est = 0
end
local ends = string.format('%.0f', now + tonumber(ARGV[11]))
redis.call('ZADD', p .. ':holds', ends, event)
redis.call('ZADD', p .. ':open:' .. key, ends, event)
redis.call('HSET', p .. ':hold', event,
  ARGV[3] .. '|' .. key .. '|' .. string.format('%.0f', est) .. '|' .. (live and '1' or '0'))
redis.call('INCR', this)
redis.call('EXPIRE', this, 130)
return {'held', rate - used - 1, reset}
"""

# ARGV: event, key, month, amount. A month that Redis does not know keeps the amount aside for whoever loads it.
SETTLE = _COMMON + """
local m, amount = month_of(ARGV[3]), tonumber(ARGV[4])
local calls = give_back(ARGV[1])
if calls == nil then calls = amount > 0 and 1 or 0 end
if calls == 0 and amount == 0 then return 0 end
local side = redis.call('HEXISTS', m, 'spent') == 1 and '' or 'late '
add(m, side .. 'spent', amount)
add(m, side .. 's:' .. ARGV[2], amount)
add(m, side .. 'calls', calls)
redis.call('EXPIRE', m, 3456000)
return 1
"""

RELEASE = _COMMON + """
give_back(ARGV[1])
return 1
"""

# ARGV: month, then field and amount in turn. The first loader wins: later ones would undo what was settled since.
LOAD = _COMMON + """
local m = month_of(ARGV[1])
if redis.call('HEXISTS', m, 'spent') == 1 then return 0 end
for i = 2, #ARGV, 2 do redis.call('HINCRBY', m, ARGV[i], ARGV[i + 1]) end
for _, field in ipairs(redis.call('HKEYS', m)) do
  if string.sub(field, 1, 5) == 'late ' then
    add(m, string.sub(field, 6), tonumber(redis.call('HGET', m, field)))
    redis.call('HDEL', m, field)
  end
end
redis.call('HINCRBY', m, 'spent', 0)
redis.call('EXPIRE', m, 3456000)
return 1
"""

# ARGV: month, then field, ledger's amount and the amount seen before the ledger was read, in turn.
# What was settled in between is kept on top: it may be counted twice for a minute, but never missed.
RECONCILE = _COMMON + """
local m = month_of(ARGV[1])
if redis.call('HEXISTS', m, 'spent') == 0 then return 0 end
for i = 2, #ARGV, 3 do
  local now = tonumber(redis.call('HGET', m, ARGV[i]) or 0)
  redis.call('HSET', m, ARGV[i], string.format('%.0f', tonumber(ARGV[i + 1]) + now - tonumber(ARGV[i + 2])))
end
return 1
"""


def micro(amount: Decimal) -> int:
    """Micro-minor units of an amount, rounded up: a limit is never passed by rounding."""
    return int(amount.scaleb(6, Context(prec=60)).to_integral_value(ROUND_CEILING))


def minor(amount: int) -> Decimal:
    """The minor units of whole micro-minor units, exact."""
    return Decimal(amount).scaleb(-6)


def fields(spent: dict[int, tuple[Decimal, int]]) -> dict[str, int]:
    """The counters of a month in Redis, from what the ledger says of each key."""
    counters = {"spent": 0, "calls": 0}
    for key_id, (amount, calls) in spent.items():
        counters[f"s:{key_id}"] = micro(amount)
        counters["spent"] += micro(amount)
        counters["calls"] += calls
    return counters


class RedisMeter:
    """`kernel.contracts.Meter` over `redis.asyncio`; `spent` loads a month from the ledger (LedgerWriter.spent).

    Give back with `settle` after a commit that was new, with `release` after anything else (a failed call, a commit
    that was a duplicate). Both never fail a call that is answered already: what they could not do, expiry and the next
    reconcile do.
    """

    def __init__(self, redis: Any, spent: Spent | None = None) -> None:
        self._spent = spent
        self._reserve = redis.register_script(RESERVE)
        self._settle = redis.register_script(SETTLE)
        self._release = redis.register_script(RELEASE)
        self._load = redis.register_script(LOAD)

    async def reserve(self, grant: Grant, event_id: UUID, *, estimate_minor: Decimal, timeout_ms: int) -> Hold:
        """Sets `estimate_minor` and one call aside. The same event id keeps the hold that it has (`replayed`).

        Raises Problem rate_limited, concurrency_limited, quota_exceeded (calls), budget_exceeded (money) or overloaded
        (Redis or the ledger behind a cold month is unreachable).
        """
        live = grant.mode == "live"
        estimate = micro(estimate_minor) if live else 0
        if not 0 <= estimate < _EXACT:
            raise ValueError("the estimate is out of range")
        month = clock.now().strftime("%Y-%m")
        arguments = [
            str(event_id), grant.key_id, month, int(live), estimate, _limit(grant.monthly_limit_minor),
            _limit(grant.key_limit_minor), -1 if grant.monthly_units is None else grant.monthly_units,
            grant.rate_per_minute, grant.concurrency, timeout_ms + GRACE_MS,
        ]
        try:
            answer = await self._reserve(keys=[_prefix(grant.org_id)], args=arguments)
            if _text(answer[0]) == "cold":
                await self._warm(grant, month)
                answer = await self._reserve(keys=[_prefix(grant.org_id)], args=arguments)
        except (TimeoutError, RedisError, OSError) as error:
            raise _unavailable() from error
        verdict, remaining, reset = _text(answer[0]), int(answer[1]), int(answer[2])
        if verdict == "replayed":
            held = _text(answer[3]).split("|")
            return Hold(event_id, grant.org_id, grant.key_id, minor(int(held[2])), held[0], grant.rate_per_minute,
                        remaining, reset, replayed=True)
        if verdict != "held":
            raise _refusal(verdict, grant, reset, _text(answer[3]) if len(answer) > 3 else "")
        return Hold(event_id, grant.org_id, grant.key_id, minor(estimate), month, grant.rate_per_minute, remaining,
                    reset)

    async def settle(self, hold: Hold, *, amount_minor: Decimal) -> None:
        """The call was delivered and committed: its hold becomes `amount_minor` of spending."""
        await self._finish(self._settle, hold, str(hold.event_id), hold.key_id, hold.month, micro(amount_minor))

    async def release(self, hold: Hold) -> None:
        """The call was not billed: its hold is given back."""
        await self._finish(self._release, hold, str(hold.event_id))

    async def _finish(self, script: Any, hold: Hold, *arguments: object) -> None:
        try:
            await script(keys=[_prefix(hold.org_id)], args=list(arguments))
        except (TimeoutError, RedisError, OSError) as error:
            log.warning("hold %s is left to expire: %s", hold.event_id, error)

    async def _warm(self, grant: Grant, month: str) -> None:
        spent = await self._spent(grant.org_id, grant.key_id, month) if self._spent else {}
        pairs: list[object] = []
        for field, amount in fields(spent).items():
            pairs += [field, amount]
        await self._load(keys=[_prefix(grant.org_id)], args=[month, *pairs])


def reconcile(redis: Any, month: str, spent: Callable[[int], dict[int, tuple[Decimal, int]]]) -> int:
    """Sets every month that Redis knows to the ledger's sums; returns how many organizations had drifted.

    `redis` is a synchronous client, `spent` reads one organization from the ledger. Safe beside running calls.
    """
    script, drifted = redis.register_script(RECONCILE), 0
    for name in list(redis.scan_iter(match=f"meter:{{*}}:m:{month}", count=500)):
        prefix = _text(name).rpartition(":m:")[0]
        seen = {_text(field): int(amount) for field, amount in redis.hgetall(name).items()}
        if "spent" not in seen:
            continue
        truth = fields(spent(int(prefix.removeprefix("meter:{").removesuffix("}"))))
        truth |= {field: 0 for field in seen if field.startswith("s:") and field not in truth}
        changed = {field: amount for field, amount in truth.items() if amount != seen.get(field, 0)}
        if changed:
            drifted += 1
            triples = [part for field, amount in changed.items() for part in (field, amount, seen.get(field, 0))]
            script(keys=[prefix], args=[month, *triples])
    return drifted


def _prefix(org_id: int) -> str:
    return f"meter:{{{org_id}}}"


def _limit(amount: int | None) -> int:
    return -1 if amount is None else min(amount * MICRO, _EXACT - 1)


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _unavailable() -> Problem:
    return Problem("overloaded", "metering is unavailable, so nothing is admitted", headers={"Retry-After": "1"})


def _refusal(verdict: str, grant: Grant, reset: int, left: str) -> Problem:
    if verdict == "rate":
        rate = grant.rate_per_minute
        return Problem("rate_limited", f"{rate} calls a minute are used up", limit=rate, headers={
            "Retry-After": str(reset), "RateLimit": f'"minute";r=0;t={reset}',
            "RateLimit-Policy": f'"minute";q={rate};w=60'})
    if verdict == "concurrency":
        return Problem("concurrency_limited", f"{grant.concurrency} calls are in flight", limit=grant.concurrency,
                       headers={"Retry-After": "1"})
    if verdict == "calls":
        return Problem("quota_exceeded", "the plan's calls of this month are used up", limit=grant.monthly_units)
    if verdict in ("money", "key money"):
        whose = "key" if verdict == "key money" else "organization"
        limit = grant.key_limit_minor if whose == "key" else grant.monthly_limit_minor
        return Problem("budget_exceeded", f"this call would pass the {whose}'s limit of this month", limit_minor=limit,
                       left_minor=format(minor(int(left)), "f"), currency=grant.currency)
    return _unavailable()  # a month that stayed cold: the load was lost between two steps
