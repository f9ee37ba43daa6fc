"""Tags of the portal's templates."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.contrib.messages.storage.base import Message
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from kernel.money import EXPONENTS, major_text
from marketplace.portal import glyph as drawing
from marketplace.portal import labels, shelf

register = template.Library()
UNDO = "undo:"  # in front of the address, in a message's tags
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
def unit(name: str) -> str:
    return labels.unit(name)


@register.filter
def thousands(number: int | Decimal | str | None) -> str:
    """A number with its thousands apart: 1,234,567."""
    if number in (None, ""):
        return "0"
    exact = Decimal(str(number))
    return f"{exact:,f}" if exact == exact.to_integral_value() else f"{exact.normalize():,f}"


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
