"""Second factors, rules of organizations, throttles, sessions, teams, programs, leaked keys, and being forgotten."""

from __future__ import annotations

import io
import itertools
import json
import re
import time
from typing import Any

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY as RECORDS
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from kernel.contracts import Grant
from kernel.problems import Problem
from marketplace.accounts import audit, networks, privacy, seals, security, selectors, services, teams
from marketplace.accounts.models import ApiKey, AuditEntry, Membership, Organization, User
from marketplace.accounts.permissions import scopes_of_role
from marketplace.listings import grants
from tests.marketplace.conftest import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.stack]
PASSWORD = "correct horse 7"
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def _fresh(settings: Any) -> None:
    """No tries of tests before, and passwords that are checked in a moment: how they are hashed is tested elsewhere."""
    cache.clear()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def house(account: Any) -> Any:
    return account()


def code(raised: pytest.ExceptionInfo[Problem]) -> str:
    return raised.value.code


def browser(user: User) -> Client:
    return sign_in(Client(), user)


def now_code() -> str:
    return format_hotp_value(hotp_value(SEED, next(yield_hotp_counters_from_time())))


def with_app(user: User) -> User:
    TOTP.activate(user, SEED)
    return user


# -- the door

def test_a_password_alone_opens_nothing_where_a_second_factor_is_set(house: Any) -> None:
    user = with_app(house[0])
    client = Client()
    answer = client.post("/login/", {"email": user.email, "password": PASSWORD, "next": "/console/keys/"})
    assert (answer.status_code, answer["Location"]) == (302, "/account/2fa/authenticate/")
    assert client.get("/console/")["Location"].startswith("/login/")
    assert client.post("/account/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert client.get("/console/")["Location"].startswith("/login/")
    before = client.session.session_key
    answer = client.post("/account/2fa/authenticate/", {"code": now_code()})
    assert (answer.status_code, answer["Location"]) == (302, "/console/keys/")
    assert client.session.session_key != before, "a login starts a session of a new id"
    assert client.get("/console/").status_code == 200


def test_a_recovery_code_opens_once(house: Any) -> None:
    user = with_app(house[0])
    one = RecoveryCodes.activate(user).get_unused_codes()[0]
    for place, landed in enumerate(("/console/", None)):
        client = Client()
        client.post("/login/", {"email": user.email, "password": PASSWORD})
        answer = client.post("/account/2fa/authenticate/", {"code": one})
        assert answer.headers.get("Location") == landed, place


def test_the_seed_of_a_second_factor_is_sealed(house: Any) -> None:
    with_app(house[0])
    stored = Authenticator.objects.get(user=house[0]).data["secret"]
    assert SEED not in json.dumps(stored)
    assert get_adapter().decrypt(stored) == SEED == seals.unseal(seals.seal(SEED))


def test_a_stranger_who_guesses_locks_out_nobody_else(house: Any) -> None:
    user, _ = house
    for _place in range(8):
        wrong = Client(REMOTE_ADDR="198.51.100.7").post("/login/", {"email": user.email, "password": "wrong words 1"})
        assert wrong.status_code == 422
    refused = Client(REMOTE_ADDR="198.51.100.7").post("/login/", {"email": user.email, "password": PASSWORD})
    assert refused.status_code == 429
    mine = Client(REMOTE_ADDR="203.0.113.9").post("/login/", {"email": user.email, "password": PASSWORD})
    assert mine["Location"] == "/console/"


def test_an_unknown_address_is_told_what_a_wrong_password_is_told(house: Any) -> None:
    pages = [Client().post("/login/", {"email": email, "password": "wrong words 1"}).content.decode()
             for email in (house[0].email, "nobody@example.com")]
    first, second = (re.sub(r"value=\"[^\"]*\"", "", page) for page in pages)
    assert first == second
    letters = [Client().post("/account/password/reset/", {"email": email})["Location"]
               for email in (house[0].email, "nobody@example.com")]
    assert letters[0] == letters[1]
    assert [letter.to for letter in mail.outbox] == [[house[0].email]]


def test_a_lost_password_comes_back_by_letter_and_ends_the_sessions(house: Any) -> None:
    user, _ = house
    old = browser(user)
    assert old.get("/console/").status_code == 200
    client = Client()
    client.post("/account/password/reset/", {"email": user.email})
    link = re.search(r"http://\S+(/account/password/reset/key/\S+)", mail.outbox[-1].body)
    assert link
    form = client.get(link[1], follow=True)
    done = client.post(form.request["PATH_INFO"], {"password1": "staple battery 9", "password2": "staple battery 9"})
    assert done.status_code == 302, done.content.decode()[-2000:]
    user.refresh_from_db()
    assert user.check_password("staple battery 9")
    assert old.get("/console/").status_code == 302


def test_sign_ups_of_one_address_are_counted(db: None, settings: Any) -> None:
    from dataclasses import replace
    settings.ENV = replace(settings.ENV, sign_ups_per_hour=2)
    seen = [Client(REMOTE_ADDR="198.51.100.8").post("/signup/", {
        "email": f"many{n}@example.com", "organization": "Many", "password": PASSWORD}).status_code for n in range(3)]
    assert seen == [302, 302, 429]


def test_keys_and_money_ask_for_a_fresh_login(house: Any) -> None:
    user, org = house
    client = browser(user)
    session = client.session
    session[RECORDS] = [{"method": "password", "at": time.time() - 3600}]
    session.save()
    stale = client.post("/console/keys/", {"name": "late", "mode": "live"})
    assert stale["Location"].startswith("/account/reauthenticate/")
    api = client.post("/api/v1/api-keys", {"name": "late"}, content_type="application/json")
    assert (api.status_code, api.json()["needs"]) == (403, "fresh_login")
    assert not ApiKey.objects.filter(organization=org, name="late").exists()
    client.post("/console/keys/", {"name": "late", "mode": "live"})
    wrong = client.post(stale["Location"], {"password": "not mine at all"})
    assert wrong.status_code == 200
    assert not ApiKey.objects.filter(organization=org, name="late").exists()
    client.post(stale["Location"], {"password": PASSWORD})
    assert ApiKey.objects.filter(organization=org, name="late").count() == 1, "what was asked for goes on"


def test_sessions_are_listed_and_ended(house: Any) -> None:
    here, there = browser(house[0]), Client(HTTP_USER_AGENT="Elsewhere/1")
    there.post("/login/", {"email": house[0].email, "password": PASSWORD})
    assert there.get("/console/").status_code == 200
    here.post("/login/", {"email": house[0].email, "password": PASSWORD})
    page = here.get("/console/security/").content.decode()
    assert "Elsewhere/1" in page
    other = next(s for s in privacy.sessions_of(house[0]) if s.user_agent == "Elsewhere/1")
    assert here.post(f"/console/security/sessions/{other.pk}/end/").status_code == 302
    assert there.get("/console/")["Location"].startswith("/login/")
    assert here.get("/console/").status_code == 200


def test_an_operator_forgets_lost_second_factors_and_the_trail_says_so(house: Any) -> None:
    user = with_app(house[0])
    client = Client()
    client.post("/login/", {"email": user.email, "password": PASSWORD})
    client.post("/account/2fa/authenticate/", {"code": now_code()})
    assert client.get("/console/").status_code == 200
    call_command("forget_second_factors", user.email.upper(), stdout=io.StringIO())
    assert client.get("/console/").status_code == 302
    assert Client().post("/login/", {"email": user.email, "password": PASSWORD})["Location"] == "/console/"
    assert selectors.audit_entries(house[1])[0].action == "member.second_factors_forgotten"
    with pytest.raises(CommandError, match="nobody"):
        call_command("forget_second_factors", "nobody@example.com")


def test_the_command_names_a_broken_chain(house: Any) -> None:
    out = io.StringIO()
    call_command("verify_audit", stdout=out)
    assert "0 chains are broken" in out.getvalue()
    with connection.cursor() as cursor:  # somebody who has the database, and the right to switch triggers off
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE accounts_auditentry SET action = 'nothing.happened' "
                       "WHERE organization_id = %s AND number = 1", [house[1].pk])
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    err = io.StringIO()
    with pytest.raises(CommandError):
        call_command("verify_audit", stdout=out, stderr=err)
    assert f"organization {house[1].pk}: the chain breaks at entry 1" in err.getvalue()


# -- rules of an organization

def test_networks_hold_on_pages_in_the_api_and_in_the_grant(house: Any) -> None:
    user, org = house
    key, secret = services.create_api_key(org=org, actor=user, name="k", allowed_ips=["10.0.0.0/8", "192.0.2.1"])
    with pytest.raises(Problem) as raised:
        security.set_policy(org=org, actor=user, require_two_factor=False, allowed_ips=["10.1.0.0/16"], ip="127.0.0.1")
    assert code(raised) == "validation_error"
    security.set_policy(org=org, actor=user, require_two_factor=False, allowed_ips=["10.1.0.0/16"], ip="10.1.2.3")
    client = browser(user)
    assert client.get("/console/").status_code == 403
    assert client.get("/api/v1/account").json()["code"] == "ip_not_allowed"
    assert client.get("/console/", REMOTE_ADDR="10.1.2.3").status_code == 200
    assert client.get("/models/").status_code == 200, "what is public stays so"
    api = APIClient(headers={"X-API-Key": secret})
    assert api.get("/api/v1/account", REMOTE_ADDR="10.2.0.1").json()["code"] == "ip_not_allowed"
    assert api.get("/api/v1/account", REMOTE_ADDR="10.1.0.1").status_code == 200
    org.refresh_from_db()
    (grant,) = (g for g in grants.build_grants(org) if g.key_id == key.pk)
    assert Grant.load(grant.dump()).allowed_ips == ("10.1.0.0/16",)


@pytest.mark.parametrize(("first", "second", "expected"), [
    ([], [], ()), (["10.0.0.0/8"], [], ("10.0.0.0/8",)), ([], ["10.0.0.0/8"], ("10.0.0.0/8",)),
    (["10.0.0.0/8"], ["10.1.0.0/16", "192.0.2.0/24"], ("10.1.0.0/16",)),
    (["10.0.0.0/8"], ["192.0.2.0/24"], (networks.NOWHERE,)), (["10.0.0.0/8"], ["::/0"], (networks.NOWHERE,)),
])
def test_two_lists_of_networks(first: list[str], second: list[str], expected: tuple[str, ...]) -> None:
    assert networks.both(first, second) == expected


def test_a_required_second_factor_sends_members_to_set_one_up(house: Any, account: Any) -> None:
    owner, org = house
    colleague, _ = account()
    Membership.objects.create(organization=org, user=colleague, role="developer")
    with pytest.raises(Problem):
        security.set_policy(org=org, actor=owner, require_two_factor=True, allowed_ips=[])
    security.set_policy(org=org, actor=with_app(owner), require_two_factor=True, allowed_ips=[])
    client = browser(colleague)
    assert client.get("/console/").status_code == 200, "their own organization asks for nothing"
    assert client.post("/console/switch/", {"organization": org.slug}).status_code == 302
    assert client.get("/console/")["Location"] == "/account/2fa/"
    assert client.get("/api/v1/account").json()["needs"] == "two_factor"
    assert client.get("/account/2fa/totp/activate/").status_code == 200
    with_app(colleague)
    assert client.get("/console/").status_code == 200
    assert client.get("/api/v1/account").json()["organization"] == org.slug


def test_a_session_switches_only_to_its_person_s_organizations(house: Any, account: Any) -> None:
    _, theirs = account()
    client = browser(house[0])
    assert client.post("/console/switch/", {"organization": theirs.slug}).status_code == 404
    assert client.post("/console/organization/new/", {"name": "Second"}).status_code == 302
    assert client.get("/api/v1/account").json()["name"] == "Second"
    assert client.post("/console/switch/", {"organization": house[1].slug}).status_code == 302
    assert client.get("/api/v1/account").json()["organization"] == house[1].slug


# -- teams and programs

def test_the_keys_of_a_team_share_a_ceiling(house: Any) -> None:
    user, org = house
    team = teams.create_team(org=org, actor=user, name="Vision", monthly_limit_minor=5000)
    one, two = (services.create_api_key(org=org, actor=user, name=name)[0] for name in ("a", "b"))
    for key in (one, two):
        teams.assign_key(org=org, actor=user, key_id=key.pk, team_id=team.pk)
    found = {grant.key_id: grant.limits for grant in grants.build_grants(org)}
    for key in (one, two):
        (limit,) = found[key.pk]
        assert (limit.scope, limit.window, limit.money_minor, limit.keys, limit.id) == (
            "team", "month", 5000, (one.pk, two.pk), team.pk)
    teams.remove_team(org=org, actor=user, team_id=team.pk)
    assert all(not grant.limits for grant in grants.build_grants(org))


def test_teams_hold_members_only_and_are_managed_by_admins_only(house: Any, account: Any) -> None:
    user, org = house
    stranger, theirs = account()
    team = teams.create_team(org=org, actor=user, name="Vision")
    with pytest.raises(Problem) as raised:
        teams.set_people(org=org, actor=user, team_id=team.pk, user_ids=[stranger.pk])
    assert code(raised) == "not_found"
    with pytest.raises(Problem) as raised:
        teams.remove_team(org=theirs, actor=stranger, team_id=team.pk)
    assert code(raised) == "not_found"
    Membership.objects.create(organization=org, user=stranger, role="developer")
    with pytest.raises(Problem) as raised:
        teams.create_team(org=org, actor=stranger, name="Mine")
    assert code(raised) == "permission_denied"
    teams.set_people(org=org, actor=user, team_id=team.pk, user_ids=[user.pk, stranger.pk])
    services.remove_member(org=org, actor=user, user=stranger)
    assert [person.pk for person in team.people.all()] == [user.pk]


def test_a_program_s_keys_stay_within_its_role_and_end_with_it(house: Any) -> None:
    user, org = house
    assert scopes_of_role("viewer") == {"models:read"}
    assert scopes_of_role("billing") == {"billing", "models:read"}
    program = teams.create_service_account(org=org, actor=user, name="ci", role="developer")
    with pytest.raises(Problem) as raised:
        teams.create_service_key(org=org, actor=user, account_id=program.pk, name="ci", scopes=("billing",))
    assert code(raised) == "insufficient_scope"
    key, secret = teams.create_service_key(org=org, actor=user, account_id=program.pk, name="ci", scopes=("predict",))
    rolled, _ = services.rotate_api_key(org=org, actor=user, key_id=key.pk)
    assert rolled.service_account_id == program.pk
    assert teams.disable_service_account(org=org, actor=user, account_id=program.pk) == 2
    assert APIClient(headers={"X-API-Key": secret}).get("/api/v1/account").json()["code"] == "invalid_api_key"
    with pytest.raises(Problem):
        teams.create_service_account(org=org, actor=user, name="boss", role="owner")


# -- leaked keys

def test_a_reported_key_ends_at_once_and_its_owners_are_told(
        house: Any, wired: None, django_capture_on_commit_callbacks: Any) -> None:
    user, org = house
    with django_capture_on_commit_callbacks(execute=True):
        key, secret = services.create_api_key(org=org, actor=user, name="ci")
    seen = grants._redis()
    assert seen.exists(f"grant:{key.key_hash}")
    with django_capture_on_commit_callbacks(execute=True):
        answer = APIClient().post("/api/v1/key-leaks", {"tokens": [secret, "tsr_live_nothing"], "url": "https://x.test/1"},
                                  format="json")
    assert [row["label"] for row in answer.json()["data"]] == ["true_positive", "false_positive"]
    assert secret not in answer.content.decode()
    assert not seen.exists(f"grant:{key.key_hash}"), "what the gateways read is gone with the answer"
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert mail.outbox[-1].to == [user.email]
    assert secret not in mail.outbox[-1].body
    assert list(AuditEntry.objects.filter(organization=org).values_list("action", flat=True)[:2]) == [
        "api_key.leaked", "api_key.revoked"]


# -- invitations and the trail

def test_an_invitation_is_mailed_with_its_link(house: Any, django_capture_on_commit_callbacks: Any) -> None:
    user, org = house
    with django_capture_on_commit_callbacks(execute=True):
        _, token = services.invite(org=org, actor=user, email="new@example.com", role="viewer")
    letter = mail.outbox[-1]
    assert letter.to == ["new@example.com"]
    assert f"/invite/{token}/" in letter.body
    assert org.name in letter.subject


def test_the_trail_is_exported_with_its_chain_and_no_formula(house: Any) -> None:
    user, org = house
    services.create_api_key(org=org, actor=user, name="=HYPERLINK(1)")
    audit.record(org=org, actor=user, action="=cmd|' /C calc'!A0")
    client = browser(user)
    lines = b"".join(client.get("/console/audit/export.jsonl").streaming_content).decode().splitlines()
    chain = [json.loads(line) for line in lines]
    assert [entry["number"] for entry in chain] == list(range(1, len(chain) + 1))
    assert all(after["previous_hash"] == before["hash"] for before, after in itertools.pairwise(chain))
    table = b"".join(client.get("/console/audit/export.csv").streaming_content).decode()
    assert "'=cmd" in table
    assert ",=cmd" not in table
    viewer = User.objects.create(email="v@example.com")
    Membership.objects.create(organization=org, user=viewer, role="viewer")
    assert browser(viewer).get("/console/audit/export.csv").status_code == 403


# -- what we keep, and forgetting it

def everywhere(text: str) -> list[str]:
    """The tables and columns of the database in which these words stand."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
                       "AND data_type IN ('text', 'character varying', 'jsonb', 'json', 'ARRAY')")
        for table, column in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" WHERE "{column}"::text ILIKE %s', [f"%{text}%"])
            if cursor.fetchone()[0]:
                found.append(f"{table}.{column}")
    return found


def test_a_deleted_person_leaves_no_mail_address_and_the_trail_holds(
        house: Any, account: Any, django_capture_on_commit_callbacks: Any) -> None:
    from billing import services as billing

    user, own = house
    email = user.email
    host, shared = account()
    billing.set_billing_details(org_id=own.pk, email=email, legal_name="Person Zero", address="Street 1")
    services.invite(org=shared, actor=host, email=email, role="developer")
    _, token = services.invite(org=shared, actor=host, email=email, role="developer")
    services.accept_invitation(token=token, user=user)
    _, secret = services.create_api_key(org=own, actor=user, name="mine")
    client = browser(user)
    client.post("/login/", {"email": email, "password": PASSWORD})
    document = client.post("/console/security/export/person/")
    assert document.json()["person"]["email"] == email
    assert {row["organization"] for row in document.json()["memberships"]} == {own.slug, shared.slug}
    assert "accounts_user.email" in everywhere(email)
    wrong = client.post("/console/security/delete/", {"email": "another@example.com"})
    assert wrong["Location"] == "/console/security/"
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post("/console/security/delete/", {"email": email})["Location"] == "/"
    assert everywhere(email) == []
    assert everywhere("Person Zero") == []
    closed = Organization.objects.get(pk=own.pk)
    assert closed.closed_at is not None
    assert closed.name == "closed"
    assert APIClient(headers={"X-API-Key": secret}).get("/api/v1/account").status_code == 401
    assert audit.first_broken_link(closed) is None
    assert audit.first_broken_link(shared) is None
    assert selectors.members(shared).count() == 1


def test_the_last_owner_of_others_stays_until_there_is_another(house: Any, account: Any) -> None:
    user, org = house
    colleague, _ = account()
    Membership.objects.create(organization=org, user=colleague, role="developer")
    with pytest.raises(Problem) as raised:
        privacy.delete_person(user=user)
    assert code(raised) == "conflict"
    assert User.objects.filter(pk=user.pk).exists()


def test_an_organization_is_closed_by_its_name_and_by_owners_only(house: Any) -> None:
    user, org = house
    page = browser(user)
    assert page.post("/console/organization/", {"form": "close", "name": "Another"}).status_code == 422
    admin = User.objects.create(email="adm@example.com")
    Membership.objects.create(organization=org, user=admin, role="admin")
    assert browser(admin).post("/console/organization/", {"form": "close", "name": org.name}).status_code == 422
    assert page.post("/console/organization/", {"form": "close", "name": org.name}).status_code == 302
    assert selectors.organization_of(user) is None


@pytest.mark.parametrize("path", ["/console/security/", "/console/organization/", "/account/2fa/",
                                  "/account/2fa/totp/activate/", "/account/2fa/webauthn/add/",
                                  "/account/reauthenticate/?next=/console/"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_pages_are_ours_and_run_no_script_of_their_own(house: Any, path: str, language: str) -> None:
    client = browser(house[0])
    teams.create_team(org=house[1], actor=house[0], name="Vision", monthly_limit_minor=123)
    teams.create_service_account(org=house[1], actor=house[0], name="ci", role="developer")
    answer = client.get(path, headers={"Accept-Language": language})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert 'class="top"' in text, "the house's header"
    scripts = re.findall(r"<script\b([^>]*)>", text)
    assert scripts
    assert all("src=" in attributes or "application/json" in attributes for attributes in scripts)
    assert not re.search(r"\son[a-z]+=|\sstyle=", text)
    assert "unsafe" not in answer["Content-Security-Policy"]
