"""Identifiers that the server mints: time-ordered, prefixed for people, and the id that bills."""

from __future__ import annotations

import os
import time
import uuid


def uuid7(now_ms: int | None = None) -> uuid.UUID:
    """A time-ordered UUID (RFC 9562, version 7)."""
    millis = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    random = int.from_bytes(os.urandom(10), "big")
    time_high = (millis & (1 << 48) - 1) << 80
    value = time_high | 0x7 << 76 | (random >> 68) << 64 | 0b10 << 62 | random & (1 << 62) - 1
    return uuid.UUID(int=value)


def billing_event_id(key_id: int, idempotency_key: str | None) -> uuid.UUID:
    """The id of one billed invocation: stable for a repeated Idempotency-Key of the same API key, fresh otherwise."""
    if idempotency_key is None:
        return uuid7()
    return uuid.uuid5(uuid.NAMESPACE_URL, f"tessera:{key_id}:{idempotency_key}")


def prefixed(prefix: str, value: uuid.UUID | None = None) -> str:
    """``pred_0199…``: what people see of an id."""
    return f"{prefix}_{(value or uuid7()).hex}"


def unprefixed(prefix: str, text: str) -> uuid.UUID | None:
    """The UUID behind a prefixed id, or None where the text is not one."""
    head, _, tail = text.partition("_")
    try:
        return uuid.UUID(hex=tail) if head == prefix and len(tail) == 32 else None
    except ValueError:
        return None
