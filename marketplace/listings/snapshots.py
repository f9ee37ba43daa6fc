"""All that the data plane reads from Redis, and the mark that all of it is there.

A Redis that was emptied has lost the mark with the rest. Until both are back the gateways answer 503 to whom they don't
know, rather than 401: nobody's key is unknown because of our own loss.
"""

from __future__ import annotations

import uuid
from functools import cache
from typing import Any

import redis
from django.conf import settings

from kernel.contracts import SNAPSHOT_WHOLE
from marketplace.listings import grants
from model_registry import snapshots as routes

_BEGUN = "snapshot:begun"  # by whom; what began before Redis was emptied may not say that all is there
_BEGUN_S = 900
_DONE = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[2], '1') return 1 end return 0"


def rebuild() -> tuple[int, int]:
    """Writes every route and grant from Postgres, and then the mark; how many of each there are."""
    store, token = _redis(), uuid.uuid4().hex
    store.set(_BEGUN, token, ex=_BEGUN_S)
    counts = routes.rebuild(), grants.rebuild_all()
    store.eval(_DONE, 2, _BEGUN, SNAPSHOT_WHOLE, token)
    return counts


def mend() -> bool:
    """Rebuilds where the mark is gone, once for all who look at the same moment; whether this one did."""
    store = _redis()
    if store.exists(SNAPSHOT_WHOLE) or not store.set("snapshot:mending", "1", nx=True, ex=10):
        return False
    try:
        rebuild()
    finally:
        store.delete("snapshot:mending")
    return True


@cache
def _redis() -> Any:
    return redis.Redis.from_url(settings.ENV.redis_url)
