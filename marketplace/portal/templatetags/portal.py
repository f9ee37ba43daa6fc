"""Tags of the portal's templates."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from kernel.money import EXPONENTS, major_text
from marketplace.portal import glyph as drawing
from marketplace.portal import shelf

register = template.Library()
SYMBOLS = {"USD": "$", "EUR": "€", "CNY": "¥", "GBP": "£"}


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    return format_html('<svg class="i {}" aria-hidden="true"><use href="/static/icons.svg#{}"/></svg>', extra, name)


@register.simple_tag
def glyph(card: shelf.Card) -> SafeString:
    return mark_safe(drawing.draw(card.manifest["output"], card.name))  # noqa: S308  drawn from numbers alone


@register.filter
def words(card: shelf.Card, field: str) -> str:
    """A text of the manifest in the page's language."""
    chinese = (get_language() or "").startswith("zh")
    return str(card.manifest.get(f"{field}_zh") if chinese else "") or str(card.manifest[field])


@register.filter
def facet(card: shelf.Card, key: str) -> str:
    return shelf.label(key, card.values(key)[0], chinese=(get_language() or "").startswith("zh"))


@register.filter
def unit(name: str) -> str:
    return str(shelf.UNITS.get(name, name))


@register.filter
def money(amount: Decimal | int, currency: str) -> str:
    """Minor units as money, exact: the places that the currency has, and more where a price is finer than that."""
    exact = Decimal(amount)
    whole, _point, places = major_text(abs(exact), currency).partition(".")
    places = places.ljust(EXPONENTS[currency], "0")
    figures = f"{int(whole):,}" + (f".{places}" if places else "")
    return f"{'-' if exact < 0 else ''}{SYMBOLS.get(currency, currency + ' ')}{figures}"
