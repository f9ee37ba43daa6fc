"""One pass through the path, whatever the dialect:

authenticate → authorise → route → reserve → lease the models → infer → commit usage → settle → answer.

Only a delivered success is billed. On any failure, a missed deadline or a caller that went away the reservation is
given back. The server mints the id that bills.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import logging
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Literal
from uuid import UUID

import orjson

from inference_backend import oip, response_cache, routing
from inference_backend.batching import joinable
from inference_backend.oip import Buffer, Tensor
from inference_backend.pools import host_model, net_model
from inference_backend.runtime import Runtime
from inference_backend.triton.client import TritonError, TritonUnreachable
from inference_backend.turns import overloaded
from kernel import apikeys, clock, outcomes, tracing
from kernel.contracts import Grant, Hold, Route, Target, UsageEvent
from kernel.ids import uuid7
from kernel.money import EXPONENTS, major_text
from kernel.problems import Problem

log = logging.getLogger(__name__)

LOAD_ALLOWANCE_MS = 60_000  # a reservation outlives a cold start
FIRST_ANSWER_ALLOWANCE_S = 20.0  # a host reads a capability's code and data at its first call
MAX_CALL_MS = 3_600_000
LARGE_BODY = 64 << 10  # above this a body is parsed, and an answer rendered, off the event loop
MAX_KEYS = 10_000  # whose hashes are remembered
LARGE_HASH = 1 << 20  # above this it is hashed there too
_NOTHING = Decimal(0)
WINDOW_S = 60  # of the rate limit
# Of the model that was asked, rather than of who asked or of what lies between.
FAULTS: dict[str, Literal["failed", "refused"]] = {
    **dict.fromkeys(("backend_error", "timeout", "model_not_ready", "model_quarantined", "out_of_memory"), "failed"),
    **dict.fromkeys(("model_error", "input_signature_mismatch"), "refused")}

Note = Callable[[float, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a dialect made of Triton's tensors: its own answer, and the units that were used."""

    body: Any
    units: int


@dataclass(frozen=True, slots=True)
class Work:
    """A checked call, ready for Triton."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[str, ...]
    raw_tensors: bool  # straight to the route's own ONNX model, rather than to its host
    estimate_units: int
    finish: Callable[[list[Tensor], Target], Delivery]  # may refuse with a Problem; then nothing is billed


class MaxCost:
    """What a request may cost at most, by its Max-Cost header: ``0.05`` or ``0.05 USD``, in the currency's own unit.
    The calls that one request makes share it."""

    def __init__(self, text: str) -> None:
        amount, _, currency = text.strip().partition(" ")
        try:
            self._left = Decimal(amount)
        except InvalidOperation:
            self._left = Decimal(-1)
        self._currency = currency.strip().upper()
        if not (self._left.is_finite() and self._left >= 0):
            raise Problem("invalid_request", "Max-Cost is an amount such as 0.05 or 0.05 USD")

    def admit(self, estimate_minor: Decimal, currency: str) -> None:
        """Before the model runs. Raises Problem budget_exceeded where the estimate is more than what is left."""
        if self._currency not in ("", currency):
            raise Problem("invalid_request", f"this model is priced in {currency}, not in {self._currency}")
        estimate = estimate_minor.scaleb(-EXPONENTS[currency])
        if estimate > self._left:
            raise Problem("budget_exceeded", f"this call may cost {major_text(estimate_minor, currency)} {currency}, "
                                             "more than Max-Cost leaves", currency=currency,
                          estimate=major_text(estimate_minor, currency), max_cost=format(self._left, "f"))
        self._left -= estimate


MAX_COST: ContextVar[MaxCost | None] = ContextVar("max_cost", default=None)  # of the request that this task serves


@dataclass(frozen=True, slots=True)
class Call:
    """One call as a dialect hands it over. Either `key` or an already admitted `grant`."""

    model: str
    body: bytes
    prepare: Callable[[Route], Work]
    key: str | None = None
    grant: Grant | None = None
    version: str | None = None
    ip: str = ""
    event_id: UUID | None = None  # minted earlier: by a job, a batch, or for an Idempotency-Key
    may_cache: bool = True  # whether a stored answer will do, where the model has them
    source: Literal["sync", "async", "batch"] = "sync"
    timeout_ms: int | None = None
    note: Note | None = None


class Timings:
    """Milliseconds of each stage, for Server-Timing. Stages follow each other without a gap, so they add up."""

    __slots__ = ("_marks", "started")

    def __init__(self) -> None:
        self._marks: list[tuple[str, float]] = []
        self.started = time.perf_counter()

    def mark(self, stage: str) -> None:
        """What has passed since the last mark belongs to this stage."""
        self._marks.append((stage, time.perf_counter()))

    def last(self, stage: str) -> float | None:
        """Seconds of the stage where it is the last one marked; None where it isn't."""
        if len(self._marks) < 2 or self._marks[-1][0] != stage:
            return None
        return self._marks[-1][1] - self._marks[-2][1]

    @property
    def stages(self) -> dict[str, float]:
        found: dict[str, float] = {}
        last = self.started
        for stage, moment in self._marks:
            found[stage] = found.get(stage, 0.0) + (moment - last) * 1000
            last = moment
        return found

    @property
    def total_ms(self) -> int:
        return round((time.perf_counter() - self.started) * 1000)

    def header(self) -> str:
        return ", ".join([f"{stage};dur={milliseconds:.2f}" for stage, milliseconds in self.stages.items()])


@dataclass(slots=True)
class Outcome:
    """A delivered and billed call."""

    body: Any
    grant: Grant
    route: Route
    target: Target
    event_id: UUID
    units: int
    cost_minor: Decimal
    hold: Hold
    timings: Timings
    load_ms: float = 0.0
    replayed: bool = False
    cause: outcomes.Cause = "delivered"
    unit: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def cost(self) -> str:
        """In the currency's own unit, exact."""
        return major_text(self.cost_minor, self.route.price.currency)


# ---------------------------------------------------------------- who may

async def authenticate(runtime: Runtime, key: str | None, ip: str) -> Grant:
    """The grant behind a key. A key with a wrong checksum costs no look-up."""
    if not key:
        raise _no_key()
    grant = await runtime.snapshots.grant(_hash_of(runtime, key))
    if grant is None or not grant.active or grant.mode != apikeys.mode_of(key):
        raise Problem("invalid_api_key", "this API key is unknown or revoked")
    if grant.expires_at is not None and grant.expires_at <= clock.now():
        raise Problem("expired_api_key", "this API key has expired")
    if grant.allowed_ips and not _ip_allowed(ip, grant.allowed_ips):
        raise Problem("ip_not_allowed", "this API key may not be used from your address")
    return grant


def _no_key() -> Problem:
    return Problem("invalid_api_key", "send a valid API key as Authorization: Bearer or X-API-Key")


def _hash_of(runtime: Runtime, key: str) -> str:
    """The hash that a key is stored under. Hashes of keys that came before are remembered by a digest of the key, so
    that its checksum and its HMAC are worked out once; the key itself is not kept."""
    digest = hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=16, key=runtime.digest_key).digest()
    known = runtime.key_hashes.get(digest)
    if known is None:
        if not apikeys.well_formed(key):
            raise _no_key()
        known = apikeys.hash_key(key, runtime.settings.key_pepper)
        while len(runtime.key_hashes) >= MAX_KEYS:
            del runtime.key_hashes[next(iter(runtime.key_hashes))]
        runtime.key_hashes[digest] = known
    return known


def _ip_allowed(ip: str, allowed: tuple[str, ...]) -> bool:
    try:
        address = ipaddress.ip_address(ip)
        return any(address in ipaddress.ip_network(network, strict=False) for network in allowed)
    except ValueError:
        return False


async def authorise(runtime: Runtime, grant: Grant, model: str) -> Route:
    """The route of a model that this grant may call."""
    if "predict" not in grant.scopes:
        raise Problem("insufficient_scope", "this API key lacks the scope predict")
    route = await runtime.snapshots.route(model)
    if route is None or (not route.public and route.owner != grant.org_id):  # another's is as unknown as none
        raise Problem("model_not_found", f"there is no model {model[:64]!r}")
    if model not in grant.models:
        if route.gated:
            raise Problem("approval_required", f"the provider of {model} decides who may call it: ask for access",
                          model=model)
        raise Problem("not_subscribed", f"your organization is not subscribed to {model}", model=model)
    return route


def rate_headers(hold: Hold) -> dict[str, str]:
    return {"RateLimit": f'"default";r={max(hold.remaining, 0)};t={hold.reset_s}',
            "RateLimit-Policy": f'"default";q={hold.limit};w={WINDOW_S}'}


async def standing(runtime: Runtime, key: str | None) -> dict[str, str]:
    """The rate headers for an answer that took no reservation: the key's limit and what was last seen left of it.
    Empty for a key that is none."""
    if not key or not apikeys.well_formed(key):
        return {}
    try:
        grant = await runtime.snapshots.grant(apikeys.hash_key(key, runtime.settings.key_pepper))
    except Problem:
        return {}
    if grant is None or not grant.active:
        return {}
    seen = runtime.rates.get(grant.key_id)
    now = int(time.time())
    left = seen[0] if seen is not None and seen[1] > now else grant.rate_per_minute
    return {"RateLimit": f'"default";r={left};t={seen[1] - now if seen is not None and seen[1] > now else WINDOW_S}',
            "RateLimit-Policy": f'"default";q={grant.rate_per_minute};w={WINDOW_S}'}


# ---------------------------------------------------------------- the path

async def invoke(runtime: Runtime, call: Call) -> Outcome:
    """Runs the call. Raises Problem; then nothing is billed and nothing stays reserved."""
    timings = Timings()
    grant = call.grant or await authenticate(runtime, call.key, call.ip)
    route = await authorise(runtime, grant, call.model)
    target = routing.pick(route, call.version, routing.caller(route, grant))
    timings.mark("auth")
    if len(call.body) > LARGE_BODY:
        work = await asyncio.to_thread(call.prepare, route)
    else:
        work = call.prepare(route)
    timings.mark("parse")
    figures = runtime.figures[route.model]
    figures.calls += 1
    try:
        with tracing.span("invoke", model=route.model, version=target.version, source=call.source):
            outcome = await _reserved(runtime, call, grant, route, target, work, timings)
        if route.own_host:
            took_ms = (time.perf_counter() - timings.started) * 1000 - outcome.load_ms
            runtime.variants.note(route.model, target.version, "ok", took_ms)
        return outcome
    except BaseException as error:
        figures.failures += 1
        if route.own_host and isinstance(error, Problem) and error.code in FAULTS:
            runtime.variants.note(route.model, target.version, FAULTS[error.code], 0.0)
        raise
    finally:
        took_ns = int((time.perf_counter() - timings.started) * 1e9)
        figures.total_ns += took_ns
        runtime.latency.observe(took_ns)


async def _reserved(runtime: Runtime, call: Call, grant: Grant, route: Route, target: Target, work: Work,
                    timings: Timings) -> Outcome:
    """Everything between reserving and settling."""
    admitted_at = clock.now()
    event_id = call.event_id or uuid7()
    # The model's own limit counts from the moment that it is asked. A limit of the caller's covers the whole call.
    total_ms = min(call.timeout_ms or MAX_CALL_MS, route.timeout_ms + LOAD_ALLOWANCE_MS)
    unit_amount = route.price.amount
    charged = unit_amount if grant.mode == "live" else _NOTHING
    if (most := MAX_COST.get()) is not None:
        most.admit(charged * work.estimate_units, route.price.currency)
    hold = await _reserve(runtime, call, grant, route, event_id, charged * work.estimate_units, total_ms)
    timings.mark("quota")
    runtime.rates.see(grant.key_id, max(hold.remaining, 0), int(time.time()) + hold.reset_s)
    try:
        ran = await _within(runtime, grant.org_id, route, target, work, total_ms / 1000, timings, call)
        timings.mark("post")
    except BaseException as error:
        await asyncio.shield(_release(runtime, hold))
        if isinstance(error, Problem):
            error.headers.update(rate_headers(hold))
        raise
    units, load_ms = max(ran.delivery.units, 1), ran.load_ms
    cause: outcomes.Cause = "cache_hit" if ran.cache == "hit" else "cold_load" if load_ms else "delivered"
    unit = route.price.unit
    if outcomes.charge(cause, answered=True) == "cached":  # a meter of its own: the price's tiers are for full calls
        unit, unit_amount = f"cached_{unit}", route.cached_amount
        charged = unit_amount if grant.mode == "live" else _NOTHING
    body_hash = (hashlib.sha256(call.body).digest() if len(call.body) <= LARGE_HASH
                 else await asyncio.to_thread(_digest, call.body))
    event = UsageEvent(
        event_id=event_id, org_id=grant.org_id, key_id=grant.key_id, model=route.model, version=target.version,
        unit=unit, units=units, price_version=route.price.version, unit_amount=unit_amount,
        currency=route.price.currency, mode=grant.mode, occurred_at=admitted_at,
        request_hash=body_hash, latency_ms=timings.total_ms, source=call.source)
    fresh = await _bill(runtime, event, hold, charged * units, minted_here=call.event_id is None)
    timings.mark("ledger")
    if not fresh and call.source == "sync":
        raise Problem("conflict", "this request was answered and billed before; a new one needs a new Idempotency-Key")
    outcome = Outcome(ran.delivery.body, grant, route, target, event_id, units, charged * units, hold, timings,
                      load_ms=load_ms, replayed=not fresh, cause=cause, unit=unit)
    outcome.headers = {
        **rate_headers(hold), "X-Units": str(units), "X-Cost": f"{outcome.cost} {route.price.currency}",
        "X-Model-Version": str(target.version), "X-Variant": target.label, "Server-Timing": timings.header(),
        "X-Cold-Start": "1" if load_ms else "0", "X-Receipt": str(event_id)}
    if ran.cache:
        outcome.headers["X-Cache"] = ran.cache
    if route.notices:
        outcome.headers.update(route.notices.get(str(target.version), {}))
    return outcome


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


async def _reserve(runtime: Runtime, call: Call, grant: Grant, route: Route, event_id: UUID, estimate_minor: Decimal,
                   timeout_ms: int) -> Hold:
    """Sets the estimate aside. Where too many wait already the call is refused before it costs anything."""
    if runtime.turns.refuses(route.model, grant.org_id):
        raise overloaded()
    try:
        return await runtime.meter.reserve(grant, event_id, estimate_minor=estimate_minor, timeout_ms=timeout_ms)
    except asyncio.CancelledError:
        if call.event_id is None:  # it may have been granted while its caller left; nobody else has this id
            month = clock.now().strftime("%Y-%m")
            runtime.background(_release(runtime, Hold(
                event_id, grant.org_id, grant.key_id, _NOTHING, month, grant.rate_per_minute, 0, 0)))
        raise


async def _within(runtime: Runtime, org_id: int, route: Route, target: Target, work: Work, seconds: float,
                  timings: Timings, call: Call) -> _Ran:
    """Waiting for a turn, loading and inference, all of it within the call's deadline."""
    left = seconds - (time.perf_counter() - timings.started)
    try:
        async with asyncio.timeout(max(left, 0.001)):
            await runtime.turns.enter(route.model, org_id)
            took_s = None
            try:
                timings.mark("queue")
                figures = runtime.figures[route.model]
                patience = route.timeout_ms / 1000
                if not (figures.answered or work.raw_tensors):
                    patience += FIRST_ANSWER_ALLOWANCE_S
                ran = await _infer(runtime, org_id, route, target, work, min(patience, left), timings, call)
                figures.answered = True
                took_s = timings.last("infer")
                return ran
            finally:
                runtime.turns.leave(route.model, took_s, adapts=not (work.raw_tensors and joinable(route)))
    except TimeoutError:
        raise Problem("timeout", f"the call did not end within {seconds:g} s") from None


async def _bill(runtime: Runtime, event: UsageEvent, hold: Hold, amount_minor: Decimal, *, minted_here: bool) -> bool:
    """Usage is in the ledger before anybody sees the answer; whether the event was new.

    A caller that leaves now has its answer on the way: commit and settlement run to their end either way.
    """
    if not minted_here:  # another run may have had this id: only the commit itself knows whether it was new
        return await asyncio.shield(_commit(runtime, event, hold, amount_minor, always=False))
    try:
        return await _commit(runtime, event, hold, amount_minor, always=True)
    except asyncio.CancelledError:
        # Once more with the same id, to learn how the first went: it changes nothing that is there.
        runtime.background(_commit(runtime, event, hold, amount_minor, always=True))
        raise


async def _commit(runtime: Runtime, event: UsageEvent, hold: Hold, amount_minor: Decimal, *, always: bool) -> bool:
    """Commits and settles. `always`: an event that is known already is this very one, and is settled as well."""
    try:
        fresh = await runtime.ledger.commit(event)
    except asyncio.CancelledError:
        raise
    except BaseException:
        await _release(runtime, hold)
        raise
    try:
        await runtime.meter.settle(hold, amount_minor=amount_minor if fresh or always else _NOTHING)
    except Exception:  # the ledger has it; a reservation that stays open ends by itself
        log.exception("hold %s was not settled", hold.event_id)
    return fresh or always


async def _release(runtime: Runtime, hold: Hold) -> None:
    try:
        await runtime.meter.release(hold)
    except Exception:  # it ends by itself; the caller's own failure matters more
        log.exception("hold %s was not released", hold.event_id)


@dataclass(frozen=True, slots=True)
class _Ran:
    """An answer, the milliseconds that loading took, and whether it was stored: hit, miss, or "" where none is."""

    delivery: Delivery
    load_ms: float
    cache: str


async def _infer(runtime: Runtime, org_id: int, route: Route, target: Target, work: Work, timeout: float,
                 timings: Timings, call: Call) -> _Ran:
    """Asks Triton; a model that is gone is loaded again and one whose process died is healed, once."""
    model = net_model(route, target.version) if work.raw_tensors else host_model(route, target.version)
    version = target.version if work.raw_tensors and not route.own_host else None
    may_keep = call.may_cache and route.deterministic and route.cache_s > 0
    joins = work.raw_tensors and not may_keep and route.shadow is None and joinable(route)
    parts, header_length = ([], 0) if joins else oip.encode_request(work.inputs, work.outputs)
    kept_as = (response_cache.name_of(org_id, route, target, model, parts)
               if may_keep and runtime.answers is not None else None)
    if kept_as and (kept := await response_cache.find(runtime.answers, kept_as)):
        timings.mark("cache")
        return _Ran(work.finish(oip.decode_reply(*kept), target), 0.0, "hit")
    loaded_ms = 0.0
    for last_try in (False, True):
        async with runtime.pools.lease(route, tensors=work.raw_tensors, version=target.version) as load_ms:
            loaded_ms += load_ms
            timings.mark("load")
            if call.note is not None:
                await call.note(0.2, "processing")
            try:
                if joins:
                    tensors = await runtime.batcher.infer(model, version, work.inputs, work.outputs, timeout=timeout)
                else:
                    body, length = await runtime.client.infer(model, version, parts, header_length, timeout=timeout)
                    tensors = oip.decode_reply(body, length)
                timings.mark("infer")
                if sum([len(tensor.data) for tensor in tensors]) > LARGE_BODY:
                    delivery = await asyncio.to_thread(work.finish, tensors, target)
                else:
                    delivery = work.finish(tensors, target)
                if kept_as:
                    await response_cache.keep(runtime.answers, kept_as, body, length, route.cache_s)
                if route.shadow not in (None, target.version) and (work.raw_tensors or route.own_host):
                    _shadow(runtime, route, work, parts, header_length, tensors, timeout)
                return _Ran(delivery, loaded_ms, "miss" if kept_as else "")
            except asyncio.CancelledError:
                if call.source == "async":
                    runtime.pools.abandoned(model, version)
                raise
            except TimeoutError:
                runtime.pools.late(model, timeout)
                raise Problem("timeout", f"the model did not answer within {timeout:g} s") from None
            except TritonUnreachable as error:
                if last_try:
                    raise Problem("backend_error", str(error), headers={"Retry-After": "1"}) from error
                runtime.pools.forget(route, tensors=work.raw_tensors, version=target.version)
            except TritonError as error:
                if last_try or not (error.stub_died or error.not_loaded):
                    raise _problem(error) from error
                if error.stub_died:
                    await runtime.pools.heal(model)
                else:
                    runtime.pools.forget(route, tensors=work.raw_tensors, version=target.version)
            except Problem as problem:  # from the host: a net that it calls has left the memory meanwhile
                if last_try or problem.code != "backend_error" or "not ready" not in problem.detail:
                    raise
                runtime.pools.forget(route, tensors=work.raw_tensors, version=target.version)
    raise AssertionError("the second try answers or raises")


def _shadow(runtime: Runtime, route: Route, work: Work, parts: list[Buffer], header_length: int,
            delivered: list[Tensor], timeout: float) -> None:
    """Sends a copy to the version that is being tried, beside the answer's way back to its caller."""
    version = route.shadow
    assert version is not None

    async def copy() -> bool:
        model = net_model(route, version) if work.raw_tensors else host_model(route, version)
        number = None if route.own_host else version
        async with runtime.pools.lease(route, tensors=work.raw_tensors, version=version):
            reply = oip.decode_reply(*await runtime.client.infer(model, number, parts, header_length, timeout=timeout))
        return bool(_said(reply) == _said(delivered))

    runtime.shadows.send(route.model, version, copy)


def _said(tensors: list[Tensor]) -> Any:
    """What two versions are compared by: their tensors, or the output of a host's answer without its timing."""
    if {tensor.name for tensor in tensors} == {"response", "media"}:
        answer = orjson.loads(next(t for t in tensors if t.name == "response").strings()[0])
        return answer.get("output"), answer.get("problem")
    return {t.name: (t.datatype, t.shape, bytes(t.data)) for t in tensors}


def _problem(error: TritonError) -> Problem:
    """Triton's failure in our words. Its own text can name files and hosts: it goes to the log only."""
    log.warning("Triton answered %s", error)
    if error.not_loaded:
        return Problem("model_not_ready", "the model is being loaded, try again", headers={"Retry-After": "2"})
    if error.status == 503:
        return Problem("overloaded", "the model's queue is full", headers={"Retry-After": "1"})
    if 400 <= error.status < 500:
        return Problem("input_signature_mismatch", "the model refused these inputs")
    return Problem("backend_error", "the model failed on this call")
