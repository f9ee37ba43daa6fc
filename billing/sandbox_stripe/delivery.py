"""Sends events to the product's webhook address: signed, repeated until they are taken, as disorderly as told."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import logging
import threading
import time
import urllib.parse
from datetime import timedelta

from billing.sandbox_stripe.store import Store, public

log = logging.getLogger(__name__)

BACKOFF_MS = (500, 2_000, 10_000, 60_000, 300_000)
PAUSE_S = timedelta(milliseconds=50).total_seconds()


def signature(secret: str, payload: bytes, timestamp: int) -> str:
    """The Stripe-Signature header: HMAC-SHA256 over ``{timestamp}.{payload}``."""
    mac = hmac.new(secret.encode(), f"{timestamp}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={mac}"


class Deliveries(threading.Thread):
    """The one sender. What could not be sent is in the store, so a restart goes on where it stopped."""

    def __init__(self, store: Store, url: str, secret: str) -> None:
        super().__init__(name="deliveries", daemon=True)
        self._store, self._url, self._secret = store, urllib.parse.urlsplit(url), secret
        self._stop = threading.Event()

    def stop(self) -> None:
        self._stop.set()

    def run(self) -> None:
        while not self._stop.wait(PAUSE_S):
            for delivery, event_id, tries in self._store.due(time.time_ns() // 1_000_000):
                if self._send(event_id):
                    self._store.delivered(delivery)
                elif tries >= len(BACKOFF_MS):
                    log.warning("gave up on event %s", event_id)
                    self._store.delivered(delivery)
                else:
                    self._store.postpone(delivery, time.time_ns() // 1_000_000 + BACKOFF_MS[tries])

    def _send(self, event_id: str) -> bool:
        with self._store.transaction():
            event = self._store.get(event_id, "event")
        if event is None:
            return True
        payload = json.dumps(public(event)).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "Stripe/1.0 (sandbox)",
                   "Stripe-Signature": signature(self._secret, payload, self._store.now())}
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._url.hostname or "", self._url.port, timeout=10)
        try:
            connection.request("POST", self._url.path or "/", payload, headers)
            return 200 <= connection.getresponse().status < 300
        except OSError:
            return False
        except http.client.HTTPException:
            return False
        finally:
            connection.close()
