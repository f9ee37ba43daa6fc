"""Deliveries of events to jobs' addresses and to endpoints, signed as Standard Webhooks say, retried over a day."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import logging
import secrets
import time
import uuid
from datetime import timedelta
from random import random

import orjson
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from inference_backend import netguard
from inference_backend.jobs import selectors
from inference_backend.jobs.models import WebhookDelivery, WebhookSecret
from kernel import ids
from kernel.clock import now
from kernel.problems import FieldError, Problem

log = logging.getLogger(__name__)

BACKOFF_S = (5, 30, 120, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
TIMEOUT_S = 5.0
MAX_OUTPUT_BYTES = 256 * 1024  # a larger output is fetched by its URL
ROTATION_OVERLAP = timedelta(days=1)


def allow_private() -> bool:
    """Whether loopback may be called: for tests and demonstrations on one machine only."""
    return bool(getattr(settings, "WEBHOOKS_ALLOW_PRIVATE", False))


def check_url(url: str) -> str:
    """The URL, or Problem validation_error. Its address is resolved and checked at each delivery."""
    try:
        netguard.check_form(url, allow_private=allow_private())
    except netguard.Refused as refused:
        raise Problem("validation_error", f"webhook: {refused}",
                      errors=[FieldError("/webhook", str(refused))]) from None
    return url


def current_secrets(*, org_id: int) -> list[str]:
    """The organization's valid signing secrets, newest first. The first is made when it is first asked for."""
    rows = list(WebhookSecret.objects.filter(org_id=org_id).filter(Q(expires_at=None) | Q(expires_at__gt=now()))
                .order_by("-created_at", "-pk"))
    return [row.secret for row in rows] or [_new_secret(org_id)]


def rotate_secret(*, org_id: int) -> str:
    """A new secret; the old ones sign alongside for one more day."""
    with transaction.atomic():
        WebhookSecret.objects.filter(org_id=org_id, expires_at=None).update(expires_at=now() + ROTATION_OVERLAP)
        return _new_secret(org_id)


def _new_secret(org_id: int) -> str:
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    WebhookSecret.objects.create(org_id=org_id, secret=secret)
    return secret


def sign(*, secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """``v1,<base64 HMAC-SHA256 of id.timestamp.body>``."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def deliver_due(*, limit: int = 20) -> int:
    """Attempts the deliveries that are due; says how many. Two of these at once never send the same one."""
    done = 0
    for _ in range(limit):
        delivery = _claim()
        if delivery is None:
            break
        _attempt(delivery)
        done += 1
    return done


def _claim() -> WebhookDelivery | None:
    with transaction.atomic():
        delivery = (WebhookDelivery.objects.select_for_update(skip_locked=True, of=("self",))
                    .select_related("job", "endpoint")
                    .filter(state="pending", next_at__lte=now()).order_by("next_at").first())
        if delivery is not None:
            delivery.attempts += 1
            # Should this process die while it sends, the next attempt comes by itself.
            delivery.next_at = now() + timedelta(seconds=_backoff(delivery.attempts))
            delivery.save(update_fields=["attempts", "next_at"])
        return delivery


def _backoff(attempt: int) -> float:
    return BACKOFF_S[min(attempt, len(BACKOFF_S)) - 1] * (0.8 + 0.4 * random())


def _attempt(delivery: WebhookDelivery) -> None:
    body, message_id, timestamp = _body(delivery), ids.prefixed("msg", delivery.id), int(time.time())
    headers = {
        "Content-Type": "application/json", "User-Agent": "Tessera-Webhooks/1", "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret=secret, message_id=message_id, timestamp=timestamp, body=body)
                                      for secret in current_secrets(org_id=delivery.org_id)),
    }
    status: int | None = None
    error = ""
    try:
        destination = netguard.resolve(delivery.url, allow_private=allow_private())
        status = netguard.post(destination, body=body, headers=headers, timeout_s=TIMEOUT_S)
    except netguard.Refused as refused:
        error = f"refused: {refused}"
    except (OSError, http.client.HTTPException) as failure:
        error = f"{type(failure).__name__}: {failure}"[:300]
    delivery.response_status, delivery.error = status, error
    if status is not None and 200 <= status < 300:
        delivery.state, delivery.delivered_at = "delivered", now()
    elif status == 410 or error.startswith("refused") or delivery.attempts > len(BACKOFF_S):
        delivery.state = "failed"
    delivery.save(update_fields=["response_status", "error", "state", "delivered_at"])


def _body(delivery: WebhookDelivery) -> bytes:
    data = delivery.data if delivery.job is None else selectors.prediction(delivery.job)
    if delivery.job is not None and data["output"] is not None and len(orjson.dumps(data["output"])) > MAX_OUTPUT_BYTES:
        data["output"] = None
    return orjson.dumps({"type": delivery.event, "timestamp": delivery.created_at.isoformat().replace("+00:00", "Z"),
                         "data": data})


def deliveries_of(*, org_id: int, limit: int = 100) -> list[WebhookDelivery]:
    """The organization's newest deliveries."""
    return list(WebhookDelivery.objects.filter(org_id=org_id).select_related("job", "endpoint")
                .order_by("-created_at")[:limit])


def replay(*, org_id: int, delivery_id: uuid.UUID | None) -> WebhookDelivery:
    """Sends a message again, under the same webhook-id, so that a receiver can tell."""
    delivery = WebhookDelivery.objects.filter(org_id=org_id, pk=delivery_id).select_related("job", "endpoint").first()
    if delivery is None:
        raise Problem("not_found", "no such delivery")
    delivery.state, delivery.next_at, delivery.attempts = "pending", now(), 0
    delivery.save(update_fields=["state", "next_at", "attempts"])
    return delivery
