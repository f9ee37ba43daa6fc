"""Addresses that an organization is told at, and the events that each of them hears."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from inference_backend.jobs import webhooks
from inference_backend.jobs.models import WebhookDelivery, WebhookEndpoint
from kernel import ids
from kernel.problems import FieldError, Problem

MAX_ENDPOINTS = 16  # of one organization
MAX_PATTERNS = 40
TEST = "webhook.test"
_PATTERN = re.compile(r"^(?:\*|[a-z_]+\.(?:\*|[a-z_]+))$")
_known: dict[str, str] = {}


def use_events(events: Mapping[str, str]) -> None:
    """The events that can be heard, each with the words that explain it; config/wiring.py names them."""
    _known.update(events)


def known_events() -> dict[str, str]:
    return dict(_known)


def create(*, org_id: int, url: str, events: Sequence[str]) -> WebhookEndpoint:
    """A new address. Raises validation_error for an address that is not called or an event that does not exist."""
    webhooks.check_url(url)
    wanted = list(dict.fromkeys(events))
    faults = [FieldError(f"/events/{i}", f"there is no event {word[:60]}", "invalid_choice")
              for i, word in enumerate(wanted) if not any(_hears([word], event) for event in _known)
              or not _PATTERN.match(word)]
    if not wanted or len(wanted) > MAX_PATTERNS:
        faults.append(FieldError("/events", f"1 to {MAX_PATTERNS} are taken"))
    if faults:
        raise Problem("validation_error", "these events can't be chosen", errors=faults)
    with transaction.atomic():
        if len(WebhookEndpoint.objects.select_for_update().filter(org_id=org_id)) >= MAX_ENDPOINTS:
            raise Problem("conflict", f"an organization has at most {MAX_ENDPOINTS} addresses")
        return WebhookEndpoint.objects.create(org_id=org_id, url=url, events=wanted)


def endpoints_of(*, org_id: int) -> list[WebhookEndpoint]:
    """The organization's addresses, oldest first."""
    return list(WebhookEndpoint.objects.filter(org_id=org_id).order_by("pk"))


def delete(*, org_id: int, endpoint_id: uuid.UUID | None) -> None:
    """Takes an address away, with its messages. Raises not_found."""
    if not WebhookEndpoint.objects.filter(org_id=org_id, pk=endpoint_id).delete()[0]:
        raise Problem("not_found", "no such webhook endpoint")


def send_test(*, org_id: int, endpoint_id: uuid.UUID | None) -> WebhookDelivery:
    """Sends one address a message that means nothing, to see whether it arrives. Raises not_found."""
    found = WebhookEndpoint.objects.filter(org_id=org_id, pk=endpoint_id).first()
    if found is None:
        raise Problem("not_found", "no such webhook endpoint")
    return WebhookDelivery.objects.create(org_id=org_id, endpoint=found, event=TEST,
                                          data={"endpoint": ids.prefixed("whe", found.pk)})


def announce(*, org_id: int, event: str, data: Mapping[str, Any]) -> int:
    """Queues a message to every address of the organization that hears this event; how many. Call it in the
    transaction of what happened: the messages go out only if it is committed."""
    heard = [one for one in endpoints_of(org_id=org_id) if _hears(one.events, event)]
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(org_id=org_id, endpoint=one, event=event, data=dict(data)) for one in heard)
    return len(heard)


def _hears(patterns: Sequence[str], event: str) -> bool:
    group = event.partition(".")[0]
    return any(word in ("*", event, f"{group}.*") for word in patterns)
