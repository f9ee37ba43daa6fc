"""Billing periods in UTC: a month from an account's anchor day to the next. They are named by their first day.

Anchor 1 is the calendar month. Where a month is too short for the anchor, the period begins on its last day: with
anchor 31 periods begin on 31 January, 28 (29) February, 31 March, 30 April. `billing_period_start` in the database
computes the same.
"""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time

from kernel import clock


def month_of(moment: datetime | date, anchor: int = 1) -> date:
    """The period that a moment falls in."""
    if isinstance(moment, datetime):
        moment = moment.astimezone(UTC).date()
    start = _in_month(moment.year, moment.month, anchor)
    return start if moment >= start else _in_month(moment.year, moment.month - 1, anchor)


def this_month(anchor: int = 1) -> date:
    return month_of(clock.now(), anchor)


def next_month(start: date, anchor: int = 1) -> date:
    """The period after the one that begins on `start`."""
    return _in_month(start.year, start.month + 1, anchor)


def starts(month: date) -> datetime:
    """The first instant of a period, or of the day given."""
    return datetime.combine(month, time(), UTC)


def _in_month(year: int, month: int, anchor: int) -> date:
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, min(anchor, calendar.monthrange(year, month)[1]))
