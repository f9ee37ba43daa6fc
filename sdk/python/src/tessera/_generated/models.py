"""Generated from sdk/openapi.json by sdk/generate.py. Do not edit."""

from __future__ import annotations

from typing import Any

from pydantic import AnyUrl, AwareDatetime, Field

from tessera._base import APIModel


class PredictionError(APIModel):
    code: str
    detail: str


class PredictionRequestRequest(APIModel):
    input: dict[str, Any] = Field(
        ...,
        description="Fields of the model's input; media as base64 text or data: URLs.",
    )
    parameters: dict[str, Any] | None = Field(None, description="Settings of the model, within their bounds.")
    version: Any | None = Field(None, description="A version number or an alias; else the route's pick.")
    metadata: dict[str, Any] | None = Field(None, description="Yours, kept with the prediction and given back.")
    webhook: AnyUrl | None = Field(None, description="Told when an asynchronous prediction ends.")


class PredictionUrls(APIModel):
    get: str
    cancel: str
    events: str
    web: str | None = None


class PredictionUsage(APIModel):
    unit: str
    units: int
    cost: str = Field(
        ...,
        description="Decimal text in the currency's unit, before included units and tiers.",
    )
    currency: str
    compute_ms: int | None = None
    queue_ms: int | None = None


class WebhookDelivery(APIModel):
    id: str = Field(..., description="msg_…, the webhook-id header.")
    prediction: str
    event: str
    url: str
    state: str = Field(..., description="pending, delivered or failed.")
    attempts: int
    response_status: int | None
    error: str
    created_at: AwareDatetime
    delivered_at: AwareDatetime | None


class WebhookDeliveryPage(APIModel):
    data: list[WebhookDelivery]
    has_more: bool
    next_cursor: str | None


class WebhookSecret(APIModel):
    secrets: list[str] = Field(..., description="Valid signing secrets, newest first.")


class Error(APIModel):
    pointer: str
    detail: str
    code: str


class Problem(APIModel):
    type: str
    title: str
    status: int
    code: str = Field(
        ...,
        description="One of: backend_error, budget_exceeded, bundle_invalid, canceled, concurrency_limited, conflict, expired_api_key, idempotency_in_progress, idempotency_key_reused, input_signature_mismatch, insufficient_balance, insufficient_scope, internal_error, invalid_api_key, invalid_cursor, invalid_request, invalid_state, ip_not_allowed, malformed_json, method_not_allowed, model_error, model_not_found, model_not_ready, name_taken, not_found, not_subscribed, out_of_memory, overloaded, payload_too_large, payment_required, permission_denied, quota_exceeded, rate_limited, signature_invalid, timeout, unsupported_media_type, validation_error, version_not_found.",
    )
    detail: str
    request_id: str
    retryable: bool
    errors: list[Error]


class Model(APIModel):
    name: str
    title: str
    task: str | None = None
    summary: str | None = None


class ModelPage(APIModel):
    data: list[Model]
    has_more: bool
    next_cursor: str | None = None


class Prediction(APIModel):
    id: str = Field(..., description="pred_…")
    object: str = Field(..., description="Always `prediction`.")
    model: str
    version: int | None
    variant: str | None
    status: str = Field(
        ...,
        description="One of: queued, starting, processing, succeeded, failed, canceled.",
    )
    progress: float | None
    stage: str | None
    output: Any = Field(..., description="By the model's output schema; media as data: URLs.")
    error: PredictionError | None
    usage: PredictionUsage | None
    metadata: dict[str, Any]
    logs_url: str | None
    created_at: AwareDatetime
    started_at: AwareDatetime | None
    completed_at: AwareDatetime | None
    expires_at: AwareDatetime | None
    urls: PredictionUrls


class PredictionPage(APIModel):
    data: list[Prediction]
    has_more: bool
    next_cursor: str | None
