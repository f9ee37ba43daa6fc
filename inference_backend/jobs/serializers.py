"""The shapes of predictions and webhooks in OpenAPI. The data plane answers the same documents without DRF."""

from __future__ import annotations

from rest_framework import serializers

from inference_backend.jobs.lists import page_of
from inference_backend.jobs.models import CLOSED, OPEN


class PredictionRequestSerializer(serializers.Serializer):
    """What a prediction is made of."""

    input = serializers.DictField(help_text="Fields of the model's input; media as base64 text or data: URLs.")
    parameters = serializers.DictField(required=False, help_text="Settings of the model, within their bounds.")
    version = serializers.JSONField(required=False, help_text="A version number or an alias; else the route's pick.")
    metadata = serializers.DictField(required=False, help_text="Yours, kept with the prediction and given back.")
    webhook = serializers.URLField(required=False, help_text="Told when an asynchronous prediction ends.")


class PredictionUsageSerializer(serializers.Serializer):
    """What was delivered and charged."""

    unit = serializers.CharField()
    units = serializers.IntegerField()
    cost = serializers.CharField(help_text="Decimal text in the currency's unit, before included units and tiers.")
    currency = serializers.CharField()
    compute_ms = serializers.FloatField(required=False)
    queue_ms = serializers.FloatField(required=False)


class PredictionErrorSerializer(serializers.Serializer):
    code = serializers.CharField()
    detail = serializers.CharField()


class PredictionUrlsSerializer(serializers.Serializer):
    get = serializers.CharField(required=False, help_text="Absent where the prediction is not stored.")
    cancel = serializers.CharField(required=False)
    events = serializers.CharField(required=False)
    web = serializers.CharField(required=False)


class PredictionSerializer(serializers.Serializer):
    """One call of a model: its state, its output, its cost."""

    id = serializers.CharField(help_text="pred_…")
    object = serializers.CharField(help_text="Always `prediction`.")
    model = serializers.CharField()
    version = serializers.IntegerField(allow_null=True)
    variant = serializers.CharField(allow_null=True)
    status = serializers.CharField(help_text="One of: " + ", ".join((*OPEN, *CLOSED)) + ".")
    progress = serializers.FloatField(allow_null=True)
    stage = serializers.CharField(allow_null=True)
    output = serializers.JSONField(allow_null=True, help_text="By the model's output schema; media as data: URLs.")
    warnings = serializers.ListField(child=serializers.CharField(), required=False)
    error = PredictionErrorSerializer(allow_null=True)
    usage = PredictionUsageSerializer(allow_null=True)
    metadata = serializers.DictField()
    logs_url = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    urls = PredictionUrlsSerializer()


PredictionPageSerializer = page_of(PredictionSerializer)


class WebhookSecretSerializer(serializers.Serializer):
    secrets = serializers.ListField(child=serializers.CharField(), help_text="Valid signing secrets, newest first.")


class NewWebhookEndpointSerializer(serializers.Serializer):
    url = serializers.URLField(max_length=2000)
    events = serializers.ListField(child=serializers.CharField(max_length=60), min_length=1, max_length=40,
                                   help_text="Names of events, a group such as version.*, or *.")


class WebhookEndpointSerializer(serializers.Serializer):
    id = serializers.CharField(help_text="whe_…")
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()


WebhookEndpointPageSerializer = page_of(WebhookEndpointSerializer)


class WebhookDeliverySerializer(serializers.Serializer):
    id = serializers.CharField(help_text="msg_…, the webhook-id header.")
    prediction = serializers.CharField(help_text="Empty for an event of an endpoint.")
    event = serializers.CharField()
    url = serializers.CharField()
    state = serializers.CharField(help_text="pending, delivered or failed.")
    attempts = serializers.IntegerField()
    response_status = serializers.IntegerField(allow_null=True)
    error = serializers.CharField()
    created_at = serializers.DateTimeField()
    delivered_at = serializers.DateTimeField(allow_null=True)


WebhookDeliveryPageSerializer = page_of(WebhookDeliverySerializer)
