"""One clock. Everything that asks for the time of a bill asks here, so that a sandbox can set it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_offset = timedelta(0)


def now() -> datetime:
    """The present moment in UTC, moved by the sandbox offset."""
    return datetime.now(UTC) + _offset


def set_offset(offset: timedelta) -> None:
    """Moves the clock of this process; for simulated months."""
    global _offset
    _offset = offset
