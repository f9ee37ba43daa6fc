"""Predictions over HTTP: lists, one, cancel, events, and the call itself for browser sessions.

With an API key, ``POST /api/v1/models/{model}/predictions`` is answered by the gateway before Django sees it; the
operation is documented here, and a signed-in member's playground calls it with the organization's own grant.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson
from asgiref.sync import async_to_sync
from django.http import StreamingHttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inference_backend.jobs import endpoints, ports, selectors, services, webhooks
from inference_backend.jobs import serializers as shapes
from inference_backend.jobs.database import in_thread
from inference_backend.jobs.lists import PAGING, page_size
from inference_backend.jobs.models import WebhookDelivery, WebhookEndpoint
from kernel import ids
from kernel.clock import now
from kernel.contracts import Grant
from kernel.paging import whole
from kernel.problems import FieldError, Problem

MAX_BODY = 32 << 20
EVENTS_POLL_S = 0.3
EVENTS_KEEP_ALIVE_S = 15.0
EVENTS_DURATION_S = 300.0  # then the client comes back with Last-Event-ID

PROBLEM = {(404, "application/problem+json"): OpenApiResponse(OpenApiTypes.OBJECT, description="A problem: not_found")}


# One event of the stream; no `type`, because a client that takes the whole stream sees text.
EVENT = {"description": "An event as it is sent; `data` is JSON.", "properties": {
    name: {"type": "string"} for name in ("id", "event", "data", "retry")}}


class EventStream(BaseRenderer):
    """Lets a client in that accepts only an event stream; the stream itself is no DRF answer."""

    media_type = "text/event-stream"
    format = "events"

    def render(self, data: Any, accepted_media_type: str | None = None,
               renderer_context: Mapping[str, Any] | None = None) -> bytes:
        return orjson.dumps(data)


def organization_of(request: Request, scope: str = "predict") -> int:
    """The organization that a request speaks for, if its key may do this. None of it: as for a stranger."""
    scopes = getattr(request.auth, "scopes", None)
    if scopes is not None and scope not in scopes:
        raise Problem("insufficient_scope", f"this key lacks the scope {scope}", scope=scope)
    organization_id = getattr(request._request, "organization_id", None)
    if organization_id is None:
        raise Problem("permission_denied", "sign in as a member of an organization")
    return int(organization_id)


def _job_id(text: str) -> uuid.UUID | None:
    return ids.unprefixed("pred", text)


class Predictions(APIView):
    @extend_schema(operation_id="predictions_list", tags=["predictions"], summary="List predictions",
                   parameters=[*PAGING, OpenApiParameter("model", str), OpenApiParameter("status", str)],
                   responses={200: shapes.PredictionPageSerializer})
    def get(self, request: Request) -> Response:
        jobs, cursor = selectors.jobs_of(
            org_id=organization_of(request), limit=page_size(request), cursor=request.query_params.get("cursor", ""),
            model=request.query_params.get("model", ""), status=request.query_params.get("status", ""))
        return Response({"data": [selectors.prediction(job, with_output=False) for job in jobs],
                         "has_more": cursor is not None, "next_cursor": cursor})


class Prediction(APIView):
    @extend_schema(operation_id="predictions_retrieve", tags=["predictions"], summary="Get one prediction",
                   responses={200: shapes.PredictionSerializer, **PROBLEM})
    def get(self, request: Request, prediction_id: str) -> Response:
        job = selectors.job_of(org_id=organization_of(request), job_id=_job_id(prediction_id))
        headers = {"Retry-After": "1"} if job.completed_at is None else {}
        return Response(selectors.prediction(job), headers=headers)


class CancelPrediction(APIView):
    @extend_schema(operation_id="predictions_cancel", tags=["predictions"], summary="Cancel a prediction", request=None,
                   responses={200: shapes.PredictionSerializer, **PROBLEM},
                   description="A waiting one ends at once; a running one within seconds, unless it is done before.")
    def post(self, request: Request, prediction_id: str) -> Response:
        org_id, job_id = organization_of(request), _job_id(prediction_id)
        if job_id is None:
            raise Problem("not_found", "no such prediction")
        return Response(selectors.prediction(services.cancel(org_id=org_id, job_id=job_id)))


class PredictionEvents(APIView):
    renderer_classes = [JSONRenderer, EventStream]

    @extend_schema(operation_id="predictions_events", tags=["predictions"], summary="Follow a prediction",
                   parameters=[OpenApiParameter("Last-Event-ID", str, OpenApiParameter.HEADER)],
                   responses={(200, "text/event-stream"): EVENT, **PROBLEM},
                   description="Server-sent events `status`, `progress`, and at the end `prediction`.")
    def get(self, request: Request, prediction_id: str) -> StreamingHttpResponse:
        job = selectors.job_of(org_id=organization_of(request), job_id=_job_id(prediction_id))
        seen = request.headers.get("Last-Event-ID", "0")
        start = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else 0
        response = StreamingHttpResponse(event_stream(job.id, job.org_id, start), content_type="text/event-stream")
        response.headers["Cache-Control"], response.headers["X-Accel-Buffering"] = "no-store", "no"
        return response


async def event_stream(job_id: uuid.UUID, org_id: int, sequence: int) -> AsyncIterator[bytes]:
    """The events after a sequence number as they come, until the job ends or the time is up."""
    end = time.monotonic() + EVENTS_DURATION_S
    spoke = time.monotonic()
    yield b"retry: 1000\n\n"
    while time.monotonic() < end:
        events, complete = await in_thread(selectors.events_after, job_id=job_id, org_id=org_id, sequence=sequence)
        for event in events:
            sequence = event.sequence
            yield b"id: %d\nevent: %s\ndata: %s\n\n" % (sequence, event.kind.encode(), orjson.dumps(event.data))
        if complete:
            last = await in_thread(_document, job_id, org_id)
            yield b"id: %d\nevent: prediction\ndata: %s\n\n" % (sequence, orjson.dumps(last))
            return
        moment = time.monotonic()
        if events:
            spoke = moment
        elif moment - spoke > EVENTS_KEEP_ALIVE_S:
            spoke = moment
            yield b": still here\n\n"
        await asyncio.sleep(EVENTS_POLL_S)


def _document(job_id: uuid.UUID, org_id: int) -> dict[str, Any]:
    return selectors.prediction(selectors.job_of(org_id=org_id, job_id=job_id))


class ModelPredictions(APIView):
    throttle_classes = ()  # keeps its Idempotency-Keys itself, with the jobs

    @extend_schema(
        operation_id="predictions_create", tags=["predictions"], summary="Run a model",
        description="Answers 200 with the finished prediction, or 202 with a queued one (`Prefer: respond-async`, or "
                    "when the wait is over). A repeated Idempotency-Key gets the same answer and is charged once.",
        request={"application/json": shapes.PredictionRequestSerializer},
        parameters=[
            OpenApiParameter("Prefer", str, OpenApiParameter.HEADER, description="`wait=n` or `respond-async`"),
            OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, description="at most 255 characters"),
            OpenApiParameter("Max-Cost", str, OpenApiParameter.HEADER,
                             description="`0.05` or `0.05 USD`: a call whose estimate is more is refused with 402 "
                                         "before the model runs"),
        ],
        responses={200: shapes.PredictionSerializer, 202: shapes.PredictionSerializer, **PROBLEM},
        examples=[OpenApiExample("text", request_only=True, value={"input": {"text": "I like it."}})])
    def post(self, request: Request, model: str) -> Response:
        if request.auth is not None:
            raise Problem("permission_denied", "a key's predictions are served by the gateway")
        body = request._request.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise Problem("payload_too_large", "a request holds at most 32 MiB")
        if request._request.content_type != "application/json":
            raise Problem("unsupported_media_type", "send application/json")
        grant = ports.playground_grant(request._request)
        document = _read(body)
        key = request.headers.get("Idempotency-Key")
        if key is not None and not 1 <= len(key) <= 255:
            raise Problem("invalid_request", "Idempotency-Key holds 1 to 255 characters")
        if "respond-async" in request.headers.get("Prefer", ""):
            return _submit(grant, model, body, document, key)
        if document.get("webhook"):
            raise Problem("invalid_request", "a webhook goes with Prefer: respond-async")
        order = ports.Order(grant, model, document.get("version"), "application/json", body,
                            ids.billing_event_id(grant.key_id, None if key is None else f"{model}:{key}"), "sync")
        started = now()
        done = async_to_sync(_invoke)(order)
        return Response(_finished(order, done, document, started.isoformat()))


def _read(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem("malformed_json", str(error)) from None
    if not isinstance(document, dict) or not isinstance(document.get("input"), dict):
        raise Problem("validation_error", "the body is an object with the member input",
                      errors=[FieldError("/input", "required", "required")])
    if not isinstance(document.get("version"), int | str | None) or isinstance(document.get("version"), bool):
        raise Problem("validation_error", errors=[FieldError("/version", "must be a number or an alias")])
    if document.get("metadata") is not None and not isinstance(document["metadata"], dict):
        raise Problem("validation_error", errors=[FieldError("/metadata", "must be an object")])
    if document.get("webhook") is not None and not isinstance(document["webhook"], str):
        raise Problem("validation_error", errors=[FieldError("/webhook", "must be a URL")])
    return document


def _submit(grant: Grant, model: str, body: bytes, document: dict[str, Any], key: str | None) -> Response:
    version = document.get("version")
    webhook = document.get("webhook") or ""
    if model not in grant.models:
        raise Problem("model_not_found", "no such model among your subscriptions")
    accepted = services.submit(
        org_id=grant.org_id, key_id=grant.key_id, model=model, version=version if isinstance(version, int) else None,
        body=body, content_type="application/json", grant=grant.dump(), metadata=document.get("metadata"),
        webhook_url=webhooks.check_url(webhook) if webhook else "", idempotency_key=key)
    data = selectors.prediction(accepted.job)
    headers = {"Location": data["urls"]["get"], "Retry-After": "1", "Preference-Applied": "respond-async"}
    if accepted.replayed:
        headers["Idempotent-Replayed"] = "true"
    return Response(data, status=202, headers=headers)


async def _invoke(order: ports.Order) -> ports.Completed:
    async def note(progress: float, stage: str) -> None:
        """A synchronous call has nobody to tell."""

    async with ports.open_runtime() as runtime:
        return await runtime.run(order, note)


def _finished(order: ports.Order, done: ports.Completed, document: dict[str, Any], started: str) -> dict[str, Any]:
    return {
        "id": ids.prefixed("pred", order.event_id), "object": "prediction", "model": order.model,
        "version": done.version, "variant": done.variant or None, "status": "succeeded", "progress": 1.0, "stage": None,
        "output": orjson.loads(done.output), "error": None, "usage": done.usage,
        "metadata": document.get("metadata") or {}, "logs_url": None, "created_at": started, "started_at": started,
        "completed_at": now().isoformat(), "expires_at": None,
        "urls": {},
    }


class WebhookSecrets(APIView):
    @extend_schema(operation_id="webhook_secrets_retrieve", tags=["webhooks"], summary="Signing secrets",
                   responses={200: shapes.WebhookSecretSerializer})
    def get(self, request: Request) -> Response:
        return Response({"secrets": webhooks.current_secrets(org_id=organization_of(request, "webhooks"))})

    @extend_schema(operation_id="webhook_secrets_rotate", tags=["webhooks"], summary="Rotate the signing secret",
                   request=None, responses={200: shapes.WebhookSecretSerializer},
                   description="The new secret signs at once; the old one alongside for one more day.")
    def post(self, request: Request) -> Response:
        org_id = organization_of(request, "webhooks")
        webhooks.rotate_secret(org_id=org_id)
        return Response({"secrets": webhooks.current_secrets(org_id=org_id)})


class WebhookDeliveries(APIView):
    @extend_schema(operation_id="webhook_deliveries_list", tags=["webhooks"], summary="The newest 100 deliveries",
                   responses={200: shapes.WebhookDeliveryPageSerializer})
    def get(self, request: Request) -> Response:
        rows = webhooks.deliveries_of(org_id=organization_of(request, "webhooks"))
        return Response({"data": [_delivery(row) for row in rows], "has_more": False, "next_cursor": None})


class ReplayDelivery(APIView):
    @extend_schema(operation_id="webhook_deliveries_replay", tags=["webhooks"], summary="Send a message again",
                   request=None, responses={202: shapes.WebhookDeliverySerializer, **PROBLEM})
    def post(self, request: Request, delivery_id: str) -> Response:
        org_id = organization_of(request, "webhooks")
        row = webhooks.replay(org_id=org_id, delivery_id=ids.unprefixed("msg", delivery_id))
        return Response(_delivery(row), status=202)


class WebhookEndpoints(APIView):
    @extend_schema(operation_id="webhook_endpoints_list", tags=["webhooks"], summary="List addresses told of events",
                   responses={200: shapes.WebhookEndpointPageSerializer})
    def get(self, request: Request) -> Response:
        return Response(whole([_endpoint(row) for row in endpoints.endpoints_of(
            org_id=organization_of(request, "webhooks"))]))

    @extend_schema(operation_id="webhook_endpoints_create", tags=["webhooks"], summary="Tell an address of events",
                   request=shapes.NewWebhookEndpointSerializer,
                   responses={201: shapes.WebhookEndpointSerializer, **PROBLEM},
                   description="What happens to your models: version.created, alias.moved, publication.approved, "
                               "canary.rolled_back and more; version.* hears a group, * everything. Signed with the "
                               "organization's secret, as Standard Webhooks say.")
    def post(self, request: Request) -> Response:
        org_id = organization_of(request, "webhooks")
        body = shapes.NewWebhookEndpointSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(_endpoint(endpoints.create(org_id=org_id, **body.validated_data)), status=201)


class OneWebhookEndpoint(APIView):
    @extend_schema(operation_id="webhook_endpoints_delete", tags=["webhooks"], summary="Stop telling an address",
                   responses={204: None, **PROBLEM})
    def delete(self, request: Request, endpoint_id: str) -> Response:
        endpoints.delete(org_id=organization_of(request, "webhooks"), endpoint_id=ids.unprefixed("whe", endpoint_id))
        return Response(status=204)


class TryWebhookEndpoint(APIView):
    @extend_schema(operation_id="webhook_endpoints_test", tags=["webhooks"], summary="Send an address a test message",
                   request=None, responses={202: shapes.WebhookDeliverySerializer, **PROBLEM})
    def post(self, request: Request, endpoint_id: str) -> Response:
        org_id = organization_of(request, "webhooks")
        return Response(_delivery(endpoints.send_test(org_id=org_id, endpoint_id=ids.unprefixed("whe", endpoint_id))),
                        status=202)


def _endpoint(row: WebhookEndpoint) -> dict[str, Any]:
    return {"id": ids.prefixed("whe", row.id), "url": row.url, "events": row.events, "created_at": row.created_at}


def _delivery(row: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": ids.prefixed("msg", row.id), "prediction": row.job.public_id if row.job is not None else "",
        "event": row.event, "url": row.url, "state": row.state, "attempts": row.attempts,
        "response_status": row.response_status, "error": row.error, "created_at": row.created_at,
        "delivered_at": row.delivered_at,
    }


urlpatterns = [
    path("predictions", Predictions.as_view()),
    path("predictions/<str:prediction_id>", Prediction.as_view()),
    path("predictions/<str:prediction_id>/cancel", CancelPrediction.as_view()),
    path("predictions/<str:prediction_id>/events", PredictionEvents.as_view()),
    path("models/<str:model>/predictions", ModelPredictions.as_view()),
    path("webhook-secrets", WebhookSecrets.as_view()),
    path("webhook-endpoints", WebhookEndpoints.as_view()),
    path("webhook-endpoints/<str:endpoint_id>", OneWebhookEndpoint.as_view()),
    path("webhook-endpoints/<str:endpoint_id>/test", TryWebhookEndpoint.as_view()),
    path("webhook-deliveries", WebhookDeliveries.as_view()),
    path("webhook-deliveries/<str:delivery_id>/replay", ReplayDelivery.as_view()),
]
