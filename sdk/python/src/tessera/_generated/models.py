"""Generated from sdk/openapi.json by sdk/generate.py. Do not edit."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import AnyUrl, AwareDatetime, Field, RootModel

from tessera._base import APIModel


class Account(APIModel):
    organization: Annotated[str, Field(description="The organization's slug.")]
    name: str
    currency: str
    account_status: Annotated[str, Field(description="active, past_due or suspended")]
    role: Annotated[str | None, Field(description="Your role; null for an API key.")]
    scopes: Annotated[list[str], Field(description="What the API key may do.")]
    created_at: AwareDatetime


class ApiKey(APIModel):
    id: int
    name: str
    mode: Annotated[str, Field(description="live or test")]
    prefix: str
    last4: str
    scopes: list[str]
    models: Annotated[list[str], Field(description="Only these models; empty: every subscribed one.")]
    allowed_ips: list[str]
    rate_per_minute: int
    concurrency: int
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    revoked_at: AwareDatetime | None
    last_used_at: AwareDatetime | None


class ApiKeyPage(APIModel):
    data: list[ApiKey]
    has_more: bool
    next_cursor: str | None


class Scope(RootModel[str]):
    root: Annotated[str, Field(min_length=1)]


class Model(RootModel[str]):
    root: Annotated[str, Field(min_length=1)]


class AllowedIp(RootModel[str]):
    root: Annotated[str, Field(min_length=1)]


class CreateApiKeyRequest(APIModel):
    name: Annotated[str, Field(min_length=1)]
    mode: Annotated[str | None, Field(description="live or test", min_length=1)] = None
    scopes: Annotated[
        list[Scope] | None,
        Field(
            description="Of predict, files, models:read, models:write, models:deploy, keys:admin, billing, webhooks."
        ),
    ] = None
    models: Annotated[list[Model] | None, Field(max_length=300)] = None
    allowed_ips: Annotated[list[AllowedIp] | None, Field(max_length=50)] = None
    rate_per_minute: int | None = None
    concurrency: int | None = None
    expires_at: AwareDatetime | None = None


class Estimate(APIModel):
    model: str
    unit: str
    units: int
    used: Annotated[int, Field(description="this month, by this organization")]
    included_left: int
    unit_amount: str
    amount: str
    currency: str


class FacetValue(APIModel):
    value: str
    count: Annotated[
        int,
        Field(description="Models that this choice would leave, with everything else selected."),
    ]
    selected: bool
    title: str
    title_zh: str


class InvoiceLine(APIModel):
    type: str
    model: str
    unit: str
    price_version: int
    period: str
    units: int
    included: int
    unit_amount: str | None
    amount: str


class ModelSchema(APIModel):
    input: dict[str, Any]
    parameters: dict[str, Any]
    output: dict[str, Any]


class ModelVersion(APIModel):
    version: int
    label: str
    version_state: Annotated[str, Field(description="uploading, validating, ready, failed or retired")]
    digest: str
    created_at: AwareDatetime
    artifacts: list[dict[str, str | int]]


class ModelVersionPage(APIModel):
    data: list[ModelVersion]
    has_more: bool
    next_cursor: str | None


class NewApiKey(APIModel):
    id: int
    name: str
    mode: Annotated[str, Field(description="live or test")]
    prefix: str
    last4: str
    scopes: list[str]
    models: Annotated[list[str], Field(description="Only these models; empty: every subscribed one.")]
    allowed_ips: list[str]
    rate_per_minute: int
    concurrency: int
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    revoked_at: AwareDatetime | None
    last_used_at: AwareDatetime | None
    secret: str


class PredictionError(APIModel):
    code: str
    detail: str


class PredictionRequestRequest(APIModel):
    input: Annotated[
        dict[str, Any],
        Field(description="Fields of the model's input; media as base64 text or data: URLs."),
    ]
    parameters: Annotated[
        dict[str, Any] | None,
        Field(description="Settings of the model, within their bounds."),
    ] = None
    version: Annotated[
        Any | None,
        Field(description="A version number or an alias; else the route's pick."),
    ] = None
    metadata: Annotated[
        dict[str, Any] | None,
        Field(description="Yours, kept with the prediction and given back."),
    ] = None
    webhook: Annotated[AnyUrl | None, Field(description="Told when an asynchronous prediction ends.")] = None


class PredictionUrls(APIModel):
    get: Annotated[str | None, Field(description="Absent where the prediction is not stored.")] = None
    cancel: str | None = None
    events: str | None = None
    web: str | None = None


class PredictionUsage(APIModel):
    unit: str
    units: int
    cost: Annotated[
        str,
        Field(description="Decimal text in the currency's unit, before included units and tiers."),
    ]
    currency: str
    compute_ms: float | None = None
    queue_ms: float | None = None


class Price(APIModel):
    unit: str
    amount: Annotated[str, Field(description="Decimal text in the currency's unit.")]
    currency: str
    free_per_month: int
    version: int


class RotateApiKeyRequest(APIModel):
    grace_hours: Annotated[int | None, Field(description="How long the old key works on, 0 to 168.")] = None


class SubscribeRequest(APIModel):
    model: Annotated[str, Field(min_length=1)]
    plan: Annotated[str | None, Field(description="free or payg", min_length=1)] = None


class Subscription(APIModel):
    id: int
    model: str
    plan: Annotated[str, Field(description="free or payg")]
    created_at: AwareDatetime


class SubscriptionPage(APIModel):
    data: list[Subscription]
    has_more: bool
    next_cursor: str | None


class UsageEvent(APIModel):
    id: str
    key_id: int
    model: str
    version: int
    unit: str
    units: int
    price_version: int
    amount: str
    currency: str
    mode: str
    occurred_at: AwareDatetime
    latency_ms: int
    source: str
    kind: str
    reason: str


class UsageEventPage(APIModel):
    data: list[UsageEvent]
    has_more: bool
    next_cursor: str | None


class UsageSum(APIModel):
    group: Annotated[str, Field(description="model, key id, or the start of an hour or a day")]
    unit: str
    units: int
    events: int
    amount: Annotated[
        str,
        Field(description="in the currency's unit, before included units and rounding"),
    ]
    currency: str


class WebhookDelivery(APIModel):
    id: Annotated[str, Field(description="msg_…, the webhook-id header.")]
    prediction: str
    event: str
    url: str
    state: Annotated[str, Field(description="pending, delivered or failed.")]
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
    secrets: Annotated[list[str], Field(description="Valid signing secrets, newest first.")]


class Error(APIModel):
    pointer: str
    detail: str
    code: str


class Problem(APIModel):
    type: str
    title: str
    status: int
    code: Annotated[
        str,
        Field(
            description="One of: backend_error, budget_exceeded, bundle_invalid, canceled, concurrency_limited, conflict, expired_api_key, idempotency_in_progress, idempotency_key_reused, input_signature_mismatch, insufficient_balance, insufficient_scope, internal_error, invalid_api_key, invalid_cursor, invalid_request, invalid_state, ip_not_allowed, malformed_json, method_not_allowed, model_error, model_not_found, model_not_ready, name_taken, not_found, not_subscribed, out_of_memory, overloaded, payload_too_large, payment_required, permission_denied, quota_exceeded, rate_limited, signature_invalid, timeout, unsupported_media_type, validation_error, version_not_found."
        ),
    ]
    detail: str
    request_id: str
    retryable: bool
    errors: list[Error]


class Invoice(APIModel):
    id: str
    object: str
    number: str
    status: str
    currency: str
    period_start: date
    period_end: date
    plan: str
    lines: list[InvoiceLine]
    subtotal: str
    discount: str
    credit: str
    tax: str
    total: str
    amount_paid: str
    issued_at: AwareDatetime | None
    due_at: AwareDatetime | None
    paid_at: AwareDatetime | None


class InvoiceList(APIModel):
    data: list[Invoice]
    has_more: bool
    next_cursor: str | None


class ModelDetail(APIModel):
    name: str
    title: str
    title_zh: str
    summary: str
    summary_zh: str
    task: str
    modality: str
    domain: str
    industry: list[str]
    tags: list[str]
    model_state: Annotated[str, Field(description="active, deprecated or retired")]
    source: Annotated[str, Field(description="S1 library, S2 trained here, S3 fetched")]
    evidence: str
    license_code: str
    license_weights: str
    price: Price
    manifest: dict[str, Any]
    example: Any
    created_at: AwareDatetime
    updated_at: AwareDatetime


class ModelSummary(APIModel):
    name: str
    title: str
    title_zh: str
    summary: str
    summary_zh: str
    task: str
    modality: str
    domain: str
    industry: list[str]
    tags: list[str]
    model_state: Annotated[str, Field(description="active, deprecated or retired")]
    source: Annotated[str, Field(description="S1 library, S2 trained here, S3 fetched")]
    evidence: str
    license_code: str
    license_weights: str
    price: Price


class Prediction(APIModel):
    id: Annotated[str, Field(description="pred_…")]
    object: Annotated[str, Field(description="Always `prediction`.")]
    model: str
    version: int | None
    variant: str | None
    status: Annotated[
        str,
        Field(description="One of: queued, starting, processing, succeeded, failed, canceled."),
    ]
    progress: float | None
    stage: str | None
    output: Annotated[Any, Field(description="By the model's output schema; media as data: URLs.")]
    warnings: list[str] | None = None
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


class Usage(APIModel):
    object: str
    group_by: Annotated[
        str,
        Field(description="* `model` - model\n* `key` - key\n* `hour` - hour\n* `day` - day"),
    ]
    since: AwareDatetime
    until: AwareDatetime
    data: list[UsageSum]
    as_of: AwareDatetime


class ModelPage(APIModel):
    data: list[ModelSummary]
    has_more: bool
    next_cursor: str | None
    total: int
    facets: dict[str, list[FacetValue]]
