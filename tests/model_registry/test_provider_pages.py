"""What providers and staff see of a version: where it comes from, what became of it, and what they can do."""

from __future__ import annotations

import pytest
from django.test import Client

from marketplace.accounts import services as accounts
from marketplace.accounts.models import User
from model_registry import publication, selectors
from model_registry.access import Caller
from tests.marketplace.conftest import sign_in
from tests.model_registry.test_registration import CARD, Plane, made, plane, quick, version_of  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.stack]


def test_the_pages_of_a_version_and_of_the_staff(plane: Plane, quick: None, client: Client) -> None:  # noqa: F811
    user, org = accounts.sign_up(email="provider@example.com", password="correct horse 7")
    acme = Caller(org.pk, org.slug, user, f"user:{user.pk}")
    model = made(acme, license={"code": "MIT", "weights": "MIT"}, card=CARD)
    version_of(acme, model, lineage={"dataset": "iris, 1936"})
    version_of(acme, model, changelog="The same net again.")
    sign_in(client, user)
    said = {"version": 1, "sunset": "2099-01-31", "successor": 2}
    client.post(f"/provider/models/{model.name}/deprecate/", said)
    client.post(f"/provider/models/{model.name}/compress/", {"version": 2, "method": "fp16"})
    shown = client.get(f"/provider/models/{model.name}/v/1/", headers={"accept-language": "en"})
    assert shown.status_code == 200, shown.headers
    page = shown.content.decode()
    for words in ("iris, 1936", "validating", "deprecated", "2099-01-31", "Version 2 follows it"):
        assert words in page, words
    assert "Nothing changed for callers." in client.get(f"/provider/models/{model.name}/v/2/").content.decode()
    assert selectors.version(model, "3").upload["compress"] == {"version": 2, "method": "fp16", "min_agreement": 0.9}
    sent = client.post("/provider/models/new/", {"step": "import", "repository": "../x", "task": "text-embedding"})
    assert (sent.status_code, "/repository" in sent.content.decode()) == (422, True)
    assert client.get("/staff/publications/").status_code == 404
    asked = publication.publish(caller=acme, name=model.name, visibility="public", terms_accepted=True)
    assert asked is not None
    staff = [User.objects.create_user(email=f"s{i}@example.com", password=None, is_staff=True) for i in range(2)]
    for one in staff:
        publication.approve(staff=one, publication_id=asked.pk)
    sign_in(client, staff[0])
    for action, state, button in (("takedown", "taken_down", "reinstate"), ("reinstate", "active", None)):
        client.post("/staff/publications/", {"action": action, "model": model.name})  # without a reason nothing happens
        model.refresh_from_db()
        assert model.state != state
        client.post("/staff/publications/", {"action": action, "model": model.name, "note": "Looked into."})
        model.refresh_from_db()
        assert model.state == state
        page = client.get("/staff/publications/").content.decode()
        assert (f'value="{button}"' in page) == (button is not None)
