"""Generated from sdk/openapi.json by sdk/generate.py. Do not edit."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import AnyUrl, AwareDatetime, Field, RootModel

from tessera._base import APIModel


class AccessRequest(APIModel):
    id: int
    model: str
    organization: Annotated[str, Field(description="The name of the one that asks.")]
    person: Annotated[
        str,
        Field(description="Address of the person who asked; empty: an API key did."),
    ]
    plan: Annotated[
        str,
        Field(description="free or payg: the subscription's plan once it is approved."),
    ]
    purpose: str
    request_state: Annotated[str, Field(description="waiting, approved, refused, canceled or withdrawn")]
    reason: Annotated[str, Field(description="Why it was refused or withdrawn.")]
    asked_at: AwareDatetime
    decided_at: AwareDatetime | None


class AccessRequestPage(APIModel):
    data: list[AccessRequest]
    has_more: bool
    next_cursor: str | None


class Account(APIModel):
    organization: Annotated[str, Field(description="The organization's slug.")]
    name: str
    currency: str
    account_status: Annotated[str, Field(description="active, past_due or suspended")]
    role: Annotated[str | None, Field(description="Your role; null for an API key.")]
    scopes: Annotated[list[str], Field(description="What the API key may do.")]
    created_at: AwareDatetime


class AlarmsRequest(APIModel):
    error_rate: Annotated[
        float | None,
        Field(
            description="So much more of the canary's calls may fail than of the stable version's; 0.02 unless you say.",
            ge=0.0,
            le=1.0,
        ),
    ] = None
    latency_ratio: Annotated[
        float | None,
        Field(
            description="The canary's p95 may be so many times the stable version's; 2 unless you say.",
            ge=1.0,
        ),
    ] = None
    latency_ms: Annotated[
        float | None,
        Field(
            description="And only where it is slower by so many milliseconds; 25 unless you say.",
            ge=0.0,
        ),
    ] = None
    example_mismatch: Annotated[
        float | None,
        Field(
            description="So much of the golden examples may be answered differently; 0 unless you say.",
            ge=0.0,
            le=1.0,
        ),
    ] = None


class Alias(APIModel):
    name: str
    version: int


class AliasPage(APIModel):
    data: list[Alias]
    has_more: bool
    next_cursor: str | None


class AnalyzeImageRequestRequest(APIModel):
    image: Annotated[str | None, Field(description="Base64, a data URL, or a file id.")] = None
    url: Annotated[str | None, Field(description="A public http(s) address of at most 10 MB.")] = None
    types: Annotated[
        list[str],
        Field(
            description="1 to 8 tasks of the catalogue, in any case: object_detection, text_recognition, face_detection, barcode_reading, …"
        ),
    ]


class AnswerCache(APIModel):
    ttl_s: Annotated[int | None, Field(ge=1, le=86400)] = None


class AnswerCacheRequest(APIModel):
    ttl_s: Annotated[int | None, Field(ge=1, le=86400)] = None


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
    last_used_at: Annotated[
        AwareDatetime | None,
        Field(description="Of the last delivered call or management request, true within a minute."),
    ]


class ApiKeyPage(APIModel):
    data: list[ApiKey]
    has_more: bool
    next_cursor: str | None


class Approval(APIModel):
    at: AwareDatetime
    note: str


class AskRequest(APIModel):
    model: str
    purpose: Annotated[str, Field(description="What you want to use it for.")]
    plan: Annotated[str | None, Field(description="free or payg")] = None


class AuditEntry(APIModel):
    number: int
    at: AwareDatetime
    actor_kind: Annotated[str, Field(description="user, key or system")]
    actor_id: int | None
    action: str
    target: str
    ip: str | None
    before: dict[str, Any]
    after: dict[str, Any]
    previous_hash: str
    hash: Annotated[str, Field(description="SHA-256 over this entry and its predecessor's hash.")]


class AuditEntryPage(APIModel):
    data: list[AuditEntry]
    has_more: bool
    next_cursor: str | None


class BatchCounts(APIModel):
    total: int
    succeeded: int
    failed: int


class BatchFault(APIModel):
    line: int | None
    code: str
    message: str


class BatchRequestRequest(APIModel):
    input_file_id: Annotated[str, Field(description="A file of the purpose batch.")]
    model: Annotated[str | None, Field(description="Short for the endpoint of its predictions.")] = None
    endpoint: Annotated[
        str | None,
        Field(description="/api/v1/models/{model}/predictions, /v1/embeddings or /v1/moderations."),
    ] = None
    metadata: dict[str, Any] | None = None


class BatchUrls(APIModel):
    get: str
    cancel: str


class BatchUsage(APIModel):
    cost: Annotated[
        str,
        Field(description="Decimal text in the currency's unit, before included units and tiers."),
    ]
    currency: str | None


class Batching(APIModel):
    max_batch_size: Annotated[int | None, Field(ge=32, le=4096)] = None
    max_queue_delay_us: Annotated[int | None, Field(ge=0, le=1000000)] = None
    preferred_batch_sizes: list[int] | None = None


class BatchingRequest(APIModel):
    max_batch_size: Annotated[int | None, Field(ge=32, le=4096)] = None
    max_queue_delay_us: Annotated[int | None, Field(ge=0, le=1000000)] = None
    preferred_batch_sizes: list[int] | None = None


class BudgetAlert(APIModel):
    budget: str
    period_start: date
    threshold: Annotated[int, Field(description="percent")]
    spent: Annotated[str, Field(description="in the currency's unit, when it was noticed")]
    fired_at: AwareDatetime


class BudgetAlertList(APIModel):
    data: list[BudgetAlert]


class Check(APIModel):
    id: str
    title: str
    check_status: Annotated[str, Field(description="passed, failed, warning or skipped")]
    detail: str
    fix: Annotated[str, Field(description="What to do about it.")]
    code: str
    ms: float
    values: dict[str, Any]


class CheckoutPage(APIModel):
    url: Annotated[AnyUrl, Field(description="where the person pays")]


class ClassifyRequestRequest(APIModel):
    image_base64: Annotated[str, Field(description="The image in base64, as a data URL, or a file id.")]
    top_k: Annotated[int | None, Field(description="1 to 100 labels, 5 unless told.")] = None


class CompleteUploadRequest(APIModel):
    sha256: Annotated[str | None, Field(description="Of the whole file; checked.")] = None


class CreateApiKeyRequest(APIModel):
    name: str
    mode: Annotated[str | None, Field(description="live or test")] = None
    scopes: Annotated[
        list[str] | None,
        Field(
            description="Of predict, files, models:read, models:write, models:deploy, keys:admin, billing, webhooks."
        ),
    ] = None
    models: Annotated[list[str] | None, Field(max_length=300)] = None
    allowed_ips: Annotated[list[str] | None, Field(max_length=50)] = None
    rate_per_minute: int | None = None
    concurrency: int | None = None
    expires_at: AwareDatetime | None = None


class CreateServiceKeyRequest(APIModel):
    name: str
    mode: Annotated[str | None, Field(description="live or test")] = None
    scopes: Annotated[list[str] | None, Field(description="No more than the account's role gives.")] = None
    expires_at: AwareDatetime | None = None


class CreditGrant(APIModel):
    id: int
    kind: str
    amount: Annotated[str, Field(description="in the currency's unit")]
    left: Annotated[str, Field(description="in the currency's unit")]
    reason: str
    created_at: AwareDatetime
    expires_at: AwareDatetime | None


class DeprecationRequest(APIModel):
    sunset: AwareDatetime
    successor: Annotated[int | None, Field(ge=1)] = None
    note: str | None = None


class Difference(APIModel):
    pointer: str
    change: Annotated[str, Field(description="added, removed or changed")]
    before: Any
    after: Any


class Earning(APIModel):
    model: str
    currency: str
    net: Annotated[str, Field(description="in the currency's unit")]
    share: Annotated[str, Field(description="in the currency's unit")]
    held: Annotated[str, Field(description="in the currency's unit")]
    free: Annotated[str, Field(description="in the currency's unit")]
    paid: Annotated[str, Field(description="in the currency's unit")]


class EarningList(APIModel):
    data: list[Earning]


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


class FileUploadRequest(APIModel):
    file: bytes
    purpose: Annotated[
        str | None,
        Field(description="One of batch, user_data, vision; user_data unless told."),
    ] = None
    expires_after: Annotated[int | None, Field(description="Seconds, an hour to 90 days; 30 days else.")] = None


class ImageAnalysis(APIModel):
    id: str
    object: Annotated[str, Field(description="Always `image_analysis`.")]
    results: Annotated[
        dict[str, Any],
        Field(description="{model, version, output, warnings, usage, error} of each analysis."),
    ]
    detected_objects: Annotated[list[dict[str, Any]], Field(description="Of object_detection.")]
    recognized_text: Annotated[str | None, Field(description="Of text_recognition.")]
    usage: Annotated[dict[str, Any], Field(description="{cost, currency} of all.")]


class ImportRequest(APIModel):
    repository: Annotated[str, Field(description="organization/name")]
    revision: Annotated[str | None, Field(description="A commit, tag or branch; main.")] = None
    path: Annotated[str | None, Field(description="onnx/model.onnx or model.onnx unless told.")] = None
    name: str | None = None
    title: str | None = None
    summary: str | None = None
    task: str | None = None
    manifest: dict[str, Any] | None = None


class Inspection(APIModel):
    format: str
    signature: dict[str, Any] | None
    facts: dict[str, Any] | None
    manifest: dict[str, Any] | None
    schemas: dict[str, Any] | None
    checks: list[Check]


class InstanceGroup(APIModel):
    count: Annotated[int | None, Field(ge=1, le=32)] = None
    device: Annotated[str | None, Field(description="* `auto` - auto\n* `cpu` - cpu\n* `gpu` - gpu")] = None
    gpus: list[int] | None = None


class InstanceGroupRequest(APIModel):
    count: Annotated[int | None, Field(ge=1, le=32)] = None
    device: Annotated[str | None, Field(description="* `auto` - auto\n* `cpu` - cpu\n* `gpu` - gpu")] = None
    gpus: list[int] | None = None


class Instances(APIModel):
    residency: Annotated[str, Field(description="absent, loading, ready, healing or evicting")]
    instances: int
    reason: Annotated[
        str,
        Field(
            description="fixed, steady, load, idle, cooling, settling, memory, unmeasured or not_loaded; empty before the first look"
        ),
    ]
    value: Annotated[float | None, Field(description="Of the metric, at the latest look.")]
    memory_mb: float
    looked_at: Annotated[float | None, Field(description="Unix time.")]


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


class Label(APIModel):
    label: str
    score: float


class Latency(APIModel):
    p50: float
    p95: float
    runs: int
    cold_start: float


class LeakReportRequest(APIModel):
    tokens: Annotated[list[str], Field(max_length=100, min_length=1)]
    url: Annotated[str | None, Field(description="Where they were found.")] = None


class LeakVerdict(APIModel):
    last4: str
    label: Annotated[
        str,
        Field(description="true_positive: it was a key and is revoked; false_positive: it was none."),
    ]


class LeakVerdicts(APIModel):
    data: list[LeakVerdict]


class LicenseRequest(APIModel):
    code: str
    weights: str


class LineEvent(APIModel):
    id: str
    key_id: int
    model: str
    version: int
    units: int
    occurred_at: AwareDatetime
    kind: str
    reason: str


class LineEventPage(APIModel):
    data: list[LineEvent]
    has_more: bool
    next_cursor: str | None


class Memory(APIModel):
    added: float
    peak: float


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
    changelog: str
    lineage: dict[str, Any]
    sunset_at: AwareDatetime | None
    successor: int | None
    stages: list[dict[str, str]]


class ModelVersionPage(APIModel):
    data: list[ModelVersion]
    has_more: bool
    next_cursor: str | None


class NewAliasRequest(APIModel):
    version: Annotated[int, Field(ge=1)]


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
    last_used_at: Annotated[
        AwareDatetime | None,
        Field(description="Of the last delivered call or management request, true within a minute."),
    ]
    secret: str


class Threshold(RootModel[int]):
    root: Annotated[int, Field(ge=1, le=1000)]


class Step(RootModel[int]):
    root: Annotated[int, Field(ge=1, le=99)]


class NewRolloutRequest(APIModel):
    version: Annotated[int, Field(ge=1)]
    steps: Annotated[
        list[Step] | None,
        Field(
            description="Percents; [5, 25, 50] unless you say.",
            max_length=10,
            min_length=1,
        ),
    ] = None
    bake_s: Annotated[int | None, Field(description="Seconds of each step.", ge=2, le=86400)] = None
    min_calls: Annotated[
        int | None,
        Field(
            description="A step goes on until the canary answered so many calls.",
            ge=0,
            le=1000000,
        ),
    ] = None
    alarms: AlarmsRequest | None = None
    examples: Annotated[
        list[dict[str, Any]] | None,
        Field(
            description="Golden examples {input, parameters?, output, tolerance?}; the stable version's unless you say.",
            max_length=50,
        ),
    ] = None


class NewWebhookEndpointRequest(APIModel):
    url: AnyUrl
    events: Annotated[
        list[str],
        Field(
            description="Names of events, a group such as version.*, or *.",
            max_length=40,
            min_length=1,
        ),
    ]


class Offer(APIModel):
    unit: Annotated[str, Field(description="call, image, page, second, 1k_chars, row or point.")]
    amount: Annotated[str, Field(description="Decimal text in the currency's unit.")]
    currency: str | None = None
    free_per_month: Annotated[int | None, Field(ge=0, le=1000000000)] = None


class OfferRequest(APIModel):
    unit: Annotated[str, Field(description="call, image, page, second, 1k_chars, row or point.")]
    amount: Annotated[str, Field(description="Decimal text in the currency's unit.")]
    currency: str | None = None
    free_per_month: Annotated[int | None, Field(ge=0, le=1000000000)] = None


class OriginRequest(APIModel):
    name: str
    url: str | None = None


class OutcomeRequest(APIModel):
    metric: str | None = None
    value: Annotated[float, Field(description="1 and 0 for yes and no, or any number.")]
    prediction: str | None = None
    version: Annotated[int | None, Field(ge=1)] = None
    subject: str | None = None
    at: AwareDatetime | None = None


class PatchedBudgetChangeRequest(APIModel):
    name: str | None = None
    amount: str | None = None
    hard: bool | None = None
    thresholds: Annotated[list[Threshold] | None, Field(max_length=10)] = None


class PaymentMethod(APIModel):
    id: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    is_default: bool


class PaymentMethodList(APIModel):
    data: list[PaymentMethod]


class Payout(APIModel):
    id: int
    currency: str
    until: date
    total: Annotated[str, Field(description="in the currency's unit")]
    status: str
    transfer: str


class PayoutList(APIModel):
    data: list[Payout]


class Person(RootModel[int]):
    root: Annotated[int, Field(ge=1, le=9007199254740992)]


class PeopleRequest(APIModel):
    people: Annotated[list[Person], Field(max_length=1000)]


class Plan(APIModel):
    code: str
    name: str
    kind: str
    rate_per_minute: int
    concurrency: int
    monthly_units: int | None
    discount_percent: str
    commitment: Annotated[str | None, Field(description="in the currency's unit")]
    is_current: bool
    is_next: bool


class PlanChoiceRequest(APIModel):
    plan: str


class PlanList(APIModel):
    data: list[Plan]


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


class Publication(APIModel):
    id: int | None
    model: str
    visibility: str
    publication_state: str | None
    approvals: list[Approval]
    needed: int
    reason: str
    requested_at: AwareDatetime | None
    decided_at: AwareDatetime | None


class PublishRequest(APIModel):
    visibility: Annotated[str, Field(description="private, organization or public")]
    terms_accepted: bool | None = None
    terms: Annotated[str | None, Field(description="What your customers agree to.")] = None
    pricing: OfferRequest | None = None
    access: Annotated[
        str | None,
        Field(description="open: everybody may subscribe; gated: those who asked and whom you let in"),
    ] = None


class QualityFigure(APIModel):
    name: str
    value: Annotated[str, Field(description="With its unit.")]
    data: str
    method: str


class ReceiptPayload(APIModel):
    v: int
    kind: str
    id: Annotated[str, Field(description="the id that bills, as in X-Receipt")]
    org: int
    key_id: int
    model: str
    version: int
    version_digest: Annotated[str, Field(description="SHA-256 over the version's artifacts")]
    request_sha256: Annotated[str, Field(description="of the request's body")]
    occurred_at: str
    unit: str
    units: int
    price_version: int
    unit_amount_minor: str
    currency: str
    amount_minor: Annotated[
        str,
        Field(description="exact, before included units and the rounding of the invoice line"),
    ]
    mode: str
    corrects: str | None
    outcome: Annotated[str, Field(description="the cause, as in the table of what is billed")]
    reason: str


class Recorded(APIModel):
    recorded: int
    repeated: Annotated[int, Field(description="Known already; nothing changed.")]


class Report(APIModel):
    model: str
    version: int
    version_state: str
    checks: list[Check]
    profile: dict[str, Any]
    facts: dict[str, Any] | None
    isolation: dict[str, Any]
    signature: dict[str, Any] | None
    log: list[str]
    compression: Annotated[
        dict[str, Any] | None,
        Field(description="Of a compressed version: before and after."),
    ]
    hub: Annotated[
        dict[str, Any] | None,
        Field(description="Of an imported version: what was fetched, its licence."),
    ]
    progress: Annotated[
        dict[str, Any] | None,
        Field(description="While a hub's file is fetched: {done, total} bytes."),
    ]


class RollbackRequest(APIModel):
    to: Annotated[int | None, Field(description="The number of a change; else one back.", ge=1)] = None


class Rollout(APIModel):
    id: int
    model: str
    stable: int
    canary: int
    rollout_state: Annotated[str, Field(description="running, promoted, rolled_back or canceled")]
    step: Annotated[int, Field(description="From 0.")]
    weight: int
    steps: list[int]
    bake_s: int
    min_calls: int
    alarms: dict[str, Any]
    seen: Annotated[
        dict[str, Any],
        Field(description="Calls, failures and p95 of both versions in this step."),
    ]
    alarm: Annotated[dict[str, Any] | None, Field(description="What took it back.")]
    started_at: AwareDatetime
    step_at: AwareDatetime
    ended_at: AwareDatetime | None


class RolloutPage(APIModel):
    data: list[Rollout]
    has_more: bool
    next_cursor: str | None


class RotateApiKeyRequest(APIModel):
    grace_hours: Annotated[int | None, Field(description="How long the old key works on, 0 to 168.")] = None


class RunningVersion(APIModel):
    version: int
    weight: int
    steps: Annotated[Instances, Field(description="What is done before and after the net.")]
    net: Instances


class ServiceAccount(APIModel):
    id: int
    name: str
    role: Annotated[str, Field(description="admin, developer, billing or viewer")]
    created_at: AwareDatetime
    disabled_at: AwareDatetime | None


class ServiceAccountWishRequest(APIModel):
    name: str
    role: Annotated[str, Field(description="admin, developer, billing or viewer")]


class ServiceAccounts(APIModel):
    data: list[ServiceAccount]


class StoredFile(APIModel):
    id: Annotated[
        str,
        Field(description="file_…; stands for the content in a prediction's media fields."),
    ]
    object: Annotated[str, Field(description="Always `file`.")]
    filename: str
    content_type: str
    purpose: Annotated[str, Field(description="batch, user_data, vision or batch_output.")]
    bytes: int
    sha256: str
    created_at: AwareDatetime
    expires_at: Annotated[AwareDatetime, Field(description="When it is deleted.")]


class StoredFilePage(APIModel):
    data: list[StoredFile]
    has_more: bool
    next_cursor: str | None


class SubscribeRequest(APIModel):
    model: str
    plan: Annotated[str | None, Field(description="free or payg")] = None


class Subscription(APIModel):
    id: int
    model: str
    plan: Annotated[str, Field(description="free or payg")]
    created_at: AwareDatetime


class SubscriptionPage(APIModel):
    data: list[Subscription]
    has_more: bool
    next_cursor: str | None


class Target(APIModel):
    version: Annotated[int, Field(ge=1)]
    weight: Annotated[int, Field(ge=0, le=100)]
    label: Annotated[str | None, Field(description="Answered as X-Variant.")] = None


class TargetRequest(APIModel):
    version: Annotated[int, Field(ge=1)]
    weight: Annotated[int, Field(ge=0, le=100)]
    label: Annotated[str | None, Field(description="Answered as X-Variant.")] = None


class Team(APIModel):
    id: int
    name: str
    monthly_limit_minor: Annotated[
        int | None,
        Field(description="What its keys may spend together in a month, in minor units; null: no ceiling."),
    ]
    people: Annotated[list[int], Field(description="Members, by their numbers.")]
    api_keys: Annotated[list[int], Field(description="The keys' `id`s.")]
    created_at: AwareDatetime


class TeamOfKeyRequest(APIModel):
    team_id: int | None


class TeamWishRequest(APIModel):
    name: str
    monthly_limit_minor: int | None = None


class Teams(APIModel):
    data: list[Team]


class TopUpRequestRequest(APIModel):
    amount_minor: Annotated[int, Field(description="whole minor units, cents for USD")]
    success_url: AnyUrl
    cancel_url: AnyUrl


class Traffic(APIModel):
    number: int
    targets: list[Target]
    sticky_by: Annotated[str, Field(description="key, organization or none")]
    shadow: int | None
    reason: str
    at: AwareDatetime


class TrafficPage(APIModel):
    data: list[Traffic]
    has_more: bool
    next_cursor: str | None


class UploadPart(APIModel):
    number: int
    bytes: int
    sha256: str


class UploadRequestRequest(APIModel):
    filename: str
    bytes: Annotated[int, Field(description="Of the whole file, at most 512 MiB.")]
    content_type: str | None = None
    purpose: str | None = None
    sha256: Annotated[
        str | None,
        Field(description="Of the whole file, lower-case hex; checked at the end."),
    ] = None


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


class Variant(APIModel):
    version: int
    label: str
    weight: int
    outcomes: int
    mean: float | None
    deviation: float | None
    effect: Annotated[float | None, Field(description="The mean minus the control's.")]
    interval: Annotated[list[float] | None, Field(description="Of the effect, 95 %.")]
    p_value: float | None
    method: Annotated[
        str | None,
        Field(description="two_proportion_z, fisher_exact (small counts), welch_t, or too_few"),
    ]
    significant: bool | None


class VersionDiff(APIModel):
    version: int
    against: int
    compatible: bool
    changes: list[Difference]


class VersionOfUploadRequest(APIModel):
    manifest: dict[str, Any] | None = None
    upload_id: str | None = None
    file_id: str | None = None


class VersionUploadRequest(APIModel):
    file: Annotated[
        bytes | None,
        Field(description="model.onnx or a zip bundle; may come several times."),
    ] = None
    manifest: Annotated[str | None, Field(description="YAML or JSON, as a field or a file.")] = None
    upload_id: str | None = None
    file_id: str | None = None


class Wallet(APIModel):
    object: str
    currency: str
    usable: Annotated[str, Field(description="in the currency's unit")]
    unbilled: Annotated[str, Field(description="in the currency's unit")]
    available: Annotated[str, Field(description="in the currency's unit")]
    grants: list[CreditGrant]


class WebhookDelivery(APIModel):
    id: Annotated[str, Field(description="msg_…, the webhook-id header.")]
    prediction: Annotated[str, Field(description="Empty for an event of an endpoint.")]
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


class WebhookEndpoint(APIModel):
    id: Annotated[str, Field(description="whe_…")]
    url: str
    events: list[str]
    created_at: AwareDatetime


class WebhookEndpointPage(APIModel):
    data: list[WebhookEndpoint]
    has_more: bool
    next_cursor: str | None


class WebhookSecret(APIModel):
    secrets: Annotated[list[str], Field(description="Valid signing secrets, newest first.")]


class WhyRequest(APIModel):
    reason: Annotated[str, Field(description="Who asked reads it.")]


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
            description="One of: approval_required, backend_error, budget_exceeded, bundle_invalid, canceled, concurrency_limited, conflict, expired_api_key, hub_mismatch, hub_unreachable, idempotency_in_progress, idempotency_key_reused, input_signature_mismatch, insufficient_balance, insufficient_scope, internal_error, invalid_api_key, invalid_cursor, invalid_request, invalid_state, ip_not_allowed, malformed_json, method_not_allowed, model_error, model_not_found, model_not_ready, model_quarantined, name_taken, not_found, not_subscribed, out_of_memory, overloaded, payload_too_large, payment_required, permission_denied, poisoned, quota_exceeded, rate_limited, signature_invalid, timeout, unsupported_media_type, validation_error, version_not_found."
        ),
    ]
    detail: str
    request_id: str
    retryable: bool
    errors: list[Error]


class Autoscale(APIModel):
    metric: Annotated[
        str | None,
        Field(
            description="Of each instance: percent of a core, milliseconds that a call waits, or calls a second.\n\n* `cpu_utilization` - cpu_utilization\n* `queue_ms` - queue_ms\n* `rps` - rps"
        ),
    ] = None
    target: Annotated[float | None, Field(description="70 for cpu_utilization unless you say.")] = None
    min: Annotated[int | None, Field(ge=1, le=32)] = None
    max: Annotated[int | None, Field(ge=1, le=32)] = None
    cooldown_s: Annotated[
        int | None,
        Field(
            description="So long fewer must suffice before instances are taken away; 60 unless you say.",
            ge=5,
            le=3600,
        ),
    ] = None


class AutoscaleRequest(APIModel):
    metric: Annotated[
        str | None,
        Field(
            description="Of each instance: percent of a core, milliseconds that a call waits, or calls a second.\n\n* `cpu_utilization` - cpu_utilization\n* `queue_ms` - queue_ms\n* `rps` - rps"
        ),
    ] = None
    target: Annotated[float | None, Field(description="70 for cpu_utilization unless you say.")] = None
    min: Annotated[int | None, Field(ge=1, le=32)] = None
    max: Annotated[int | None, Field(ge=1, le=32)] = None
    cooldown_s: Annotated[
        int | None,
        Field(
            description="So long fewer must suffice before instances are taken away; 60 unless you say.",
            ge=5,
            le=3600,
        ),
    ] = None


class Batch(APIModel):
    id: Annotated[str, Field(description="batch_…")]
    object: Annotated[str, Field(description="Always `batch`.")]
    endpoint: str
    status: Annotated[
        str,
        Field(description="validating, in_progress, finalizing, completed, failed, canceling, canceled or expired."),
    ]
    progress: Annotated[float, Field(description="0 to 1.")]
    counts: BatchCounts
    input_file_id: str
    output_file_id: str | None
    error_file_id: str | None
    errors: Annotated[list[BatchFault], Field(description="Why the input file was refused.")]
    metadata: dict[str, Any]
    usage: BatchUsage
    created_at: AwareDatetime
    started_at: AwareDatetime | None
    completed_at: AwareDatetime | None
    expires_at: AwareDatetime
    urls: BatchUrls


class BatchPage(APIModel):
    data: list[Batch]
    has_more: bool
    next_cursor: str | None


class BillingAccount(APIModel):
    object: str
    currency: str
    plan: str
    next_plan: str
    next_plan_from: date | None
    period_start: date
    period_end: date
    state: Annotated[
        str,
        Field(
            description="blocked: calls are slowed down\n\n* `active` - active\n* `blocked` - blocked\n* `suspended` - suspended"
        ),
    ]
    owed: Annotated[str, Field(description="in the currency's unit")]
    sandbox: Annotated[bool, Field(description="no real money moves")]


class Budget(APIModel):
    object: str
    id: str
    name: str
    key_id: int | None
    window: Annotated[str, Field(description="* `day` - day\n* `month` - month")]
    amount: Annotated[str, Field(description="in the currency's unit")]
    currency: str
    hard: Annotated[bool, Field(description="no call passes it")]
    thresholds: Annotated[list[int], Field(description="percents that fire an alert")]
    spent: Annotated[
        str,
        Field(description="in the present window, before included units and rounding"),
    ]
    period_start: date
    alerts: list[BudgetAlert]


class BudgetList(APIModel):
    data: list[Budget]


class CardRequest(APIModel):
    use: str | None = None
    limits: str | None = None
    misuse: str | None = None
    origin: OriginRequest | None = None


class Classification(APIModel):
    model: str
    version: int
    predictions: list[Label]
    usage: PredictionUsage


class CompressRequest(APIModel):
    method: Annotated[
        str,
        Field(description="* `int8_dynamic` - int8_dynamic\n* `int8_static` - int8_static\n* `fp16` - fp16"),
    ]
    calibration_file_id: Annotated[str | None, Field(description="Lines of {input, output?}, for int8_static.")] = None
    data_file_id: Annotated[
        str | None,
        Field(description="Lines of {input, output?}: accuracy is told on it."),
    ] = None
    min_agreement: Annotated[float | None, Field(description="0.9 unless told.", ge=0.0, le=1.0)] = None


class Experiment(APIModel):
    model: str
    metric: str
    metrics: Annotated[list[str], Field(description="Of which there are outcomes.")]
    binary: bool
    since: AwareDatetime
    control: int | None
    alpha: Annotated[float, Field(description="0.05, shared by the comparisons.")]
    variants: list[Variant]


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


class InvoicePage(APIModel):
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
    gated: Annotated[
        bool,
        Field(description="Whether its provider decides which organizations may subscribe."),
    ]
    source: Annotated[str, Field(description="S1 library, S2 trained here, S3 fetched")]
    evidence: str
    license_code: str
    license_weights: str
    callable: Annotated[
        bool,
        Field(description="False: a hub's model that is fetched on demand, and was not yet."),
    ]
    quality: list[QualityFigure]
    latency: Latency | None
    memory: Memory | None
    price: Price
    manifest: Annotated[
        dict[str, Any],
        Field(description="model.yaml; its `pricing` is `price`, in the currency's unit."),
    ]
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
    gated: Annotated[
        bool,
        Field(description="Whether its provider decides which organizations may subscribe."),
    ]
    source: Annotated[str, Field(description="S1 library, S2 trained here, S3 fetched")]
    evidence: str
    license_code: str
    license_weights: str
    callable: Annotated[
        bool,
        Field(description="False: a hub's model that is fetched on demand, and was not yet."),
    ]
    quality: list[QualityFigure]
    latency: Latency | None
    memory: Memory | None
    price: Price


class ModelSummaryPage(APIModel):
    total: int
    facets: dict[str, list[FacetValue]]
    data: list[ModelSummary]
    has_more: bool
    next_cursor: str | None


class NewBudgetRequest(APIModel):
    name: str
    amount: Annotated[str, Field(description="in the account's currency, such as 25.00")]
    window: Annotated[str | None, Field(description="* `day` - day\n* `month` - month")] = None
    hard: bool | None = None
    thresholds: Annotated[list[Threshold] | None, Field(max_length=10)] = None
    key_id: Annotated[int | None, Field(ge=1)] = None


class NewModelRequest(APIModel):
    title: str
    title_zh: str | None = None
    summary: str
    summary_zh: str | None = None
    industry: Annotated[list[str] | None, Field(max_length=12)] = None
    tags: Annotated[list[str] | None, Field(max_length=20)] = None
    license: LicenseRequest | None = None
    card: CardRequest | None = None
    pricing: OfferRequest | None = None
    access: Annotated[
        str | None,
        Field(description="open: everybody may subscribe; gated: those who asked and whom you let in"),
    ] = None
    name: str
    task: Annotated[
        str,
        Field(description="One of the catalogue's tasks, such as tabular-classification."),
    ]


class NewOutcomesRequest(APIModel):
    outcomes: list[OutcomeRequest]


class NewTrafficRequest(APIModel):
    targets: list[TargetRequest]
    sticky_by: str | None = None
    shadow: Annotated[int | None, Field(ge=1)] = None
    reason: str | None = None


class OwnModel(APIModel):
    name: str
    title: str
    title_zh: str
    summary: str
    summary_zh: str
    task: str
    industry: list[str]
    tags: list[str]
    license: dict[str, str]
    card: dict[str, Any]
    pricing: Offer
    visibility: Annotated[str, Field(description="private, organization or public")]
    access: Annotated[
        str,
        Field(description="open: everybody may subscribe; gated: those who asked and whom you let in"),
    ]
    model_state: Annotated[str, Field(description="active, deprecated, retired or taken_down")]
    publication: Annotated[str | None, Field(description="State of the latest request to publish.")]
    versions: int
    ready: list[int]
    live: list[Target]
    signature: dict[str, Any] | None
    created_at: AwareDatetime
    updated_at: AwareDatetime


class OwnModelPage(APIModel):
    data: list[OwnModel]
    has_more: bool
    next_cursor: str | None


class PatchedModelTextsRequest(APIModel):
    title: str | None = None
    title_zh: str | None = None
    summary: str | None = None
    summary_zh: str | None = None
    industry: Annotated[list[str] | None, Field(max_length=12)] = None
    tags: Annotated[list[str] | None, Field(max_length=20)] = None
    license: LicenseRequest | None = None
    card: CardRequest | None = None
    pricing: OfferRequest | None = None
    access: Annotated[
        str | None,
        Field(description="open: everybody may subscribe; gated: those who asked and whom you let in"),
    ] = None


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


class QueuePolicy(APIModel):
    max_queue_size: Annotated[int | None, Field(ge=0, le=100000)] = None
    timeout_us: Annotated[int | None, Field(ge=0, le=600000000)] = None
    timeout_action: Annotated[str | None, Field(description="* `reject` - reject\n* `delay` - delay")] = None
    allow_timeout_override: bool | None = None


class QueuePolicyRequest(APIModel):
    max_queue_size: Annotated[int | None, Field(ge=0, le=100000)] = None
    timeout_us: Annotated[int | None, Field(ge=0, le=600000000)] = None
    timeout_action: Annotated[str | None, Field(description="* `reject` - reject\n* `delay` - delay")] = None
    allow_timeout_override: bool | None = None


class Receipt(APIModel):
    payload: ReceiptPayload
    kid: str
    signature: Annotated[str, Field(description="Ed25519 over the canonical JSON of payload, base64url")]


class Upload(APIModel):
    id: Annotated[str, Field(description="upload_…")]
    object: Annotated[str, Field(description="Always `upload`.")]
    filename: str
    bytes: int
    state: Annotated[str, Field(description="open, completed or canceled.")]
    max_part_bytes: int
    parts: list[UploadPart]
    file_id: str | None
    created_at: AwareDatetime
    expires_at: AwareDatetime


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


class NewDeployment(APIModel):
    replicas: Annotated[int | None, Field(ge=1, le=32)] = None
    autoscale: Autoscale | None = None
    min: Annotated[int | None, Field(description="The same as autoscale.min.", ge=1, le=32)] = None
    max: Annotated[int | None, Field(description="The same as autoscale.max.", ge=1, le=32)] = None
    pool: Annotated[str | None, Field(description="* `hot` - hot\n* `warm` - warm\n* `cold` - cold")] = None
    device: Annotated[str | None, Field(description="* `auto` - auto\n* `cpu` - cpu\n* `gpu` - gpu")] = None
    instance_groups: list[InstanceGroup] | None = None
    dynamic_batching: Batching | None = None
    queue_policy: QueuePolicy | None = None
    response_cache: AnswerCache | None = None
    warm_up: Annotated[
        int | None,
        Field(
            description="Inferences on made-up values before an instance takes calls.",
            ge=0,
            le=100,
        ),
    ] = None


class NewDeploymentRequest(APIModel):
    replicas: Annotated[int | None, Field(ge=1, le=32)] = None
    autoscale: AutoscaleRequest | None = None
    min: Annotated[int | None, Field(description="The same as autoscale.min.", ge=1, le=32)] = None
    max: Annotated[int | None, Field(description="The same as autoscale.max.", ge=1, le=32)] = None
    pool: Annotated[str | None, Field(description="* `hot` - hot\n* `warm` - warm\n* `cold` - cold")] = None
    device: Annotated[str | None, Field(description="* `auto` - auto\n* `cpu` - cpu\n* `gpu` - gpu")] = None
    instance_groups: list[InstanceGroupRequest] | None = None
    dynamic_batching: BatchingRequest | None = None
    queue_policy: QueuePolicyRequest | None = None
    response_cache: AnswerCacheRequest | None = None
    warm_up: Annotated[
        int | None,
        Field(
            description="Inferences on made-up values before an instance takes calls.",
            ge=0,
            le=100,
        ),
    ] = None


class Deployment(APIModel):
    model: str
    wanted: NewDeployment
    running: list[RunningVersion]
    updated_at: AwareDatetime
