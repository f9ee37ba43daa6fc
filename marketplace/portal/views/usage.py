"""Usage: calls and cost by model, key, hour or day, as a drawing, tables and CSV, from the hourly rollups."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from billing import selectors as money
from kernel import clock
from kernel.money import EXPONENTS
from marketplace.accounts import selectors as accounts
from marketplace.portal.views import member

WINDOWS = {"24h": 1, "7d": 7, "30d": 30, "90d": 90}
SHOWN = 4  # models with a colour of their own; the rest is one
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 1040, 260, 44, 24, 10


@dataclass(frozen=True, slots=True)
class Window:
    """The span on the page: its hours, the width of a bar, and what narrows it."""

    name: str
    since: datetime
    until: datetime
    hourly: bool
    mode: str
    model: str
    key_id: int | None

    @property
    def starts(self) -> list[datetime]:
        step = timedelta(hours=1) if self.hourly else timedelta(days=1)
        count = (self.until - self.since) // step
        return [self.since + step * i for i in range(count)]


@login_required
@require_GET
def usage(request: HttpRequest) -> HttpResponse:
    org = member.organization(request, "billing:read")
    window = _window(request)
    if request.GET.get("format") == "csv":
        return _csv(org.pk, window)
    names = {str(key.pk): key for key in accounts.api_keys(org)}
    by_model = _sums(_read(org.pk, window, "model"))
    models = [row["group"] for row in by_model]
    spend = member.spend(org)
    return render(request, "console/usage.html", {
        "nav": "usage", "window": window, "windows": [(name, _label(name)) for name in WINDOWS], "spend": spend,
        "share": _share(spend), "by_model": by_model, "chart": _chart(org.pk, window, models),
        "by_key": [{**row, "key": names.get(row["group"])} for row in _sums(_read(org.pk, window, "key"))],
        "calls": sum(row["calls"] for row in by_model), "costs": _costs(by_model), "keys": names.values(),
        "models": models, "address": _address(request), "modes": (("live", _("Live")), ("test", _("Test")))})


def _label(name: str) -> str:
    return {"24h": _("24 h"), "7d": _("7 d"), "30d": _("30 d"), "90d": _("90 d")}[name]


def _window(request: HttpRequest) -> Window:
    name = request.GET.get("window", "30d")
    name = name if name in WINDOWS else "30d"
    hourly = name == "24h"
    end = _end(clock.now(), hourly=hourly)
    key = request.GET.get("key", "")
    return Window(name, end - timedelta(days=WINDOWS[name]), end, hourly,
                  "test" if request.GET.get("mode") == "test" else "live", request.GET.get("model", "")[:64],
                  int(key) if key.isdecimal() and len(key) < 18 else None)


def _end(now: datetime, *, hourly: bool) -> datetime:
    """The end of the running hour or day: bars begin on the full hour or at midnight, like the rollups."""
    start = now.replace(minute=0, second=0, microsecond=0)
    return start + timedelta(hours=1) if hourly else start.replace(hour=0) + timedelta(days=1)


def _read(org_id: int, window: Window, group: money.GroupBy, model: str = "") -> list[money.UsageSum]:
    return money.usage(org_id, since=window.since, until=window.until, group_by=group, mode=window.mode,
                       model=model or window.model or None, key_id=window.key_id)


def _sums(rows: list[money.UsageSum]) -> list[dict[str, Any]]:
    """Calls, units and cost of each group; most calls first. Units and currencies stay apart."""
    sums: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        found = sums.setdefault((row.group, row.currency), {
            "group": row.group, "calls": 0, "units": {}, "minor": Decimal(0), "currency": row.currency})
        found["calls"] += row.events
        found["minor"] += row.amount_minor
        found["units"][row.unit] = found["units"].get(row.unit, 0) + row.units
    most = max((row["calls"] for row in sums.values()), default=0) or 1
    for row in sums.values():
        row["units"] = list(row["units"].items())
        row["share"] = round(row["calls"] / most * 100)
    return sorted(sums.values(), key=lambda row: (-row["calls"], row["group"]))


def _costs(rows: list[dict[str, Any]]) -> list[tuple[Decimal, str]]:
    totals: dict[str, Decimal] = {}
    for row in rows:
        totals[row["currency"]] = totals.get(row["currency"], Decimal(0)) + row["minor"]
    return [(minor, currency) for currency, minor in totals.items()]


def _chart(org_id: int, window: Window, models: list[str]) -> dict[str, Any]:
    """Stacked bars of calls by model: the busiest in colours of their own, all others as one."""
    group: money.GroupBy = "hour" if window.hourly else "day"
    shown = list(dict.fromkeys(models))[:SHOWN]
    series = [(name, _by_start(_read(org_id, window, group, name))) for name in shown]
    total = _by_start(_read(org_id, window, group))
    starts = window.starts
    rest = {at: total.get(at, 0) - sum(counts.get(at, 0) for _name, counts in series) for at in total}
    if any(rest.values()):
        series.append((_("Other"), rest))
    top = _nice(max((total.get(at.isoformat(), 0) for at in starts), default=0))
    step = (WIDTH - LEFT) / max(len(starts), 1)
    bars, every = [], max(1, len(starts) // 6)
    for place, at in enumerate(starts):
        left, base = LEFT + place * step, float(HEIGHT - BOTTOM)
        pieces = []
        for colour, (_name, counts) in enumerate(series, start=1):
            tall = counts.get(at.isoformat(), 0) / top * (HEIGHT - BOTTOM - TOP)
            if tall:
                base -= tall
                pieces.append({"y": round(base, 1), "height": round(max(tall - 0.75, 0.75), 1), "colour": colour})
        label = at.strftime("%H:%M" if window.hourly else "%m-%d")
        bars.append({"x": round(left + step * 0.14, 1), "width": round(step * 0.72, 1), "pieces": pieces, "at": at,
                     "label": label if place % every == 0 else "", "calls": total.get(at.isoformat(), 0),
                     "counts": [counts.get(at.isoformat(), 0) for _name, counts in series]})
    grid = [{"y": round(HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP), 1), "value": round(top * share)}
            for share in (0, 0.25, 0.5, 0.75, 1)]
    return {"bars": bars, "grid": grid, "width": WIDTH, "height": HEIGHT, "left": LEFT, "foot": HEIGHT - 6,
            "legend": [(name, colour) for colour, (name, _counts) in enumerate(series, start=1)]}


def _by_start(rows: list[money.UsageSum]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.group] = counts.get(row.group, 0) + row.events
    return counts


def _nice(value: int) -> int:
    """The next round number that quarters evenly: the height of the drawing."""
    size = 4
    while size < value:
        for factor in (2, 2.5, 2):
            size = int(size * factor)
            if size >= value:
                break
    return size


def _share(spend: money.Spend | None) -> int | None:
    if spend is None or not spend.limit_minor:
        return None
    return min(100, round(spend.spent_minor / spend.limit_minor * 100))


def _address(request: HttpRequest) -> dict[str, str]:
    """Addresses of the same page with one thing changed."""
    found = {}
    for name in WINDOWS:
        query = request.GET.copy()
        query["window"] = name
        found[name] = f"?{query.urlencode()}"
    query = request.GET.copy()
    query["format"] = "csv"
    return found | {"csv": f"?{query.urlencode()}"}


def _csv(org_id: int, window: Window) -> HttpResponse:
    """One row for each start, model, key and unit of the span, in the currency's unit."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="usage-{window.name}.csv"'
    sheet = csv.writer(response)
    sheet.writerow(["start", "model", "key", "unit", "units", "calls", "amount", "currency"])
    group: money.GroupBy = "hour" if window.hourly else "day"
    models = dict.fromkeys(row.group for row in _read(org_id, window, "model"))
    keys = [int(row.group) for row in _read(org_id, window, "key")]
    for model in models:
        for key_id in dict.fromkeys(keys):
            for row in money.usage(org_id, since=window.since, until=window.until, group_by=group, mode=window.mode,
                                   model=model, key_id=key_id):
                amount = row.amount_minor.scaleb(-EXPONENTS[row.currency]).normalize()
                sheet.writerow([row.group, model, key_id, row.unit, row.units, row.events, format(amount, "f"),
                                row.currency])
    return response
