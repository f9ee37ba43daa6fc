"""What billing's tests share: an organization, and the addresses of the real services."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg.conninfo import make_conninfo


@pytest.fixture
def organization(db: None) -> Any:
    from django.apps import apps

    return apps.get_model("accounts", "Organization").objects.create(name="Acme", slug="acme")


@pytest.fixture
def dsn(transactional_db: None) -> str:
    """The test database, for a writer that is not Django."""
    from django.db import connection

    found = connection.settings_dict
    parts = {"dbname": found["NAME"], "user": found["USER"], "password": found["PASSWORD"], "host": found["HOST"],
             "port": found["PORT"]}
    return make_conninfo(**{name: value for name, value in parts.items() if value})


@pytest.fixture
def redis_url() -> Iterator[str]:
    """A Redis whose `meter:` keys are this test's alone."""
    import redis

    url = os.environ["REDIS_URL"]
    client = redis.Redis.from_url(url)
    names = list(client.scan_iter(match="meter:*"))
    if names:
        client.delete(*names)
    yield url
    client.close()
