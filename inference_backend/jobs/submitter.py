"""The gateway's way to a job: it knows this object by its protocol only."""

from __future__ import annotations

from typing import Any

from inference_backend.jobs import selectors, services, webhooks
from inference_backend.jobs.database import in_thread
from kernel import tracing
from kernel.contracts import Grant


class JobSubmitter:
    """Accepts asynchronous predictions from the event loop of the data plane."""

    async def submit(self, grant: Grant, *, model: str, version: int | None, body: bytes, content_type: str,
                     metadata: dict[str, Any] | None = None, webhook: str = "",
                     idempotency_key: str | None = None) -> tuple[dict[str, Any], bool]:
        """The Prediction object and whether it is a replay. When this returns, the job is durable.

        Raises Problem idempotency_key_reused or validation_error.
        """
        return await in_thread(self._submit, grant, model, version, body, content_type, metadata, webhook,
                               idempotency_key, tracing.current())

    @staticmethod
    def _submit(grant: Grant, model: str, version: int | None, body: bytes, content_type: str,
                metadata: dict[str, Any] | None, webhook: str,
                idempotency_key: str | None, traceparent: str = "") -> tuple[dict[str, Any], bool]:
        accepted = services.submit(
            org_id=grant.org_id, key_id=grant.key_id, model=model, version=version, body=body,
            content_type=content_type, grant=grant.dump(), metadata=metadata,
            webhook_url=webhooks.check_url(webhook) if webhook else "", idempotency_key=idempotency_key,
            traceparent=traceparent)
        return selectors.prediction(accepted.job), accepted.replayed
