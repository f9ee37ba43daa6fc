"""Generated from sdk/openapi.json by sdk/generate.py. Do not edit."""

from __future__ import annotations

import builtins
from typing import Any

from tessera._base import (
    OMIT,
    AsyncPaginator,
    AsyncResource,
    AsyncTransport,
    Call,
    Omit,
    Paginator,
    Resource,
    Transport,
    quote,
)
from tessera._generated import models as m
from tessera.prediction import AsyncPrediction, Prediction


class ModelsResource(Resource):
    """`client.models`"""

    def list(
        self, *, search: str | Omit = OMIT, task: str | Omit = OMIT, limit: int | Omit = OMIT
    ) -> Paginator[m.Model]:
        """List models."""
        return self._pages(
            m.Model, Call("GET", "/api/v1/models", query={"search": search, "task": task, "limit": limit})
        )

    def retrieve(self, model: str) -> m.Model:
        """Get one model."""
        answer: m.Model = self._call(m.Model, Call("GET", f"/api/v1/models/{quote(model)}"))
        return answer

    def predictions(
        self,
        model: str,
        *,
        input: builtins.dict[str, Any],
        parameters: builtins.dict[str, Any] | Omit = OMIT,
        version: Any | Omit = OMIT,
        metadata: builtins.dict[str, Any] | Omit = OMIT,
        webhook: str | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> Prediction:
        """Run a model."""
        answer: Prediction = self._call(
            Prediction,
            Call(
                "POST",
                f"/api/v1/models/{quote(model)}/predictions",
                json={
                    "input": input,
                    "parameters": parameters,
                    "version": version,
                    "metadata": metadata,
                    "webhook": webhook,
                },
                idempotency_key=idempotency_key,
            ),
        )
        return answer


class AsyncModelsResource(AsyncResource):
    """`client.models`"""

    def list(
        self, *, search: str | Omit = OMIT, task: str | Omit = OMIT, limit: int | Omit = OMIT
    ) -> AsyncPaginator[m.Model]:
        """List models."""
        return self._pages(
            m.Model, Call("GET", "/api/v1/models", query={"search": search, "task": task, "limit": limit})
        )

    async def retrieve(self, model: str) -> m.Model:
        """Get one model."""
        answer: m.Model = await self._call(m.Model, Call("GET", f"/api/v1/models/{quote(model)}"))
        return answer

    async def predictions(
        self,
        model: str,
        *,
        input: builtins.dict[str, Any],
        parameters: builtins.dict[str, Any] | Omit = OMIT,
        version: Any | Omit = OMIT,
        metadata: builtins.dict[str, Any] | Omit = OMIT,
        webhook: str | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> AsyncPrediction:
        """Run a model."""
        answer: AsyncPrediction = await self._call(
            AsyncPrediction,
            Call(
                "POST",
                f"/api/v1/models/{quote(model)}/predictions",
                json={
                    "input": input,
                    "parameters": parameters,
                    "version": version,
                    "metadata": metadata,
                    "webhook": webhook,
                },
                idempotency_key=idempotency_key,
            ),
        )
        return answer


class PredictionsResource(Resource):
    """`client.predictions`"""

    def list(
        self, *, limit: int | Omit = OMIT, model: str | Omit = OMIT, status: str | Omit = OMIT
    ) -> Paginator[Prediction]:
        """List predictions."""
        return self._pages(
            Prediction, Call("GET", "/api/v1/predictions", query={"limit": limit, "model": model, "status": status})
        )

    def retrieve(self, prediction_id: str) -> Prediction:
        """Get one prediction."""
        answer: Prediction = self._call(Prediction, Call("GET", f"/api/v1/predictions/{quote(prediction_id)}"))
        return answer

    def cancel(self, prediction_id: str, *, idempotency_key: str | None = None) -> Prediction:
        """Cancel a prediction."""
        answer: Prediction = self._call(
            Prediction,
            Call("POST", f"/api/v1/predictions/{quote(prediction_id)}/cancel", idempotency_key=idempotency_key),
        )
        return answer

    def events(self, prediction_id: str, *, last_event_id: str | None = None) -> Any:
        """Follow a prediction."""
        answer: Any = self._call(
            Any,
            Call(
                "GET",
                f"/api/v1/predictions/{quote(prediction_id)}/events",
                headers={name: value for name, value in (("Last-Event-ID", last_event_id),) if value is not None},
            ),
        )
        return answer


class AsyncPredictionsResource(AsyncResource):
    """`client.predictions`"""

    def list(
        self, *, limit: int | Omit = OMIT, model: str | Omit = OMIT, status: str | Omit = OMIT
    ) -> AsyncPaginator[AsyncPrediction]:
        """List predictions."""
        return self._pages(
            AsyncPrediction,
            Call("GET", "/api/v1/predictions", query={"limit": limit, "model": model, "status": status}),
        )

    async def retrieve(self, prediction_id: str) -> AsyncPrediction:
        """Get one prediction."""
        answer: AsyncPrediction = await self._call(
            AsyncPrediction, Call("GET", f"/api/v1/predictions/{quote(prediction_id)}")
        )
        return answer

    async def cancel(self, prediction_id: str, *, idempotency_key: str | None = None) -> AsyncPrediction:
        """Cancel a prediction."""
        answer: AsyncPrediction = await self._call(
            AsyncPrediction,
            Call("POST", f"/api/v1/predictions/{quote(prediction_id)}/cancel", idempotency_key=idempotency_key),
        )
        return answer

    async def events(self, prediction_id: str, *, last_event_id: str | None = None) -> Any:
        """Follow a prediction."""
        answer: Any = await self._call(
            Any,
            Call(
                "GET",
                f"/api/v1/predictions/{quote(prediction_id)}/events",
                headers={name: value for name, value in (("Last-Event-ID", last_event_id),) if value is not None},
            ),
        )
        return answer


class WebhookDeliveriesResource(Resource):
    """`client.webhook_deliveries`"""

    def list(self) -> Paginator[m.WebhookDelivery]:
        """The newest 100 deliveries."""
        return self._pages(m.WebhookDelivery, Call("GET", "/api/v1/webhook-deliveries"))

    def replay(self, delivery_id: str, *, idempotency_key: str | None = None) -> m.WebhookDelivery:
        """Send a message again."""
        answer: m.WebhookDelivery = self._call(
            m.WebhookDelivery,
            Call("POST", f"/api/v1/webhook-deliveries/{quote(delivery_id)}/replay", idempotency_key=idempotency_key),
        )
        return answer


class AsyncWebhookDeliveriesResource(AsyncResource):
    """`client.webhook_deliveries`"""

    def list(self) -> AsyncPaginator[m.WebhookDelivery]:
        """The newest 100 deliveries."""
        return self._pages(m.WebhookDelivery, Call("GET", "/api/v1/webhook-deliveries"))

    async def replay(self, delivery_id: str, *, idempotency_key: str | None = None) -> m.WebhookDelivery:
        """Send a message again."""
        answer: m.WebhookDelivery = await self._call(
            m.WebhookDelivery,
            Call("POST", f"/api/v1/webhook-deliveries/{quote(delivery_id)}/replay", idempotency_key=idempotency_key),
        )
        return answer


class WebhookSecretsResource(Resource):
    """`client.webhook_secrets`"""

    def retrieve(self) -> m.WebhookSecret:
        """Signing secrets."""
        answer: m.WebhookSecret = self._call(m.WebhookSecret, Call("GET", "/api/v1/webhook-secrets"))
        return answer

    def rotate(self, *, idempotency_key: str | None = None) -> m.WebhookSecret:
        """Rotate the signing secret."""
        answer: m.WebhookSecret = self._call(
            m.WebhookSecret, Call("POST", "/api/v1/webhook-secrets", idempotency_key=idempotency_key)
        )
        return answer


class AsyncWebhookSecretsResource(AsyncResource):
    """`client.webhook_secrets`"""

    async def retrieve(self) -> m.WebhookSecret:
        """Signing secrets."""
        answer: m.WebhookSecret = await self._call(m.WebhookSecret, Call("GET", "/api/v1/webhook-secrets"))
        return answer

    async def rotate(self, *, idempotency_key: str | None = None) -> m.WebhookSecret:
        """Rotate the signing secret."""
        answer: m.WebhookSecret = await self._call(
            m.WebhookSecret, Call("POST", "/api/v1/webhook-secrets", idempotency_key=idempotency_key)
        )
        return answer


class Resources:
    """Every group of operations."""

    def __init__(self, transport: Transport) -> None:
        self.models = ModelsResource(transport)
        self.predictions = PredictionsResource(transport)
        self.webhook_deliveries = WebhookDeliveriesResource(transport)
        self.webhook_secrets = WebhookSecretsResource(transport)


class AsyncResources:
    """Every group of operations."""

    def __init__(self, transport: AsyncTransport) -> None:
        self.models = AsyncModelsResource(transport)
        self.predictions = AsyncPredictionsResource(transport)
        self.webhook_deliveries = AsyncWebhookDeliveriesResource(transport)
        self.webhook_secrets = AsyncWebhookSecretsResource(transport)
