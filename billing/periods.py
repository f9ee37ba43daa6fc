"""Billing periods are calendar months in UTC; they are named by their first day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from kernel import clock


def month_of(moment: datetime | date) -> date:
    """The period that a moment falls in."""
    if isinstance(moment, datetime):
        moment = moment.astimezone(UTC).date()
    return moment.replace(day=1)


def this_month() -> date:
    return month_of(clock.now())


def next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def starts(month: date) -> datetime:
    """The first instant of a period, or of the day given."""
    return datetime.combine(month, time(), UTC)
