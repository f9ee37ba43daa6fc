"""When a key was last used: from the ledger for calls of models, at once for calls of the account's own API."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from billing.models import UsageEvent
from kernel import clock
from marketplace.accounts import services
from marketplace.accounts.models import ApiKey

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    cache.delete(services.KEY_USE_SEEN)


def _key(org: Any, user: Any) -> tuple[ApiKey, str]:
    return services.create_api_key(org=org, actor=user, name="k", mode="live", scopes=["predict", "billing"])


def _delivered(key: ApiKey, moment: datetime) -> None:
    UsageEvent.objects.create(
        event_id=uuid.uuid4(), org_id=key.organization_id, key_id=key.pk, model="ocr", version=1, unit="image", units=1,
        price_version=1, unit_amount=Decimal("0.1"), currency="USD", mode="live", occurred_at=moment,
        request_hash=hashlib.sha256(b"x").digest(), latency_ms=5, source="sync", kind="usage", reason="")


def test_the_newest_delivered_call_is_the_last_use_of_its_key_alone(account: Callable[[], Any]) -> None:
    (used, _), (unused, _) = (_key(org, user) for user, org in (account(), account()))
    now = clock.now()
    for minutes in (7, 2, 5):
        _delivered(used, now - timedelta(minutes=minutes))
    assert services.note_key_use() == 1
    used.refresh_from_db()
    unused.refresh_from_db()
    assert used.last_used_at == now - timedelta(minutes=2)
    assert unused.last_used_at is None


def test_a_look_goes_on_where_the_last_one_ended_and_never_moves_a_key_back(account: Callable[[], Any]) -> None:
    user, org = account()
    key, _ = _key(org, user)
    newest = clock.now() - timedelta(seconds=1)
    _delivered(key, newest)
    services.note_key_use()
    late = clock.now() - timedelta(minutes=9)  # a long job, admitted before the first look and delivered after it
    other, _ = _key(org, user)
    _delivered(other, late)
    _delivered(key, late)
    assert services.note_key_use() == 2
    key.refresh_from_db()
    other.refresh_from_db()
    assert (key.last_used_at, other.last_used_at) == (newest, late)
    _delivered(other, clock.now() - timedelta(hours=2))  # older than any call can take: it is not looked for
    assert services.note_key_use() == 2


def test_a_request_to_the_account_s_api_is_a_use(account: Callable[[], Any]) -> None:
    user, org = account()
    key, secret = _key(org, user)
    before = clock.now()
    answer = APIClient().get("/api/v1/account", headers={"X-API-Key": secret})
    assert answer.status_code == 200
    key.refresh_from_db()
    assert key.last_used_at is not None
    assert before <= key.last_used_at <= clock.now()
    first = key.last_used_at
    APIClient().get("/api/v1/account", headers={"X-API-Key": secret})
    key.refresh_from_db()
    assert key.last_used_at == first  # noted at most every 20 s
