"""Tags of the portal's templates."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from marketplace.portal import glyph as drawing
from marketplace.portal import shelf

register = template.Library()


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
def dollars(amount: Any) -> str:
    """Major units, exact: at least cents, and as many places as the price has."""
    value = Decimal(amount)
    text = f"{value.normalize():f}"
    return f"${value:,.2f}" if -value.as_tuple().exponent <= 2 or len(text.partition(".")[2]) <= 2 else f"${text}"


@register.filter
def minor(amount: Any) -> str:
    """Minor units as money."""
    return f"${Decimal(amount) / 100:,.2f}"
