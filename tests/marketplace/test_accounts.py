from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, InternalError, connection, transaction

from kernel import apikeys, clock
from kernel.contracts import Grant
from kernel.problems import Problem
from marketplace.accounts import audit, selectors, services
from marketplace.accounts.models import ApiKey, AuditEntry
from marketplace.accounts.permissions import PERMISSIONS, ROLE_PERMISSIONS, KeyPrincipal

pytestmark = [pytest.mark.django_db, pytest.mark.stack]


def code(raised: pytest.ExceptionInfo[Problem]) -> str:
    return raised.value.code


def test_a_person_signs_up_once_whatever_the_case(account):
    user, org = account()
    assert user.email == "person0@example.com"
    assert selectors.role_of(org, user) == "owner"
    assert user.password.startswith("argon2")
    with pytest.raises(Problem) as raised:
        services.sign_up(email="PERSON0@example.com", password="correct horse 7")
    assert code(raised) == "conflict"


@pytest.mark.parametrize(("email", "password", "pointer"), [
    ("nobody", "correct horse 7", "/email"), ("a@example.com", "short", "/password"),
    ("a@example.com", "password", "/password"),
])
def test_a_bad_address_or_password_is_named(db, email, password, pointer):
    with pytest.raises(Problem) as raised:
        services.sign_up(email=email, password=password)
    assert code(raised) == "validation_error"
    assert pointer in {fault.pointer for fault in raised.value.errors}


def test_ensure_account_runs_twice(db):
    first = services.ensure_account(email="demo@example.com", password="correct horse 7", organization_name="Demo")
    assert services.ensure_account(email="demo@example.com", password="x", organization_name="Demo") == first


def test_roles_grow_from_viewer_to_owner():
    assert ROLE_PERMISSIONS["viewer"] < ROLE_PERMISSIONS["developer"] < ROLE_PERMISSIONS["admin"]
    assert ROLE_PERMISSIONS["billing"] < ROLE_PERMISSIONS["admin"] < ROLE_PERMISSIONS["owner"] == set(PERMISSIONS)
    assert "keys:manage" not in ROLE_PERMISSIONS["billing"]
    assert "billing:manage" not in ROLE_PERMISSIONS["developer"]


@pytest.mark.parametrize(("role", "may"), [("owner", True), ("admin", True), ("developer", True), ("billing", False),
                                           ("viewer", False)])
def test_who_may_make_keys(account, role, may):
    owner, org = account()
    member, _ = account()
    _, token = services.invite(org=org, actor=owner, email=member.email, role=role)
    services.accept_invitation(token=token, user=member)
    if may:
        services.create_api_key(org=org, actor=member, name="mine")
    else:
        with pytest.raises(Problem) as raised:
            services.create_api_key(org=org, actor=member, name="mine")
        assert code(raised) == "permission_denied"


def test_the_last_owner_stays(account):
    owner, org = account()
    for act in (lambda: services.remove_member(org=org, actor=owner, user=owner),
                lambda: services.change_role(org=org, actor=owner, user=owner, role="admin")):
        with pytest.raises(Problem) as raised:
            act()
        assert code(raised) == "conflict"
    second, _ = account()
    _, token = services.invite(org=org, actor=owner, email=second.email, role="owner")
    services.accept_invitation(token=token, user=second)
    services.remove_member(org=org, actor=owner, user=owner)
    assert selectors.role_of(org, owner) is None


def test_an_admin_makes_and_unmakes_no_owner(account):
    owner, org = account()
    admin, _ = account()
    _, token = services.invite(org=org, actor=owner, email=admin.email, role="admin")
    services.accept_invitation(token=token, user=admin)
    for act in (lambda: services.change_role(org=org, actor=admin, user=admin, role="owner"),
                lambda: services.remove_member(org=org, actor=admin, user=owner)):
        with pytest.raises(Problem) as raised:
            act()
        assert code(raised) == "permission_denied"


def test_an_invitation_fits_one_address_once(account):
    owner, org = account()
    guest, _ = account()
    stranger, _ = account()
    _, token = services.invite(org=org, actor=owner, email=guest.email, role="viewer")
    with pytest.raises(Problem) as raised:
        services.accept_invitation(token=token, user=stranger)
    assert code(raised) == "not_found"
    services.accept_invitation(token=token, user=guest)
    with pytest.raises(Problem):
        services.accept_invitation(token=token, user=guest)


def test_a_key_is_kept_as_a_hash_only(account):
    owner, org = account()
    key, secret = services.create_api_key(org=org, actor=owner, name="ci", mode="test")
    assert apikeys.well_formed(secret)
    assert secret.startswith("tsr_test_")
    with connection.cursor() as cursor:
        cursor.execute("SELECT k::text FROM accounts_apikey k UNION ALL SELECT a::text FROM accounts_auditentry a")
        stored = "\n".join(row[0] for row in cursor.fetchall())
    assert secret not in stored
    assert secret[13:] not in stored
    assert key.key_hash in stored
    assert selectors.api_key_by_secret(secret) == key


def test_a_stranger_finds_nothing(account):
    owner, org = account()
    stranger, _ = account()
    own = selectors.organization_of(stranger)
    key, _ = services.create_api_key(org=org, actor=owner, name="ci")
    for act in (lambda: services.revoke_api_key(org=org, actor=stranger, key_id=key.pk),
                lambda: services.create_api_key(org=org, actor=stranger, name="x"),
                lambda: services.revoke_api_key(org=own, actor=stranger, key_id=key.pk)):
        with pytest.raises(Problem) as raised:
            act()
        assert code(raised) == "not_found"
    assert ApiKey.objects.get(pk=key.pk).active


def test_a_key_gives_no_scope_that_it_lacks(account):
    owner, org = account()
    key, _ = services.create_api_key(org=org, actor=owner, name="ops", scopes=["keys:admin"])
    actor = KeyPrincipal(key.pk, org.pk, tuple(key.scopes), key.mode)
    with pytest.raises(Problem) as raised:
        services.create_api_key(org=org, actor=actor, name="more", scopes=["billing"])
    assert code(raised) == "insufficient_scope"


def test_a_developer_makes_no_key_that_reaches_the_money(account):
    owner, org = account()
    developer, _ = account()
    _, token = services.invite(org=org, actor=owner, email=developer.email, role="developer")
    services.accept_invitation(token=token, user=developer)
    whole = ["predict", "files", "webhooks", "keys:admin", "models:read", "models:write", "models:deploy"]
    services.create_api_key(org=org, actor=developer, name="all of mine", scopes=whole)
    paying, _ = services.create_api_key(org=org, actor=owner, name="money", scopes=["predict", "billing"])
    for act in (lambda: services.create_api_key(org=org, actor=developer, name="x", scopes=["predict", "billing"]),
                lambda: services.rotate_api_key(org=org, actor=developer, key_id=paying.pk)):
        with pytest.raises(Problem) as raised:
            act()
        assert code(raised) == "insufficient_scope"
    assert ApiKey.objects.filter(organization=org).count() == 2


def test_every_fault_of_a_key_is_named(account):
    owner, org = account()
    with pytest.raises(Problem) as raised:
        services.create_api_key(org=org, actor=owner, name="", scopes=["all"], allowed_ips=["here"], rate_per_minute=0,
                                concurrency=0, expires_at=clock.now() - timedelta(seconds=1))
    assert {fault.pointer for fault in raised.value.errors} == {
        "/name", "/scopes", "/allowed_ips/0", "/rate_per_minute", "/concurrency", "/expires_at"}


def test_rotation_overlaps(account):
    owner, org = account()
    old, _ = services.create_api_key(org=org, actor=owner, name="ci", models=["face-detect"], rate_per_minute=7)
    new, secret = services.rotate_api_key(org=org, actor=owner, key_id=old.pk, grace=timedelta(hours=1))
    old.refresh_from_db()
    assert old.active
    assert timedelta(minutes=59) < old.expires_at - clock.now() <= timedelta(hours=1)
    assert (new.only_models, new.rate_per_minute) == (["face-detect"], 7)
    assert selectors.api_key_by_secret(secret) == new
    services.rotate_api_key(org=org, actor=owner, key_id=new.pk, grace=timedelta(0))
    new.refresh_from_db()
    assert not new.active
    with pytest.raises(Problem) as raised:
        services.rotate_api_key(org=org, actor=owner, key_id=new.pk)
    assert code(raised) == "invalid_state"


def test_a_grant_survives_its_json(account):
    owner, org = account()
    key, _ = services.create_api_key(org=org, actor=owner, name="ci", models=["b"], allowed_ips=["10.0.0.7"],
                                     expires_at=clock.now() + timedelta(days=1))
    grant = selectors.grant_for(key, selectors.Limits(models=("a", "b"), monthly_limit_minor=500, rate_per_minute=60))
    assert Grant.load(grant.dump()) == grant
    assert (grant.models, grant.rate_per_minute, grant.allowed_ips) == (("b",), 60, ("10.0.0.7/32",))
    services.set_status(org_id=org.pk, status="suspended")
    key.refresh_from_db()
    assert not selectors.grant_for(ApiKey.objects.get(pk=key.pk)).active


def test_the_trail_is_chained_and_cannot_be_changed(account):
    owner, org = account()
    key, _ = services.create_api_key(org=org, actor=owner, name="ci", ip="::1")
    services.revoke_api_key(org=org, actor=owner, key_id=key.pk, ip="203.0.113.9")
    assert [e.action for e in selectors.audit_entries(org)] == [
        "api_key.revoked", "api_key.created", "organization.created"]
    assert audit.first_broken_link(org) is None
    for act in (lambda: AuditEntry.objects.filter(organization=org, number=2).update(action="nothing"),
                lambda: AuditEntry.objects.filter(organization=org).delete()):
        with pytest.raises((InternalError, IntegrityError)), transaction.atomic():
            act()
    with connection.cursor() as cursor:  # what only the owner of the table can do is still seen
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE accounts_auditentry DISABLE TRIGGER accounts_audit_append_only")
        cursor.execute("UPDATE accounts_auditentry SET ip = '203.0.113.8' WHERE organization_id = %s AND number = 2",
                       [org.pk])
        cursor.execute("ALTER TABLE accounts_auditentry ENABLE TRIGGER accounts_audit_append_only")
    assert audit.first_broken_link(org) == 2
