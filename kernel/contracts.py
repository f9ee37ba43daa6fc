"""The frozen values that cross package borders, and the ports that the data plane is wired to.

Redis holds derived snapshots of `Grant` and `Route`; `manage.py rebuild_snapshot` rewrites them from Postgres.
Each value knows its own JSON (`dump` / `load`), so that a writer and a reader can't disagree.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Protocol
from uuid import UUID

UNITS = ("call", "image", "page", "second", "1k_chars", "row", "point")

# Redis names that both sides share.
GRANT_KEY = "grant:{key_hash}"  # → Grant JSON
ROUTE_KEY = "route:{model}"  # → Route JSON
SNAPSHOT_WHOLE = "snapshot:whole"  # there while every grant and route is; gone with them where Redis was emptied
SNAPSHOT_CHANNEL = "snapshot"  # publishes "grant:<hash>" or "route:<model>" when one changes; "*" for all


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit of a listing costs, in exact minor units. A call costs ``amount * units`` before the period's
    included units and tiers, which the rating of the period applies."""

    unit: str
    amount: Decimal
    currency: str
    version: int
    free_per_month: int = 0


@dataclass(frozen=True, slots=True)
class Limit:
    """How much one scope may spend (whole minor units) and call in one window; None = no limit of that kind.

    The window "balance" never ends: what an organization may spend in all, as far as it has paid in advance. A team is
    the `keys` that share it, under a number of its own (`id`).
    """

    scope: Literal["key", "team", "org"]
    window: Literal["minute", "day", "month", "balance"]
    money_minor: int | None = None
    calls: int | None = None
    keys: tuple[int, ...] = ()
    id: int = 0


@dataclass(frozen=True, slots=True)
class Grant:
    """What one API key may do now."""

    key_id: int
    key_hash: str  # hex HMAC-SHA256 of the key with the pepper
    org_id: int
    mode: Literal["live", "test"]
    scopes: tuple[str, ...]
    models: tuple[str, ...]  # subscribed model names that this key may call
    rate_per_minute: int
    concurrency: int
    monthly_limit_minor: int | None  # hard money limit of the organization for the month; None = none
    monthly_units: int | None  # hard limit of billable calls a month (free plan); None = none
    currency: str
    allowed_ips: tuple[str, ...] = ()
    expires_at: datetime | None = None
    active: bool = True
    key_limit_minor: int | None = None  # hard money limit of this key for the month; None = none
    limits: tuple[Limit, ...] = ()  # further hard limits; of two for one scope and window the tighter holds

    def dump(self) -> str:
        return json.dumps(asdict(self), default=str, separators=(",", ":"))

    @classmethod
    def load(cls, text: str | bytes) -> Grant:
        data = json.loads(text)
        for name in ("scopes", "models", "allowed_ips"):
            data[name] = tuple(data[name])
        data["limits"] = tuple(Limit(**{**limit, "keys": tuple(limit["keys"])}) for limit in data.get("limits", ()))
        if data["expires_at"]:
            data["expires_at"] = datetime.fromisoformat(data["expires_at"])
        return cls(**data)


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One tensor of a signature: OIP datatype and shape, -1 for a free dimension."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """One version that a route may pick: its number, weight in percent and label."""

    version: int
    weight: int
    label: str = "stable"


@dataclass(frozen=True, slots=True)
class Route:
    """How the gateway serves one model.

    `runtime` "onnx": the Triton model `model` takes the signature's tensors as they are.
    `runtime` "host": Triton model `host` runs the capability; a prediction in human kinds always goes there. The
    tensor view of a host-only capability is one BYTES tensor `input` (JSON) and one BYTES tensor `output` (JSON).
    `nets` are the Triton models that the host calls, to be resident before the call.
    """

    model: str
    task: str
    runtime: Literal["onnx", "host"]
    host: str
    nets: tuple[str, ...]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    input_kinds: dict[str, dict[str, Any]]  # field name → the manifest's kind and its bounds
    parameters: dict[str, dict[str, Any]]
    price: Price
    targets: tuple[Target, ...]
    pool: Literal["hot", "warm", "cold"] = "warm"
    max_body_bytes: int = 32 << 20
    timeout_ms: int = 30_000
    memory_mb: int = 64
    deterministic: bool = False
    cache_s: int = 0  # how long an answer may be given again to the same input; 0 = never
    cached_amount: Decimal = Decimal(0)  # what a unit of such an answer costs, in minor units
    shadow: int | None = None
    sticky_by: str = "key"
    aliases: dict[str, int] = field(default_factory=dict)
    owner: int | None = None  # the organization that provides it; None: the house
    public: bool = True  # else it is there for its owner only
    gated: bool = False  # its provider decides which organizations may subscribe
    joinable: bool = True  # whether calls may run as one batch, where the signature allows it
    own_host: bool = False  # `host` serves this model alone, and each version has a net and a host of its own: `….v2`
    notices: dict[str, dict[str, str]] = field(default_factory=dict)  # version → headers that its answers carry

    def dump(self) -> str:
        return json.dumps(asdict(self), default=str, separators=(",", ":"))

    @classmethod
    def load(cls, text: str | bytes) -> Route:
        data = json.loads(text)
        data["nets"] = tuple(data["nets"])
        for name in ("inputs", "outputs"):
            data[name] = tuple(TensorSpec(**{**tensor, "shape": tuple(tensor["shape"])}) for tensor in data[name])
        data["price"]["amount"] = Decimal(data["price"]["amount"])
        data["price"] = Price(**data["price"])
        data["cached_amount"] = Decimal(data.get("cached_amount", 0))
        data["targets"] = tuple(Target(**t) for t in data["targets"])
        return cls(**data)


@dataclass(frozen=True, slots=True)
class UsageEvent:
    """One delivered success, as the ledger stores it. Append only; corrections are further entries."""

    event_id: UUID
    org_id: int
    key_id: int
    model: str
    version: int
    unit: str
    units: int
    price_version: int
    unit_amount: Decimal  # exact minor units
    currency: str
    mode: Literal["live", "test"]
    occurred_at: datetime  # admission, UTC
    request_hash: bytes  # sha256 of the request body
    latency_ms: int
    source: Literal["sync", "async", "batch"] = "sync"


@dataclass(frozen=True, slots=True)
class Hold:
    """An open reservation: what `settle` or `release` must be given back."""

    event_id: UUID
    org_id: int
    key_id: int
    amount_minor: Decimal
    month: str  # "2026-11"
    limit: int  # of the rate window, for the RateLimit headers
    remaining: int
    reset_s: int
    replayed: bool = False
    counters: str = ""  # what it counts against, for the meter itself
    local: bool = False  # counted in this process only: nothing to give back


class Ledger(Protocol):
    """Durable usage. `commit` returns once Postgres has it; a second commit of the same event id changes nothing."""

    async def commit(self, event: UsageEvent) -> bool: ...

    async def known(self, event_id: UUID) -> datetime | None:
        """When the event of this id occurred, or None where there is none. Raises Problem overloaded."""
        ...


class Meter(Protocol):
    """Rate, concurrency and money limits in one atomic round trip. Fails closed."""

    async def reserve(self, grant: Grant, event_id: UUID, *, estimate_minor: Decimal, timeout_ms: int) -> Hold:
        """Raises Problem rate_limited, concurrency_limited, quota_exceeded, budget_exceeded, insufficient_balance or
        overloaded."""
        ...

    async def settle(self, hold: Hold, *, amount_minor: Decimal) -> None: ...

    async def release(self, hold: Hold) -> None: ...


class Snapshots(Protocol):
    """The derived read side of keys and routes. A change is seen within a second in every process."""

    async def grant(self, key_hash: str) -> Grant | None: ...

    async def route(self, model: str) -> Route | None: ...

    async def routes(self) -> list[Route]: ...
