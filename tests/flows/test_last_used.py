"""A call by a key shows on the key within a minute, through the running gateway, ledger, beat and worker."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from tests.flows.conftest import Customer

pytestmark = pytest.mark.stack


def test_a_key_shows_its_last_use_within_a_minute(customer: Customer) -> None:
    customer.subscribe("sentiment-en")
    before = datetime.now(UTC)
    called = customer.api.post("/api/v1/models/sentiment-en/predictions", json={"input": {"text": "I like it."}})
    assert called.status_code == 200, called.text
    after = datetime.now(UTC)
    deadline, shown = time.monotonic() + 60, None
    while shown is None and time.monotonic() < deadline:
        shown = _last_use(customer)
        time.sleep(1)
    assert shown is not None
    assert before <= shown <= after


def _last_use(customer: Customer) -> datetime | None:
    """As the console's session sees it: asking with the key would be a use."""
    keys = customer.session.get("/api/v1/api-keys").json()["data"]
    text = next(key["last_used_at"] for key in keys if str(key["id"]) == customer.key_id)
    return datetime.fromisoformat(text) if text else None
