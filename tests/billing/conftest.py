"""What billing's tests share: an organization, and the addresses of the real services."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from psycopg.conninfo import make_conninfo
from sandbox_kit import API_KEY, SECRET, SandboxProcess


@pytest.fixture
def organization(db: None) -> Any:
    import redis
    from django.apps import apps
    from django.conf import settings

    made = apps.get_model("accounts", "Organization").objects.create(name="Acme", slug="acme")
    client = redis.Redis.from_url(settings.CACHES["default"]["LOCATION"])
    if names := list(client.scan_iter(match=f"meter:{{{made.pk}}}:*")):  # of an earlier run's, by the same number
        client.delete(*names)
    client.close()
    return made


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


@pytest.fixture(scope="session")
def stripe_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """One sandbox Stripe for all tests; each test makes its own customers."""
    process = SandboxProcess(tmp_path_factory.mktemp("stripe"))
    process.start()
    yield process
    process.kill()


@pytest.fixture
def stripe(stripe_process: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxProcess]:
    """The sandbox, with the product's gateway pointed at it and without chaos."""
    from billing import stripe_gateway
    from billing.sandbox_stripe.store import DEFAULTS

    gateway = stripe_gateway.Gateway(API_KEY, stripe_process.base, SECRET)
    for module in ("payments", "payouts", "webhooks", "reconciliation"):
        monkeypatch.setattr(f"billing.{module}.gateway", lambda: gateway)
    stripe_process.set(**DEFAULTS)
    yield stripe_process
    stripe_process.set(**DEFAULTS)


@pytest.fixture
def book() -> Iterator[None]:
    """A page costs ten cents, and it is the second of November."""
    from payments_kit import NOVEMBER, at

    from billing import pricing
    from kernel import clock
    from kernel.contracts import Price

    pricing.use_price_book(lambda model, version: Price("page", Decimal("10"), "USD", 1))
    at(NOVEMBER)
    yield
    pricing.use_price_book(None)
    clock.set_offset(timedelta(0))


@pytest.fixture
def account(organization: Any) -> Any:
    """A billing account with an address for its invoices."""
    from billing import services

    found = services.open_account(org_id=organization.pk)
    return services.set_billing_details(org_id=found.organization_id, email="money@example.com", legal_name="Acme")
