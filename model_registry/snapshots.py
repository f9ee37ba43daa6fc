"""Route snapshots: the derived copy in Redis that the data plane reads. Postgres is the truth; this can be redone."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import redis
from django.conf import settings

from kernel.contracts import ROUTE_KEY, SNAPSHOT_CHANNEL
from kernel.facts import VersionPublished
from model_registry import selectors
from model_registry.models import Model


def write_routes(names: Iterable[str]) -> int:
    """Writes (or removes) the routes of these models and tells every process; how many are served."""
    names = list(names)
    found = selectors.routes_for(Model.objects.filter(name__in=names).defer("example"))
    store = _redis().pipeline(transaction=True)
    served = 0
    for name in names:
        route = found.get(name)
        key = ROUTE_KEY.format(model=name)
        if route is None:
            store.delete(key)
        else:
            store.set(key, route.dump())
            served += 1
        store.publish(SNAPSHOT_CHANNEL, f"route:{name}")
    store.execute()
    return served


def rebuild() -> int:
    """Rewrites every route from Postgres and drops those of models that are gone; how many are served."""
    names = set(Model.objects.values_list("name", flat=True))
    prefix = ROUTE_KEY.format(model="")
    names |= {key.decode().removeprefix(prefix) for key in _redis().scan_iter(match=f"{prefix}*", count=500)}
    return write_routes(sorted(names))


def on_version_published(fact: VersionPublished) -> None:
    """Listener of VersionPublished."""
    write_routes([fact.model])


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.ENV.redis_url, socket_timeout=5, socket_connect_timeout=2)
