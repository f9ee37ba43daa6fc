"""Events and grants for billing's tests; a test names only what it is about."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from kernel.contracts import Grant, UsageEvent
from kernel.ids import uuid7

NOON = datetime(2026, 11, 10, 12, 30, tzinfo=UTC)


def event(**fields: Any) -> UsageEvent:
    """One delivered call; a test names what it is about."""
    values: dict[str, Any] = {
        "event_id": uuid7(), "org_id": 1, "key_id": 11, "model": "ocr", "version": 1, "unit": "page", "units": 1,
        "price_version": 1, "unit_amount": Decimal("0.15"), "currency": "USD", "mode": "live", "occurred_at": NOON,
        "request_hash": hashlib.sha256(b"body").digest(), "latency_ms": 12}
    return UsageEvent(**(values | fields))


def grant(**fields: Any) -> Grant:
    values: dict[str, Any] = {
        "key_id": 11, "key_hash": "00", "org_id": 1, "mode": "live", "scopes": (), "models": ("ocr",),
        "rate_per_minute": 100_000, "concurrency": 1_000, "monthly_limit_minor": None, "monthly_units": None,
        "currency": "USD"}
    return Grant(**(values | fields))
