"""The operators' page of the pool: what it shows, what it changes, who may see it, and that it is audited."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
import redis
from django.conf import settings
from django.test import Client
from django.utils import translation

from inference_backend.pools.store import keys_of
from inference_backend.pools.table import Entry, Hold, Pin, Post, Table, dump_post, dump_table, load_table
from marketplace.accounts.models import AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def table() -> Iterator[redis.Redis]:
    """A pool with a busy model, a pinned one and one that was shut off; the real one of this Redis is put back."""
    connection = redis.Redis.from_url(settings.ENV.redis_url)
    keys = keys_of(settings.ENV.triton_grpc_url)
    before = {name: connection.dump(name) for name in (keys.table, keys.members)}
    connection.delete(keys.table, keys.members)
    now = time.time()
    models = {
        "busy-net": Entry("ready", fence=1, mb=120.4, load_ms=31.0, since=now),
        "host-text": Entry("ready", fence=2, mb=301.0, load_ms=800.0, since=now),
        "wild-net": Entry("ready", fence=3, guess_mb=40.0, since=now, quarantined_until=now + 500),
        "old-net": Entry("absent", fence=4, mb=10.0)}
    made = Table(models, {"host-text": Pin("policy", now)}, fence=4, evictions=7, heals=2)
    post = Post("gateway:77", now + 600, {"busy-net": Hold(3, 400.0, now), "host-text": Hold(0, 1.0, now - 30)})
    connection.hset(keys.table, mapping={"v": 5, "doc": orjson.dumps(dump_table(made))})
    connection.hset(keys.members, "m1", orjson.dumps(dump_post(post)))
    yield connection
    connection.delete(keys.table, keys.members)
    for name, raw in before.items():
        if raw is not None:
            connection.restore(name, 0, raw)
    connection.close()


def pins(connection: redis.Redis) -> dict[str, Pin]:
    document: Any = connection.hget(keys_of(settings.ENV.triton_grpc_url).table, "doc")
    return load_table(orjson.loads(document)).pins


def visitor(account: Callable[[], Any], *, staff: bool) -> tuple[Client, Any]:
    user, org = account()
    user.is_staff = staff
    user.save(update_fields=["is_staff"])
    client = Client()
    client.force_login(user)
    return client, org


def test_strangers_find_nothing(table: redis.Redis, account: Callable[[], Any]) -> None:
    client, _ = visitor(account, staff=False)
    for one in (Client(), client):
        assert one.get("/staff/pools/").status_code == 404
        assert one.post("/staff/pools/busy-net/evict/").status_code == 404
    assert set(pins(table)) == {"host-text"}


def test_the_page_shows_what_is_there_and_why(table: redis.Redis, account: Callable[[], Any]) -> None:
    client, _ = visitor(account, staff=True)
    with translation.override("en"):
        page = client.get("/staff/pools/", headers={"accept-language": "en"}).content.decode()
    for text in ("busy-net", "120 MB", "31 ms", "host-text", "Pinned by policy", "301 MB", "gateway:77", "wild-net",
                 "Shut off", "≈ 40 MB", "7 evictions", "2 restarts", "Demand"):
        assert text in page, text
    assert "old-net" not in page
    chinese = client.get("/staff/pools/", headers={"accept-language": "zh-hans"}).content.decode()
    for text in ("模型池", "按策略固定", "已停用", "固定", "换出"):
        assert text in chinese, text


def test_changes_reach_the_table_and_the_audit_trail(table: redis.Redis, account: Callable[[], Any]) -> None:
    client, org = visitor(account, staff=True)
    heard = table.pubsub()
    heard.subscribe(keys_of(settings.ENV.triton_grpc_url).channel)
    assert client.post("/staff/pools/busy-net/pin/").status_code == 302
    assert pins(table)["busy-net"].keep
    assert client.post("/staff/pools/host-text/unpin/").status_code == 302
    assert not pins(table)["host-text"].keep
    assert client.post("/staff/pools/wild-net/release/").status_code == 302
    page = client.get("/staff/pools/", headers={"accept-language": "en"}).content.decode()
    assert "Shut off" not in page
    assert client.post("/staff/pools/busy-net/evict/").status_code == 302
    asked = []
    for _ in range(20):
        message: Any = heard.get_message(timeout=0.2)
        if message and message["type"] == "message":
            asked += orjson.loads(message["data"]).get("evict", [])
    assert asked == ["busy-net"]
    trail = AuditEntry.objects.filter(organization=org, action__startswith="pool.").order_by("number")
    assert [(entry.action, entry.target) for entry in trail] == [
        ("pool.pin", "busy-net"), ("pool.unpin", "host-text"), ("pool.release", "wild-net"), ("pool.evict", "busy-net")]
    assert client.post("/staff/pools/unknown/pin/").status_code == 404
    assert client.post("/staff/pools/busy-net/explode/").status_code == 404
    assert client.get("/staff/pools/busy-net/pin/").status_code == 405
