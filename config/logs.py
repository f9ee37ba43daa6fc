"""What the processes write: lines for people or JSON for machines, with the request's id and without secrets."""

from __future__ import annotations

import json
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

request_id: ContextVar[str] = ContextVar("request_id", default="")

_HIDDEN = "[hidden]"
# Keys of ours, of the payment provider and of webhooks; bearers; passwords in addresses and assignments.
_SECRETS = re.compile(
    r"tsr_(?:live|test)_[0-9A-Za-z]{8,}|[sr]k_(?:live|test)_[0-9A-Za-z_]{8,}|whsec_[0-9A-Za-z+/=_-]{8,}"
    r"|(?<=Bearer )[^\s'\",]+|(?<=bearer )[^\s'\",]+|(?<=://)[^\s/@:]*:[^\s/@]+(?=@)"
    r"|(?<=/invite/)[\w-]{20,}|(?<=/reset/key/)[\w-]{8,}", re.ASCII)
_NAMED = re.compile(r"(?i)((?:password|passwd|secret|token|authorization|api[_-]?key|sessionid|csrf\w*)['\"]?"
                    r"\s*[:=]\s*['\"]?)([^\s'\"&,;)}\]]+)")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "request", "taskName"}


def without_secrets(text: str) -> str:
    """The text with everything that opens a door taken out."""
    return _NAMED.sub(rf"\1{_HIDDEN}", _SECRETS.sub(_HIDDEN, text))


class Line(logging.Formatter):
    """One line for people."""

    def __init__(self) -> None:
        super().__init__("%(levelname).1s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        said = without_secrets(super().format(record))
        found = request_id.get()
        return f"{said} [{found}]" if found else said


class Json(logging.Formatter):
    """One JSON object a record: at, level, logger, message, request_id, exception, and what was given as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(), "logger": record.name, "message": record.getMessage(),
            "process": record.process,
        }
        if found := request_id.get() or getattr(getattr(record, "request", None), "request_id", ""):
            entry["request_id"] = found
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        entry |= {name: value for name, value in vars(record).items() if name not in _STANDARD and name not in entry}
        return json.dumps({name: _clean(name, value) for name, value in entry.items()}, ensure_ascii=False)


def _clean(name: str, value: Any) -> Any:
    if _NAMED.match(f"{name}=x"):
        return _HIDDEN
    return value if isinstance(value, int | float | bool | None) else without_secrets(str(value))


def settings(*, as_json: bool) -> dict[str, Any]:
    """For logging.config.dictConfig, and Django's LOGGING."""
    return {
        "version": 1, "disable_existing_loggers": False,
        "formatters": {"chosen": {"()": "config.logs.Json" if as_json else "config.logs.Line"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "chosen"}},
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {name: {"level": "WARNING"} for name in ("celery", "kombu", "httpx", "fido2")},
    }
