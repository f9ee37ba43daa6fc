"""What can go wrong, by type. Every answer that is not a success raises; nothing is returned as an error value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tessera.prediction import AsyncPrediction, Prediction, _Fields


class TesseraError(Exception):
    """The base of everything that this package raises on purpose."""


class ConfigurationError(TesseraError):
    """The client lacks something it needs: a key, an optional package."""


class APIConnectionError(TesseraError):
    """The server could not be reached, or broke off."""


class APITimeoutError(APIConnectionError):
    """No answer in time."""


class PredictionTimeout(TesseraError):
    """`wait` gave up; the prediction goes on."""


class UnreadableAnswer(TesseraError):
    """An answer that lacks what this package needs of it: the server is older than the package, or is no Tessera."""


class InvalidSignature(TesseraError):
    """A webhook that was not signed by us, or is too old."""


class APIStatusError(TesseraError):
    """A problem document (RFC 9457), or an OIP error."""

    def __init__(self, status: int, document: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        self.status = status
        self.code = str(document.get("code") or "")
        self.detail = str(document.get("detail") or document.get("error") or f"HTTP {status}")
        self.errors: list[Mapping[str, Any]] = list(document.get("errors") or [])
        self.request_id = str(document.get("request_id") or headers.get("x-request-id", ""))
        retryable = document.get("retryable")
        self.retryable = retryable if isinstance(retryable, bool) else status in (408, 429, 500, 502, 503, 504)
        self.headers = dict(headers)
        self.document = dict(document)
        faults = "".join(f"\n  {fault.get('pointer')}: {fault.get('detail')}" for fault in self.errors)
        super().__init__(f"{status} {self.code}: {self.detail}{faults} (request {self.request_id or 'unknown'})")


class BadRequest(APIStatusError):
    """400"""


class AuthenticationError(APIStatusError):
    """401"""


class PaymentRequired(APIStatusError):
    """402"""


class PermissionDenied(APIStatusError):
    """403"""


class NotFound(APIStatusError):
    """404"""


class Conflict(APIStatusError):
    """409"""


class PayloadTooLarge(APIStatusError):
    """413"""


class ValidationFailed(APIStatusError):
    """422"""


class RateLimited(APIStatusError):
    """429"""


class ServerError(APIStatusError):
    """5xx"""


class PredictionFailed(TesseraError):
    """A prediction that ended as failed or canceled; `prediction` has its state."""

    def __init__(self, prediction: Prediction[Any] | AsyncPrediction[Any] | _Fields[Any]) -> None:
        self.prediction = prediction
        self.code = prediction.error.code if prediction.error else prediction.status
        self.detail = prediction.error.detail if prediction.error else ""
        super().__init__(f"{prediction.id} {prediction.status}: {self.code}: {self.detail}")


_BY_STATUS: dict[int, type[APIStatusError]] = {
    400: BadRequest, 401: AuthenticationError, 402: PaymentRequired, 403: PermissionDenied, 404: NotFound,
    409: Conflict, 413: PayloadTooLarge, 422: ValidationFailed, 429: RateLimited,
}


def of(status: int, document: Mapping[str, Any], headers: Mapping[str, str]) -> APIStatusError:
    """The error of an answer."""
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else APIStatusError)
    return kind(status, document, headers)
