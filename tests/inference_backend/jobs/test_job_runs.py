"""The Celery task, the gateway's submitter, the HTTP views and the webhooks, over the fixed runtime."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest
from django.db import connections
from jobs_support import BODY, GRANT, FixedRuntime, accept
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from inference_backend import netguard
from inference_backend.jobs import api, ports, selectors, services, tasks, webhooks
from inference_backend.jobs.models import Job, WebhookDelivery
from inference_backend.jobs.submitter import JobSubmitter
from kernel import clock
from kernel.problems import Problem

pytestmark = [pytest.mark.stack, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    yield
    clock.set_offset(timedelta(0))


def reread(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


def test_a_job_runs_once_and_is_charged_once(runtime: FixedRuntime) -> None:
    job = accept().job
    tasks.run_job(job.id.hex)
    tasks.run_job(job.id.hex)
    done = reread(job)
    assert (done.status, done.version, done.progress) == ("succeeded", 4, 1.0)
    assert selectors.prediction(done)["output"] == {"text": "HELLO\0"}
    assert [order.body for order in runtime.orders] == [BODY]
    assert list(runtime.charged) == [services.event_id(job.id)]


def test_a_retry_after_a_lost_worker_bills_the_same_event(runtime: FixedRuntime) -> None:
    job = accept().job
    services.take_lease(job_id=job.id)
    runtime.charged[services.event_id(job.id)] = 1  # the lost worker had charged before it died
    clock.set_offset(timedelta(seconds=16))
    services.reap_expired()
    tasks.run_job(job.id.hex)
    assert reread(job).status == "succeeded"
    assert len(runtime.charged) == 1


def test_problems_end_or_postpone_a_job(runtime: FixedRuntime) -> None:
    refused, throttled = accept().job, accept().job
    runtime.problems = [Problem("model_error", "no text")]
    tasks.run_job(refused.id.hex)
    runtime.problems = [Problem("overloaded")]
    tasks.run_job(throttled.id.hex)
    assert (reread(refused).status, reread(refused).error_code) == ("failed", "model_error")
    assert (reread(throttled).status, reread(throttled).attempts) == ("queued", 0)
    assert runtime.charged == {}


def test_a_running_job_is_canceled_within_a_heartbeat(runtime: FixedRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "HEARTBEAT_S", 0.05)
    runtime.delay = 30.0
    job = accept().job
    worker = threading.Thread(target=tasks.run_job, args=[job.id.hex])
    worker.start()
    while not runtime.orders:
        worker.join(0.02)
    services.cancel(org_id=3, job_id=job.id)
    worker.join(5)
    assert not worker.is_alive()
    assert (reread(job).status, runtime.charged) == ("canceled", {})


def test_a_job_past_its_deadline_fails_with_timeout(runtime: FixedRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "DEADLINE_S", 0.1)
    runtime.delay = 30.0
    job = accept().job
    tasks.run_job(job.id.hex)
    assert (reread(job).status, reread(job).error_code) == ("failed", "timeout")


async def test_the_gateway_submits_and_twenty_at_once_are_one_job() -> None:
    async def one() -> tuple[dict[str, object], bool]:
        return await JobSubmitter().submit(GRANT, model="echo", version=None, body=BODY,
                                           content_type="application/json", idempotency_key="same")

    answers = await asyncio.gather(*(one() for _ in range(20)))
    assert len({str(document["id"]) for document, _ in answers}) == 1
    assert sorted(replayed for _, replayed in answers) == [False] + [True] * 19


def call(view: type, *args: str, org: int | None = 3, method: str = "get", path: str = "/", body: object = None,
         auth: object = None, **headers: str) -> Response:
    request = getattr(APIRequestFactory(), method)(path, body, format="json", headers=headers)
    request.organization_id = org
    request.user = SimpleNamespace(is_authenticated=True, is_active=True)
    view = type("View", (view,), {"authentication_classes": [type("A", (), {
        "authenticate": lambda self, request: (request._request.user, auth),
        "authenticate_header": lambda self, request: "Bearer"})]})
    return view.as_view()(request, *args)


def test_views_answer_their_own_organization_only(runtime: FixedRuntime) -> None:
    job = accept().job
    assert call(api.Prediction, job.public_id).data["status"] == "queued"
    assert [row["id"] for row in call(api.Predictions).data["data"]] == [job.public_id]
    assert call(api.Predictions, org=4).data["data"] == []
    for view, method in ((api.Prediction, "get"), (api.CancelPrediction, "post"), (api.PredictionEvents, "get")):
        stranger, unknown = call(view, job.public_id, org=4, method=method), call(view, "pred_1", method=method)
        assert (stranger.status_code, stranger.data["code"]) == (unknown.status_code, unknown.data["code"])
        assert stranger.status_code == 404
    assert call(api.Prediction, job.public_id, auth=SimpleNamespace(scopes=("models:read",))).status_code == 403
    assert call(api.Predictions, path="/?limit=0").status_code == 400
    assert call(api.CancelPrediction, job.public_id, method="post").data["status"] == "canceled"


async def test_events_stream_from_the_last_seen_to_the_end(runtime: FixedRuntime) -> None:
    job = await asyncio.to_thread(lambda: accept().job)
    await asyncio.to_thread(tasks.run_job, job.id.hex)
    chunks = [chunk async for chunk in api.event_stream(job.id, 3, 1)]
    kinds = [line.split(b": ")[1] for chunk in chunks for line in chunk.split(b"\n") if line.startswith(b"event: ")]
    assert kinds[-2:] == [b"status", b"prediction"]
    assert b"id: 2\n" in chunks[1]
    last = json.loads(chunks[-1].split(b"data: ")[1])
    assert (last["status"], last["output"]) == ("succeeded", {"text": "HELLO\0"})
    await asyncio.to_thread(connections.close_all)


def test_a_signed_in_member_runs_a_model(runtime: FixedRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_playground_grant", lambda request: GRANT)
    body = json.loads(BODY)
    done = call(api.ModelPredictions, "echo", method="post", body=body)
    assert (done.status_code, done.data["status"], done.data["usage"]["cost"]) == (200, "succeeded", "0.002")
    queued = call(api.ModelPredictions, "echo", method="post", body=body, Prefer="respond-async")
    assert (queued.status_code, queued.data["status"]) == (202, "queued")
    assert queued["Location"] == queued.data["urls"]["get"]
    assert call(api.ModelPredictions, "echo", method="post", body={"inputs": {}}).status_code == 422
    assert call(api.ModelPredictions, "other", method="post", body=body, Prefer="respond-async").status_code == 404
    assert call(api.ModelPredictions, "echo", method="post", body=body, auth=GRANT).status_code == 403


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]], list[int]]]:
    received: list[tuple[dict[str, str], bytes]] = []
    answers: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(answers.pop(0) if answers else 204)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", received, answers
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_is_signed_retried_and_logged(runtime: FixedRuntime, receiver, settings) -> None:
    url, received, answers = receiver
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    answers += [500, 302]
    job = accept(webhook_url=url).job
    tasks.run_job(job.id.hex)
    for attempt in (1, 2, 3):
        assert webhooks.deliver_due() == 1
        assert webhooks.deliver_due() == 0
        assert len(received) == attempt
        clock.set_offset(timedelta(seconds=1000 * attempt))
    log = WebhookDelivery.objects.get(job=job)
    assert (log.state, log.attempts, log.response_status, log.event) == ("delivered", 3, 204, "prediction.succeeded")
    assert len({headers["webhook-id"] for headers, _ in received}) == 1
    headers, body = received[-1]
    assert json.loads(body)["data"]["id"] == job.public_id
    secret = base64.b64decode(webhooks.current_secrets(org_id=3)[0].removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    webhooks.rotate_secret(org_id=3)
    webhooks.replay(org_id=3, delivery_id=log.id)
    assert webhooks.deliver_due() == 1
    assert len(received[-1][0]["webhook-signature"].split()) == 2


def test_a_receiver_that_is_gone_for_good_is_left_alone(runtime: FixedRuntime, receiver, settings) -> None:
    url, received, answers = receiver
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    answers.append(410)
    job = accept(webhook_url=url).job
    tasks.run_job(job.id.hex)
    assert webhooks.deliver_due() == 1
    clock.set_offset(timedelta(days=2))
    assert (webhooks.deliver_due(), len(received)) == (0, 1)
    log = WebhookDelivery.objects.get(job=job)
    assert (log.state, log.response_status) == ("failed", 410)
    with pytest.raises(Problem, match="not_found"):
        webhooks.replay(org_id=4, delivery_id=log.id)
    again = webhooks.replay(org_id=3, delivery_id=log.id)
    assert again.id == log.id
    assert webhooks.deliver_due() == 1
    assert received[0][0]["webhook-id"] == received[1][0]["webhook-id"]
    assert WebhookDelivery.objects.get(job=job).state == "delivered"


def test_a_rotated_secret_signs_for_one_more_day() -> None:
    old = webhooks.current_secrets(org_id=3)
    new = webhooks.rotate_secret(org_id=3)
    assert webhooks.current_secrets(org_id=3) == [new, *old]
    clock.set_offset(timedelta(days=1, seconds=1))
    assert webhooks.current_secrets(org_id=3) == [new]
    assert webhooks.current_secrets(org_id=4) != [new]


def test_webhooks_go_to_no_inner_address(runtime: FixedRuntime, receiver) -> None:
    url, received, _ = receiver
    job = accept(webhook_url=url).job
    tasks.run_job(job.id.hex)
    assert webhooks.deliver_due() == 1
    assert received == []
    assert WebhookDelivery.objects.get(job=job).state == "failed"


@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.1.2.3", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1", "::1", "::ffff:127.0.0.1",
    "fc00::1",
    "64:ff9b::7f00:1", "2002:7f00:1::", "::7f00:1", "fec0::1", "ff02::1", "fe80::1%eth0"])
def test_addresses_that_lead_inside(address: str) -> None:
    assert not netguard.is_public(address)


@pytest.mark.parametrize("url", [
    "ftp://example.com/", "http://example.com:22/", "http://u:p@example.com/", "http:///x", "http://exa mple.com/",
    "http://example.com:99999/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://localhost/"])
def test_urls_that_are_refused(url: str) -> None:
    with pytest.raises(netguard.Refused):
        netguard.resolve(url)


def test_public_addresses_are_let_through() -> None:
    assert netguard.is_public("93.184.215.14")
    assert netguard.is_public("2606:4700::1111")
    assert netguard.resolve("https://93.184.215.14/a?b=c") == netguard.Destination(
        "https", "93.184.215.14", 443, "/a?b=c", "93.184.215.14")
