"""Webhooks, verified as Standard Webhooks say, before anything of them is believed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from tessera.errors import InvalidSignature


def verify(body: bytes, headers: Mapping[str, str], secret: str, *, tolerance_s: int = 300) -> dict[str, Any]:
    """The event, if its signature is right and it is not older than the tolerance. Raises InvalidSignature."""
    lower = {name.lower(): value for name, value in headers.items()}
    message_id, stamp = lower.get("webhook-id", ""), lower.get("webhook-timestamp", "")
    if not message_id or not (stamp.isascii() and stamp.isdigit()):
        raise InvalidSignature("webhook-id or webhook-timestamp is missing")
    if abs(time.time() - int(stamp)) > tolerance_s:
        raise InvalidSignature("the message is too old or from the future")
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise InvalidSignature("the secret is not a whsec_… secret") from None
    expected = base64.b64encode(hmac.new(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256).digest())
    given = [part[3:].encode() for part in lower.get("webhook-signature", "").split() if part.startswith("v1,")]
    if not any(hmac.compare_digest(expected, signature) for signature in given):
        raise InvalidSignature("no signature fits")
    event = json.loads(body)
    if not isinstance(event, dict):
        raise InvalidSignature("the message is not an event")
    return event
