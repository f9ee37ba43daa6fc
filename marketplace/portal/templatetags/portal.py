"""Tags of the portal's templates."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.contrib.messages.storage.base import Message
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kernel.clock import now
from kernel.money import EXPONENTS, major_text
from marketplace.portal import glyph as drawing
from marketplace.portal import labels, shelf

register = template.Library()
UNDO = "undo:"  # in front of the address, in a message's tags
# What a browser says of itself, the first that fits: Edge and Opera call themselves Chrome, Chrome calls itself Safari.
BROWSERS = [("Edge", "Edg/"), ("Opera", "OPR/"), ("Firefox", "Firefox/"), ("Chrome", "Chrome/"), ("Safari", "Safari/")]
SYSTEMS = [("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
           ("macOS", "Mac OS X"), ("ChromeOS", "CrOS"), ("Linux", "Linux")]
SYMBOLS = {"USD": "$", "EUR": "€", "CNY": "¥", "GBP": "£"}


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    return format_html('<svg class="i {}" aria-hidden="true"><use href="/static/icons.svg#{}"/></svg>', extra, name)


@register.simple_tag
def glyph(card: shelf.Card) -> SafeString:
    # A plain mapping is a column of the comparison.
    output, name = (card["output"], card["name"]) if isinstance(card, dict) else (card.output, card.name)
    return mark_safe(drawing.draw(output, name))  # noqa: S308  drawn from numbers alone


@register.filter
def code_words(text: str) -> SafeString:
    """Words between backticks as code."""
    parts = str(text).split("`")
    return format_html_join("", "{}", ((format_html("<code>{}</code>", part) if place % 2 else part,)
                                       for place, part in enumerate(parts)))


@register.filter
def content(text: str) -> str:
    return labels.content(text)


@register.filter
def unit(name: str) -> str:
    return labels.unit(name)


@register.filter
def thousands(number: int | Decimal | str | None) -> str:
    """A number with its thousands apart: 1,234,567."""
    if number in (None, ""):
        return "0"
    exact = Decimal(str(number))
    return f"{exact:,f}" if exact == exact.to_integral_value() else f"{exact.normalize():,f}"


@register.simple_tag
def ago(at: datetime | None) -> SafeString | str:
    """How long ago something was, exact on hover; the date itself once that is a week or more. Never: nothing."""
    if at is None:
        return ""
    minutes = int((now() - at) / timedelta(minutes=1))
    if minutes < 1:
        words = _("just now")
    elif minutes < 60:
        words = ngettext("%(n)s minute ago", "%(n)s minutes ago", minutes) % {"n": minutes}
    elif minutes < 24 * 60:
        words = ngettext("%(n)s hour ago", "%(n)s hours ago", minutes // 60) % {"n": minutes // 60}
    elif minutes < 7 * 24 * 60:
        words = ngettext("%(n)s day ago", "%(n)s days ago", minutes // 1440) % {"n": minutes // 1440}
    else:
        words = f"{at.astimezone(UTC):%Y-%m-%d}"
    exact = f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return format_html('<time datetime="{}" title="{} UTC">{}</time>', at.isoformat(), exact, words)


@register.filter
def device(agent: str) -> str:
    """A browser's long name for itself in two words: "Firefox, Windows". Programs keep the name they gave."""
    browser = next((name for name, sign in BROWSERS if sign in agent), "")
    system = next((name for name, sign in SYSTEMS if sign in agent), "")
    return ", ".join(filter(None, [browser, system])) or re.split(r"[\s/]", agent or "—")[0]


@register.filter
def plain(value: Any) -> str:
    """A value of the log as people write it: lists by commas, nothing as a dash."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "—"
    return "—" if value in (None, "") else str(value)


@register.filter
def undo(message: Message) -> str:
    """Where a toast's deed is undone; empty where it can't be."""
    tags = (message.extra_tags or "").split()
    return next((tag.removeprefix(UNDO) for tag in tags if tag.startswith(UNDO)), "")


@register.filter
def percent(share: float) -> str:
    """A share from 0 to 1 in per cent, with one place: 0.875 is 87.5 %."""
    return f"{share * 100:.1f} %"


@register.filter
def money(amount: Decimal | int, currency: str) -> str:
    """Minor units as money, exact: the places that the currency has, and more where a price is finer than that."""
    exact = Decimal(amount)
    whole, _point, places = major_text(abs(exact), currency).partition(".")
    places = places.ljust(EXPONENTS[currency], "0")
    figures = f"{int(whole):,}" + (f".{places}" if places else "")
    return f"{'-' if exact < 0 else ''}{SYMBOLS.get(currency, currency + ' ')}{figures}"
