"""Addresses of an organization: what they hear, and that nobody else's do."""

from __future__ import annotations

import json

import pytest
from django.db import transaction
from test_job_runs import receiver  # noqa: F401  (a fixture)

from inference_backend.jobs import endpoints, forgetting, webhooks
from inference_backend.jobs.models import WebhookDelivery
from kernel.facts import AccountClosed
from kernel.problems import Problem

pytestmark = [pytest.mark.stack, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "_known", {"version.ready": "", "version.failed": "", "alias.moved": ""})


def test_an_address_hears_what_it_chose_and_only_of_its_own(receiver, settings) -> None:  # noqa: F811
    url, received, _ = receiver
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    chosen = endpoints.create(org_id=3, url=url, events=["version.*"])
    endpoints.create(org_id=4, url=url, events=["*"])
    data = {"model": "acme.iris", "version": 2}
    assert endpoints.announce(org_id=3, event="alias.moved", data=data) == 0
    assert endpoints.announce(org_id=3, event="version.ready", data=data) == 1
    with transaction.atomic():
        endpoints.announce(org_id=3, event="version.failed", data=data)
        transaction.set_rollback(True)
    assert webhooks.deliver_due() == 1
    headers, body = received[0]
    said = json.loads(body)
    assert (said["type"], said["data"]) == ("version.ready", data)
    row = WebhookDelivery.objects.get()
    assert headers["webhook-signature"] == webhooks.sign(
        secret=webhooks.current_secrets(org_id=3)[0], message_id=headers["webhook-id"],
        timestamp=int(headers["webhook-timestamp"]), body=body)
    assert (row.org_id, row.state, row.url) == (3, "delivered", url)
    assert [one.pk for one in webhooks.deliveries_of(org_id=3)] == [row.pk]
    assert webhooks.deliveries_of(org_id=4) == []

    endpoints.send_test(org_id=3, endpoint_id=chosen.pk)
    assert webhooks.deliver_due() == 1
    assert json.loads(received[1][1])["type"] == endpoints.TEST
    for act in (endpoints.send_test, endpoints.delete):
        with pytest.raises(Problem, match="not_found"):
            act(org_id=4, endpoint_id=chosen.pk)
    endpoints.delete(org_id=3, endpoint_id=chosen.pk)
    assert endpoints.announce(org_id=3, event="version.ready", data=data) == 0
    forgetting.forget(AccountClosed(4))
    assert endpoints.endpoints_of(org_id=4) == []


@pytest.mark.parametrize("events", [[], ["version.reddy"], ["reddy.*"], ["*.*"], [""]])
def test_events_that_do_not_exist_are_refused(events: list[str], settings) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    with pytest.raises(Problem, match="validation_error"):
        endpoints.create(org_id=3, url="http://127.0.0.1:1/", events=events)
    assert endpoints.endpoints_of(org_id=3) == []
