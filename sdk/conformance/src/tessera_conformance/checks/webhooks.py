"""Section 13: told when a job has ended, and able to prove by whom."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import queue
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from tessera_conformance.checks.jobs import submit
from tessera_conformance.registry import Skip, check, member, need, same
from tessera_conformance.target import Target

Message = tuple[Mapping[str, str], bytes]


@contextmanager
def receiver(t: Target) -> Iterator[tuple[str, queue.Queue[Message]]]:
    """A URL on this machine, and the messages that come in there."""
    messages: queue.Queue[Message] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            messages.put(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            """Says nothing."""

    server = HTTPServer(("", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{t.callback_host}:{server.server_port}/hook", messages
    finally:
        server.shutdown()
        server.server_close()


def delivered(t: Target) -> tuple[list[str], Message, dict[str, object]]:
    """The signing secrets, one message, and the job that it tells of."""
    secrets = member(t.allowed("webhooks", "GET", "/api/v1/webhook-secrets").json(), "secrets", list)
    with receiver(t) as (url, messages):
        answer = t.call("POST", t.predictions_path, body={"input": t.text_input, "webhook": url},
                        headers={"Prefer": "respond-async"})
        if answer.status_code == 422 and "webhook" in answer.text:
            raise Skip(f"the target calls no address of this machine: {answer.json().get('detail')}")
        same(answer.status_code, 202, f"the status ({answer.text[:100]})")
        job = answer.json()
        try:
            return secrets, messages.get(timeout=20), job
        except queue.Empty:
            log = t.call("GET", "/api/v1/webhook-deliveries")
            mine = [one for one in log.json()["data"] if one["prediction"] == job["id"]] if log.is_success else []
            if mine and "refused" in mine[0].get("error", ""):
                raise Skip(f"the target calls no address of this machine: {mine[0]['error']}") from None
            need(False, f"no message within 20 s; its log says {mine}")
            raise


@check("webhooks.delivered", "13.1")
def arrives(t: Target) -> None:
    """The end of a job is posted to its webhook as {type, timestamp, data}, data being the Prediction."""
    _, (_, body), job = delivered(t)
    event = json.loads(body)
    same(event["type"], "prediction.succeeded", "`type`")
    same(member(event, "data", dict)["id"], job["id"], "`data.id`")
    member(event, "timestamp", str)


@check("webhooks.signature", "13.2")
def signature(t: Target) -> None:
    """A message is signed as Standard Webhooks say: v1, base64 of HMAC-SHA256 over id.timestamp.body."""
    secrets, (headers, body), _ = delivered(t)
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    need(message_id and stamp.isdigit(), "webhook-id or webhook-timestamp is missing")
    need(abs(time.time() - int(stamp)) < 300, "the timestamp is not of now")
    signed = f"{message_id}.{stamp}.".encode() + body
    wanted = {"v1," + base64.b64encode(hmac.new(base64.b64decode(one.removeprefix("whsec_")), signed,
                                                hashlib.sha256).digest()).decode() for one in secrets}
    need(wanted & set(headers.get("webhook-signature", "").split()), "no signature fits")


@check("webhooks.form", "13.3")
def form(t: Target) -> None:
    """A webhook that is no plain http(s) URL is 422 validation_error with the pointer /webhook."""
    for wrong in ("ftp://example.com/x", "http://user:word@example.com/x"):
        answer = t.call("POST", t.predictions_path, body={"input": t.text_input, "webhook": wrong},
                        headers={"Prefer": "respond-async"})
        problem = t.refuses(answer, 422, "validation_error", "native")
        same([one["pointer"] for one in problem["errors"]], ["/webhook"], "the pointers")


@check("webhooks.log", "13.4")
def log(t: Target) -> None:
    """Deliveries are logged with state, attempts and the receiver's status."""
    rows = t.allowed("webhooks", "GET", "/api/v1/webhook-deliveries").json()["data"]
    if not rows:
        submit(t, webhook="https://example.invalid/hook")
        rows = t.until(lambda: t.document("GET", "/api/v1/webhook-deliveries")["data"], "an entry in the log", 30)
    need({"id", "event", "state", "attempts"} <= rows[0].keys(), f"an entry has {sorted(rows[0])}")
