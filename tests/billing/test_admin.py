"""Staff's lists: the bank's disputes, Stripe's events, attempts, and a ledger entry that is corrected."""

from __future__ import annotations

from typing import Any

import pytest
from billing_kit import event
from django.apps import apps
from django.db import connection
from django.test import Client

from billing import ledger
from billing.models import UsageEvent

pytestmark = [pytest.mark.stack, pytest.mark.django_db]


@pytest.fixture
def staff() -> Client:
    user = apps.get_model("accounts", "User").objects.create(email="staff@example.com", is_staff=True,
                                                             is_superuser=True)
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize("name", ["dispute", "webhookevent", "paymentattempt", "usageevent", "creditnote"])
def test_every_list_opens(staff: Client, name: str) -> None:
    assert staff.get(f"/admin/billing/{name}/").status_code == 200


def test_an_entry_is_found_by_its_id_and_corrected_with_a_reason(staff: Client, organization: Any) -> None:
    one = event(org_id=organization.pk, units=5)
    with connection.cursor() as cursor:
        cursor.execute(ledger.INSERT, ledger.rows([one]))
    address = "/admin/billing/usageevent/"
    for wanted, shown in ((str(one.event_id), True), ("", False), ("nothing", False)):
        assert (str(one.event_id) in staff.get(address, {"q": wanted}).content.decode()) == shown
    send = {"action": "correct", "_selected_action": [str(one.event_id)]}
    for wrong in ({}, {"units": "many", "reason": "x"}, {"units": "-6", "reason": "x"}, {"units": "-1", "reason": " "}):
        staff.post(f"{address}?q={one.event_id}", {**send, **wrong})
        assert UsageEvent.objects.filter(org_id=organization.pk).count() == 1
    staff.post(f"{address}?q={one.event_id}", {**send, "units": "-2", "reason": "counted twice"})
    made = UsageEvent.objects.get(corrects=one.event_id)
    assert (made.units, made.reason, made.kind) == (-2, "counted twice", "correction")
