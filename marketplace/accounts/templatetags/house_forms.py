"""Fields of forms that others wrote, in our look."""

from __future__ import annotations

from django import template
from django.forms import BoundField, CheckboxInput

register = template.Library()


@register.filter
def house(field: BoundField) -> str:
    """The field's widget with our class, told to whoever can't see which line of help or fault is its own."""
    attrs = {} if isinstance(field.field.widget, CheckboxInput) else {"class": "field field-lg"}
    return field.as_widget(attrs=attrs)


@register.filter
def is_checkbox(field: BoundField) -> bool:
    return isinstance(field.field.widget, CheckboxInput)
