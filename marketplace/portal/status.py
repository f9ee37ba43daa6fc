"""What runs now, asked part by part with a short deadline each; needs neither the database nor a session."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.request import urlopen

import redis
from django.conf import settings
from django.db import connections
from django.utils.translation import gettext, gettext_lazy

DEADLINE_S = 1.0


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the product: its name, what it is for, whether it answered, and how long that took."""

    name: str
    words: str
    up: bool
    ms: int


def _database() -> None:
    connection = connections.create_connection("default")  # its own: a broken one is not left to a later request
    connection.settings_dict = {**connection.settings_dict, "OPTIONS": {"connect_timeout": 1}}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()


def _queue() -> None:
    redis.Redis.from_url(settings.ENV.redis_url, socket_timeout=DEADLINE_S, socket_connect_timeout=DEADLINE_S).ping()


def _inference() -> None:
    with urlopen(f"http://{settings.ENV.triton_url}/v2/health/ready", timeout=DEADLINE_S):
        pass


CHECKS: tuple[tuple[object, object, Callable[[], None]], ...] = (
    (gettext_lazy("Database"), gettext_lazy("accounts, keys, usage, invoices"), _database),
    (gettext_lazy("Queue and quotas"), gettext_lazy("jobs, limits, live snapshots"), _queue),
    (gettext_lazy("Inference"), gettext_lazy("the servers that run the models"), _inference),
)


def parts() -> list[Part]:
    """The website itself, which is answering, and every part behind it, all asked at once."""
    with ThreadPoolExecutor(len(CHECKS)) as pool:
        results = list(pool.map(lambda check: _ask(check[2]), CHECKS))
    found = [Part(gettext("Website and API"), gettext("this page, the gateway, the playground"), True, 0)]
    return found + [Part(str(name), str(words), up, ms)
                    for (name, words, _check), (up, ms) in zip(CHECKS, results, strict=True)]


def _ask(check: Callable[[], None]) -> tuple[bool, int]:
    began = time.monotonic()
    try:
        check()
    except Exception:
        return False, round((time.monotonic() - began) * 1000)
    return True, round((time.monotonic() - began) * 1000)
