"""Which form an answer takes: what the caller accepts of what is offered, else the first that is."""

from __future__ import annotations

from collections.abc import Sequence

from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from kernel.problems import FieldError, Problem


class Negotiation(DefaultContentNegotiation):  # type: ignore[misc]  # DRF has no types
    """As DRF's; but nobody is turned away for an Accept header (RFC 9110, 12.4.1), and a format that is not offered is
    the caller's mistake, not a page that is missing."""

    def filter_renderers(self, renderers: Sequence[BaseRenderer], format: str) -> list[BaseRenderer]:
        found = [renderer for renderer in renderers if renderer.format == format]
        if not found:
            known = ", ".join(renderer.format for renderer in renderers)
            raise Problem("invalid_request", f"format: one of {known}",
                          errors=(FieldError("/format", f"one of {known}", "invalid"),))
        return found

    def select_renderer(self, request: Request, renderers: Sequence[BaseRenderer],
                        format_suffix: str | None = None) -> tuple[BaseRenderer, str]:
        try:
            found: tuple[BaseRenderer, str] = super().select_renderer(request, renderers, format_suffix)
        except NotAcceptable:
            return renderers[0], renderers[0].media_type
        return found
