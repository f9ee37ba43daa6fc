"""Expected failures, one class with a code: what went wrong, for whom, and whether to try again (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# code → (HTTP status, title, worth retrying). The one table that REST, gRPC, OpenAPI and the documentation share.
CODES: dict[str, tuple[int, str, bool]] = {
    "invalid_request": (400, "Invalid request", False),
    "malformed_json": (400, "Malformed JSON", False),
    "invalid_cursor": (400, "Invalid cursor", False),
    "invalid_api_key": (401, "Missing or invalid API key", False),
    "expired_api_key": (401, "Expired API key", False),
    "payment_required": (402, "Payment required", False),
    "insufficient_balance": (402, "Insufficient balance", False),
    "budget_exceeded": (402, "Budget exceeded", False),
    "permission_denied": (403, "Permission denied", False),
    "insufficient_scope": (403, "Insufficient scope", False),
    "not_subscribed": (403, "Not subscribed", False),
    "approval_required": (403, "The provider's approval is required", False),
    "ip_not_allowed": (403, "IP address not allowed", False),
    "not_found": (404, "Not found", False),
    "model_not_found": (404, "Model not found", False),
    "version_not_found": (404, "Version not found", False),
    "method_not_allowed": (405, "Method not allowed", False),
    "conflict": (409, "Conflict", False),
    "name_taken": (409, "Name taken", False),
    "invalid_state": (409, "Invalid state", False),
    "idempotency_in_progress": (409, "A request with this key is in progress", True),
    "payload_too_large": (413, "Payload too large", False),
    "unsupported_media_type": (415, "Unsupported media type", False),
    "validation_error": (422, "Validation error", False),
    "input_signature_mismatch": (422, "Input does not match the signature", False),
    "idempotency_key_reused": (422, "Idempotency key reused with another body", False),
    "bundle_invalid": (422, "Bundle invalid", False),
    "signature_invalid": (422, "Signature invalid", False),
    "model_error": (422, "The model refused this input", False),
    "rate_limited": (429, "Rate limited", True),
    "concurrency_limited": (429, "Too many calls in flight", True),
    "quota_exceeded": (429, "Quota exceeded", False),
    "poisoned": (422, "Given up: this input ended several workers", False),
    "canceled": (499, "Canceled by the client", False),
    "internal_error": (500, "Internal error", True),
    "hub_mismatch": (502, "The model hub sent another file than was published", False),
    "backend_error": (502, "Inference backend error", True),
    "model_not_ready": (503, "Model not ready", True),
    "hub_unreachable": (503, "The model hub can't be reached", True),
    "model_quarantined": (503, "Model shut off after it failed repeatedly", False),
    "overloaded": (503, "Overloaded", True),
    "out_of_memory": (503, "Out of memory", True),
    "timeout": (504, "Deadline exceeded", True),
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault in a body: a JSON pointer to it, what is wrong, and a code."""

    pointer: str
    detail: str
    code: str = "invalid"


class Problem(Exception):
    """An expected failure that a caller can act on.

    ``Problem("quota_exceeded", "quota is used up", limit=600)``: the code fixes status and title; `extra` are
    further members of the problem document; `headers` go out with it (Retry-After, RateLimit).
    """

    def __init__(self, code: str, detail: str = "", *, errors: Sequence[FieldError] = (),
                 headers: Mapping[str, str] | None = None, **extra: object) -> None:
        self.status, self.title, self.retryable = CODES[code]
        self.code = code
        self.detail = detail or self.title
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.extra = extra
        super().__init__(f"{code}: {self.detail}")

    def document(self, request_id: str = "") -> dict[str, object]:
        """The RFC 9457 members of this problem."""
        return {
            "type": f"https://tessera.dev/problems/{self.code}", "title": self.title, "status": self.status,
            "code": self.code, "detail": self.detail, "request_id": request_id, "retryable": self.retryable,
            "errors": [{"pointer": e.pointer, "detail": e.detail, "code": e.code} for e in self.errors],
            **self.extra,
        }
