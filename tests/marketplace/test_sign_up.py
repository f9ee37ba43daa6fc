"""Signing up where letters go out: whoever asks is not told who has an account; the mailbox is."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace
from typing import Any

import pytest
from django.core import mail, signing
from django.test import Client

from marketplace.accounts import entrance, services
from marketplace.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.stack]
PASSWORD = "correct horse 7"
# Other names in each run: letters to one mailbox are counted for an hour.
TAKEN, FREE, FLOODED = (f"{secrets.token_hex(6)}@example.com" for _ in range(3))


@pytest.fixture(autouse=True)
def _mailing(settings: Any) -> None:
    settings.ENV = replace(settings.ENV, smtp_url="smtp://mail.example:587")
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def _ask(email: str, ip: str = "198.51.100.20") -> Any:
    return Client(REMOTE_ADDR=ip).post("/signup/", {"email": email, "organization": "Org", "next": "/models/"})


def _seen(answer: Any, email: str) -> tuple[int, list[str], str]:
    """What a caller can tell answers apart by, without the form's token and the address that they sent."""
    text = re.sub(r"(nonce|csrfmiddlewaretoken|req_)[^\s>]*", "", answer.content.decode()).replace(email, "ADDRESS")
    return answer.status_code, sorted(answer.cookies), text


def test_a_taken_address_is_answered_as_a_free_one(django_assert_num_queries: Any) -> None:
    services.sign_up(email=TAKEN, password=PASSWORD, organization_name="Theirs")
    seen = []
    for email in (TAKEN, FREE, TAKEN.upper()):
        with django_assert_num_queries(1):
            seen.append(_seen(_ask(email), email))
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][0] == 200
    assert [letter.to for letter in mail.outbox] == [[TAKEN], [FREE], [TAKEN]]
    assert "/signup/" not in mail.outbox[0].body
    assert not User.objects.filter(email=FREE).exists(), "nothing is made before the mailbox has answered"


def test_the_letter_s_link_makes_the_account_once() -> None:
    _ask(FREE)
    link = re.search(r"http://\S+(/signup/\S+/)", mail.outbox[-1].body)
    assert link
    client = Client(REMOTE_ADDR="198.51.100.21")
    assert FREE in client.get(link[1]).content.decode()
    weak = client.post(link[1], {"password": "short"})
    assert weak.status_code == 422
    # Whatever else is sent along: the address and the organization are the letter's.
    made = client.post(link[1], {"password": PASSWORD, "email": TAKEN, "organization": "Other", "next": "/pricing/"})
    assert (made.status_code, made["Location"]) == (302, "/models/")
    user = User.objects.get(email=FREE)
    assert [each.organization.name for each in user.memberships.all()] == ["Org"]
    assert client.get("/console/").status_code == 200
    assert not User.objects.filter(email=TAKEN).exists()
    again = Client(REMOTE_ADDR="198.51.100.22").post(link[1], {"password": "another horse 8"})
    assert again.status_code == 422
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_a_link_that_is_not_ours_or_too_old_is_not_found(monkeypatch: Any) -> None:
    for salt, age in (("other", 24 * 3600), (entrance.SALT, -1)):
        monkeypatch.setattr(entrance, "CONFIRM_WITHIN_S", age)
        token = signing.dumps([FREE, "Org", "/"], salt=salt, compress=True)
        assert Client().get(f"/signup/{token}/").status_code == 404
    assert Client().get("/signup/anything/").status_code == 404


def test_one_mailbox_is_not_flooded_and_the_caller_does_not_notice() -> None:
    answers = [_seen(_ask(FLOODED, f"198.51.100.{30 + n}"), FLOODED) for n in range(7)]
    assert len(set(map(str, answers))) == 1
    assert len(mail.outbox) == 5
