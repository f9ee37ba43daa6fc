"""The panel of a model that is fetched from a hub on demand."""

from __future__ import annotations

from typing import Any

from django import template

from marketplace.portal import shelf
from marketplace.portal.views.hub import panel

register = template.Library()


@register.inclusion_tag("portal/model/_fetch.html", takes_context=True)
def fetch_panel(context: Any, card: shelf.Card) -> dict[str, Any]:
    """Says that a model must be fetched first, and lets staff do it."""
    return panel(context["request"], card)
