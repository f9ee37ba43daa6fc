"""Who may open what: each page of the portal × eight kinds of visitors; what others own is as unknown as what is not.

The table is written by hand and read against the addresses: a page without a row fails, and so does a row without a
page. What the views ask for is not read: their answers are. `test_permission_matrix.py` does the same for the API.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY
from django.contrib.messages import get_messages
from django.db import transaction
from django.test import Client
from django.urls import URLPattern

from billing import budgets, invoicing
from billing.services import open_account
from inference_backend.jobs.models import Job, WebhookDelivery, WebhookEndpoint
from kernel import ids
from marketplace.accounts import services
from marketplace.accounts.models import Membership, User
from marketplace.listings.models import Trial
from marketplace.portal.urls import urlpatterns
from model_registry import services as registry
from model_registry.models import Model
from tests.marketplace.conftest import ROWS, manifest, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.stack]

ROLES = ("owner", "admin", "developer", "billing", "viewer")
VISITORS = (*ROLES, "staff", "anonymous")  # staff: of no organization
ALL, BUILD, MONEY, LEAD = "OADBV", "OAD", "OAB", "OA"
ANYBODY, PERSON, STAFF = "public", "person", "staff"

# name → (method, who may). A person is whoever is logged in; ALL are the members of an organization.
PAGES: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("home", "catalogue", "model", "version", "sample", "medium", "collections", "collection",
                     "compare", "provider", "palette", "pricing", "status", "docs", "docs-api", "docs-operation",
                     "docs-page", "signup", "signup-confirm", "login"), ("GET", ANYBODY)),
    **dict.fromkeys(("logout", "sso-start"), ("POST", ANYBODY)),
    **dict.fromkeys(("security", "invitation"), ("GET", PERSON)),
    **dict.fromkeys(("end-session", "delete-me", "export-data", "create-organization", "switch-organization"),
                    ("POST", PERSON)),
    **dict.fromkeys(("staff-pools", "staff-publications"), ("GET", STAFF)), "staff-change-pool": ("POST", STAFF),
    "fetch-model": ("POST", STAFF),
    **dict.fromkeys(("console", "keys", "subscribe", "subscriptions", "jobs", "job", "notices", "trials", "trial",
                     "team", "settings", "own-models", "own-model", "own-report", "own-deployment", "own-access"),
                    ("GET", ALL)),
    **dict.fromkeys(("change-key", "add-webhook", "change-webhook", "resend", "change-own-model", "change-deployment",
                     "set-access", "decide-access", "change-job", "change-trial", "new-trial",
                     "rotate-webhook-secret"), ("POST", BUILD)),
    **dict.fromkeys(("webhooks", "new-own-model"), ("GET", BUILD)),
    **dict.fromkeys(("unsubscribe", "subscribe-again", "cancel-request"), ("POST", "OADB")),
    **dict.fromkeys(("console-usage", "billing", "console-invoice", "console-invoice-file", "earnings", "payout"),
                    ("GET", MONEY)),
    **dict.fromkeys(("set-limit", "add-budget", "remove-budget", "add-card", "change-card", "top-up", "auto-recharge",
                     "redeem", "choose-plan", "billing-details", "onboarding"), ("POST", MONEY)),
    "checkout-done": ("GET", MONEY),
    **dict.fromkeys(("audit", "audit-export", "organization-security"), ("GET", LEAD)), "change-member": ("POST", LEAD),
}
UNKNOWN = {"int": "987654321", "str": "no-such-thing", "slug": "no-such-thing"}
# An action that is none is unknown to everybody.
ACTIONS = {"change-key": "revoke", "change-member": "remove", "change-own-model": "publish",
           "change-deployment": "scale"}


def _address(pattern: URLPattern, colleague: User) -> str:
    """Of something that is not there; people of an organization see each other, so a member is asked about."""
    values = {**UNKNOWN, "user_id": str(colleague.pk), "action": ACTIONS.get(str(pattern.name), "")}
    return "/" + re.sub(r"<(\w+):(\w+)>", lambda found: values.get(found[2]) or values[found[1]], str(pattern.pattern))


def test_each_page_has_a_row() -> None:
    assert {str(pattern.name) for pattern in urlpatterns} ^ set(PAGES) == set()


@pytest.fixture
def house(db: None) -> dict[str, Any]:
    """An organization with a member of each role, and somebody of the staff who is no member of any."""
    people = {role: User(email=f"{role}@example.com") for role in ROLES}
    people["staff"] = User(email="staff@example.com", is_staff=True)
    people["colleague"] = User(email="colleague@example.com")
    for person in people.values():
        person.set_unusable_password()
        person.save()
    org = services.create_organization(name="House", owner=people["owner"])
    for role in ROLES[1:]:
        Membership.objects.create(organization=org, user=people[role], role=role)
    Membership.objects.create(organization=org, user=people["colleague"], role="viewer")
    return {"org": org, **people}


@pytest.mark.parametrize("visitor", VISITORS)
def test_the_pages(house: dict[str, Any], visitor: str) -> None:
    wrong = {}
    client = Client(raise_request_exception=False)
    for pattern in urlpatterns:
        method, who = PAGES[str(pattern.name)]
        if visitor != "anonymous" and SESSION_KEY not in client.session:  # the first, or one behind a logout
            sign_in(client, house[visitor])
        with transaction.atomic():
            answer = client.generic(method, _address(pattern, house["colleague"]))
            transaction.set_rollback(True)
        expected = _expected(visitor, who)
        asked_to_log_in = answer.status_code == 302 and answer["Location"].startswith("/login/?next=")
        told = [str(message) for message in get_messages(answer.wsgi_request)]
        refused = answer.status_code == 403 or (answer.status_code == 302 and "your role here" in "".join(told[-1:]))
        seen = ("login" if asked_to_log_in else "refused" if refused
                else "unknown" if answer.status_code == 404 else "yes" if answer.status_code < 500 else "error")
        # A page about something that is not there says so to those who may.
        if seen not in ((expected, "unknown") if expected == "yes" else (expected,)):
            wrong[pattern.name] = (expected, seen, answer.status_code)
    assert wrong == {}


def _expected(visitor: str, who: str) -> str:
    """What a visitor is to see: "yes", "login", "refused" for a member, "unknown" for whom it does not concern."""
    if who == ANYBODY or (who == STAFF and visitor == "staff"):
        return "yes"
    if who == STAFF:
        return "unknown"
    if visitor == "anonymous":
        return "login"
    if who == PERSON:
        return "yes"
    if visitor == "staff":
        return "unknown"
    return "yes" if visitor[0].upper() in who else "refused"


def test_what_others_own_is_as_unknown_as_what_is_not(house: dict[str, Any]) -> None:
    """One of everything belongs to another organization; each page and each export is asked for it and for nothing."""
    stranger = User.objects.create(email="stranger@example.com")
    other = services.create_organization(name="Theirs", owner=stranger)
    key, _ = services.create_api_key(org=other, actor=stranger, name="theirs")
    invoice = invoicing.issue_topup(account=open_account(org_id=other.pk), amount=2500)
    budget = budgets.create_budget(org_id=other.pk, name="theirs", amount_minor=100)
    job = Job.objects.create(org_id=other.pk, key_id=key.pk, model="m", request_hash=bytes(32))
    endpoint = WebhookEndpoint.objects.create(org_id=other.pk, url="https://example.com/hook", events=["*"])
    message = WebhookDelivery.objects.create(org_id=other.pk, endpoint=endpoint, data={}, event="version.ready")
    trial = Trial.objects.create(organization=other, task="t", kind="text", filename="f", rows_file=ids.uuid7(),
                                 labels=[])
    registry.register_manifest(manifest=manifest(ROWS[0]), digest="d1")
    Model.objects.filter(name=ROWS[0][0]).update(owner=other, public=False, visibility="private")
    theirs = UserSession.objects.create(user=stranger, session_key="x" * 40, ip="198.51.100.1")
    name, nothing = ROWS[0][0], "no-such-model"
    numbers = {"int": 987654321, "pred": ids.prefixed("pred"), "whe": ids.prefixed("whe"), "msg": ids.prefixed("msg")}
    shown = {"pred": f"pred_{job.pk.hex}", "whe": f"whe_{endpoint.pk.hex}", "msg": f"msg_{message.pk.hex}"}
    asked: list[tuple[str, str, Any, Any]] = [
        *(("POST", f"/console/keys/{{}}/{action}/", key.pk, numbers["int"]) for action in ("revoke", "rotate")),
        ("GET", "/console/billing/invoices/{}/", invoice.number, numbers["int"]),
        *(("GET", f"/console/billing/invoices/{{}}/{kind}/", invoice.number, numbers["int"])
          for kind in ("pdf", "csv", "json")),
        ("POST", "/console/billing/budgets/{}/remove/", budget.id, numbers["int"]),
        ("GET", "/console/predictions/{}/", shown["pred"], numbers["pred"]),
        *(("POST", f"/console/predictions/{{}}/{action}/", shown["pred"], numbers["pred"])
          for action in ("cancel", "again")),
        *(("POST", f"/console/webhooks/endpoints/{{}}/{action}/", shown["whe"], numbers["whe"])
          for action in ("test", "remove")),
        ("POST", "/console/webhooks/{}/resend/", shown["msg"], numbers["msg"]),
        ("GET", "/console/trials/{}/", trial.pk, numbers["int"]),
        *(("POST", f"/console/trials/{{}}/{action}/", trial.pk, numbers["int"]) for action in ("start", "cancel")),
        *(("POST", f"/console/team/{{}}/{action}/", stranger.pk, numbers["int"]) for action in ("remove", "role")),
        ("POST", "/console/security/sessions/{}/end/", theirs.pk, numbers["int"]),
        *(("GET", page, name, nothing) for page in (
            "/models/{}/", "/models/{}/v/1/", "/models/{}/subscribe/", "/provider/models/{}/",
            "/provider/models/{}/v/1/", "/provider/models/{}/deployment/", "/provider/models/{}/access/")),
        *(("POST", page, name, nothing) for page in (
            "/models/{}/subscribe/", "/provider/models/{}/publish/", "/provider/models/{}/deployment/start/",
            "/provider/models/{}/access/set/", "/console/subscriptions/{}/end/", "/console/subscriptions/{}/again/")),
    ]
    client = sign_in(Client(), house["owner"])
    told, unexpected = {}, {}
    for method, page, foreign, unknown in asked:
        seen = []
        for each in (foreign, unknown):
            with transaction.atomic():
                answer = client.generic(method, page.format(each))
                transaction.set_rollback(True)
            address, text = page.format(each), _said(answer)
            seen.append((answer.status_code, answer.get("Location", "").replace(address, "IT"),
                         text.replace(address, "IT").replace(quote(address, safe=""), "IT")))
        if seen[0] != seen[1]:
            told[method, page] = seen
        if seen[0][0] not in (404, 302):
            unexpected[method, page] = seen[0][0]
    assert told == {}
    assert unexpected == {}
    for export in ("/console/audit/export.csv", "/console/audit/export.json"):
        text = b"".join(client.get(export).streaming_content).decode()
        assert "House" in text or "organization.created" in text
        assert "Theirs" not in text
        assert f"api_key:{key.pk}" not in text
    saved = client.post("/console/security/export/organization/").content.decode()
    assert "House" in saved
    assert "Theirs" not in saved
    assert stranger.email not in saved


def _said(answer: Any) -> str:
    """The answer without what differs from one request to the next."""
    text = answer.content.decode("utf-8", "replace")
    return re.sub(r"req_\w+|nonce=\S+|name=\"csrfmiddlewaretoken\" value=\S+|data-csrf=\S+|\d\d:\d\d:\d\d\S*", "", text)
