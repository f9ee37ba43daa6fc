"""The sandbox over HTTP: Stripe's API under /v1, its hosted pages, and /sandbox to steer it."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import random
import secrets
import socketserver
import threading
import time
import urllib.parse
from base64 import b64decode
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from billing.sandbox_stripe import operations, pages, requests
from billing.sandbox_stripe.actions import Actions
from billing.sandbox_stripe.contract import Contract
from billing.sandbox_stripe.requests import StripeError, invalid
from billing.sandbox_stripe.store import DEFAULTS, Store, public

log = logging.getLogger(__name__)
MAX_BODY = 1 << 20


class FaultInjected(Exception):
    """The connection is to be dropped without an answer."""


class Sandbox:
    """What a request needs: the contract, the memory, the key that callers show."""

    def __init__(self, contract: Contract, store: Store, actions: Actions, api_key: str) -> None:
        self.contract, self.store, self.actions, self.api_key = contract, store, actions, api_key
        self._running: set[str] = set()
        self._guard = threading.Lock()

    def call(self, verb: str, path: str, query: str, headers: Any, body: bytes) -> tuple[int, str, dict[str, str]]:
        """One API request: (status, body, further headers). Raises FaultInjected where the answer gets lost."""
        found = self.contract.find(verb, path)
        if found is None:
            raise invalid(f"Unrecognized request URL ({verb.upper()}: {path}).", status=404)
        operation, parts = found
        self._authenticate(headers)
        values = requests.check(self.contract, operation,
                                requests.decode(headers.get("Content-Type", ""), body, query))
        chaos = self.store.settings
        if _hit(chaos["fault_before"]):
            raise FaultInjected
        if chaos["delay_ms"]:
            time.sleep(timedelta(milliseconds=random.randrange(chaos["delay_ms"] + 1)).total_seconds())
        key = headers.get("Idempotency-Key", "") if verb == "post" else ""
        if key and not chaos["ignore_idempotency"]:
            answer = self._once(key, operation.name, path, values, parts)
        else:
            with self.store.transaction():
                status, text = self._perform(operation.name, values, parts)
            answer = status, text, {}
        if _hit(chaos["fault_after"]):
            raise FaultInjected
        return answer

    def _once(self, key: str, name: str, path: str, values: dict[str, Any],
              parts: dict[str, str]) -> tuple[int, str, dict[str, str]]:
        fingerprint = hashlib.sha256(json.dumps([path, values], sort_keys=True).encode()).hexdigest()
        with self._guard:
            if key in self._running:
                raise StripeError(409, "idempotency_error", "There is currently another in-progress request using this "
                                  "idempotency key.", "idempotency_key_in_use")
            self._running.add(key)
        try:
            with self.store.transaction():
                earlier = self.store.replay(key)
                if earlier is not None:
                    if earlier[0] != fingerprint:
                        raise StripeError(400, "idempotency_error", "Keys for idempotent requests can only be used "
                                          "with the same parameters they were first used with.")
                    return earlier[1], earlier[2], {"Idempotent-Replayed": "true"}
                status, text = self._perform(name, values, parts)
                self.store.keep(key, fingerprint, status, text)
                return status, text, {}
        finally:
            with self._guard:
                self._running.discard(key)

    def _perform(self, name: str, values: dict[str, Any], parts: dict[str, str]) -> tuple[int, str]:
        if _hit(self.store.settings["fault_error"]):
            return 500, json.dumps({"error": {"type": "api_error", "message": "Sorry! Something went wrong."}})
        try:
            return 200, json.dumps(public(self.actions.perform(name, values, parts)))
        except StripeError as error:  # a declined card leaves its failed charge behind: this is an outcome too
            return error.status, json.dumps(error.body())

    def _authenticate(self, headers: Any) -> None:
        scheme, _, given = headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            given = b64decode(given).decode().partition(":")[0]
        if not hmac.compare_digest(given, self.api_key):
            raise invalid("Invalid API Key provided", status=401)

    def control(self, path: str, headers: Any, body: bytes) -> dict[str, Any]:
        """POST /sandbox/settings sets chaos and clock; /sandbox/dispute disputes a charge, or decides
        a dispute. Callers show the API key."""
        self._authenticate(headers)
        values = json.loads(body or b"{}")
        if path == "/sandbox/settings":
            unknown = set(values) - set(DEFAULTS)
            if unknown:
                raise invalid(f"Unknown setting: {', '.join(sorted(unknown))}")
            self.store.set(**{name: int(value) for name, value in values.items()})
            return {**self.store.settings, "now": self.store.now()}
        if path == "/sandbox/dispute":
            with self.store.transaction():
                found = (operations.close_dispute(self.actions, values["dispute"], values["status"])
                         if "dispute" in values else operations.open_dispute(self.actions, values["charge"]))
                return public(found)  # type: ignore[no-any-return]
        raise invalid(f"Unrecognized request URL (POST: {path}).", status=404)


def _hit(per_mille: int) -> bool:
    return per_mille > 0 and random.randrange(1000) < per_mille


class Handler(BaseHTTPRequestHandler):
    """Adapter between the socket and `Sandbox`."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # one segment for head and body: two would wait for each other's acknowledgement
    server: Server

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)

    def _handle(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            self._send(413, "application/json", "{}")
            self.close_connection = True
            return
        body = self.rfile.read(length)
        verb = self.command.lower()
        try:
            if url.path == "/healthz":
                self._send(200, "application/json", '{"status": "ok"}')
            elif url.path.startswith("/sandbox/"):
                answer = self.server.sandbox.control(url.path, self.headers, body)
                self._send(200, "application/json", json.dumps(answer))
            elif url.path.startswith(("/v1/", "/v2/")):
                self._send_json(*self.server.sandbox.call(verb, url.path, url.query, self.headers, body))
            else:
                page = pages.answer(self.server.sandbox.actions, verb, url.path, body)
                self._send(page.status, "text/html; charset=utf-8", page.html, page.headers)
        except FaultInjected:
            self.close_connection = True
            self.connection.close()
        except StripeError as error:
            self._send_json(error.status, json.dumps(error.body()), {})

    do_GET = do_POST = do_DELETE = _handle

    def _send_json(self, status: int, text: str, headers: dict[str, str]) -> None:
        self._send(status, "application/json", text, {**headers, "Request-Id": f"req_{secrets.token_hex(7)}"})

    def _send(self, status: int, content_type: str, text: str, headers: dict[str, str] | None = None) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


class Server(socketserver.ThreadingMixIn, HTTPServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], sandbox: Sandbox) -> None:
        super().__init__(address, Handler)
        self.sandbox = sandbox

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hung up is everyday; the rest is logged with its trace."""
        log.debug("request failed", exc_info=True)
