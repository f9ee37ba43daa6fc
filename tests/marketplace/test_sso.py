"""Sign-in by OpenID Connect against a provider that speaks over real sockets, and what a provider may not do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from kernel.problems import Problem
from marketplace.accounts import security, selectors, services, sso
from marketplace.accounts.models import Membership, OidcConnection, User
from tests.marketplace.conftest import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.stack]
SECRET = "a client secret that is long"


class Provider:
    """An identity provider: discovery, token and user info. It says whatever `claims` are."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {}
        self.seen: list[dict[str, list[str]]] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._say(provider.claims if self.path == "/userinfo" else {
                    "issuer": provider.url, "authorization_endpoint": f"{provider.url}/authorize",
                    "token_endpoint": f"{provider.url}/token", "userinfo_endpoint": f"{provider.url}/userinfo",
                    "jwks_uri": f"{provider.url}/keys",
                    "token_endpoint_auth_methods_supported": ["client_secret_post"]})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                provider.seen.append(parse_qs(body))
                self._say({"access_token": "at", "token_type": "Bearer", "expires_in": 60})

            def _say(self, document: dict[str, Any]) -> None:
                body = json.dumps(document).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    settings.ENV = replace(settings.ENV, private_identity_providers=True)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    made = Provider()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def house(provider: Provider) -> Any:
    user, org = services.sign_up(email="boss@corp.test", password="correct horse 7", organization_name="Corp")
    security.connect_oidc(org=org, actor=user, issuer=provider.url, client_id="tessera", client_secret=SECRET,
                          domain="corp.test", role="developer", allow_private=True)
    staff = User.objects.create(email="staff@tessera.test", is_staff=True)
    security.confirm_domain(org=org, staff=staff)
    return user, org


def come_in(provider: Provider, client: Client, slug: str, claims: dict[str, Any], *, connect: bool = False) -> Any:
    """Walks from our page to the provider and back."""
    provider.claims = claims
    if connect:
        there = client.post(f"/account/sso/{slug}/login/?process=connect")
    else:
        there = client.post("/login/sso/", {"organization": slug})
    assert there.status_code == 302, there.content.decode()[:800]
    asked = parse_qs(urlsplit(there["Location"]).query)
    assert there["Location"].startswith(f"{provider.url}/authorize?")
    assert asked["code_challenge_method"] == ["S256"]
    return client.get(f"/account/sso/{slug}/login/callback/", {"code": "c", "state": asked["state"][0]})


def test_a_new_colleague_comes_in_with_the_role_of_the_connection(provider: Provider, house: Any) -> None:
    _, org = house
    client = Client()
    claims = {"sub": "1", "email": "New@corp.test", "name": "New", "email_verified": True}
    back = come_in(provider, client, org.slug, claims)
    assert back["Location"] == "/console/"
    user = User.objects.get(email="new@corp.test")
    assert not user.has_usable_password()
    assert selectors.role_of(org, user) == "developer"
    assert client.get("/console/").status_code == 200
    assert provider.seen[0]["client_secret"] == [SECRET]
    assert provider.seen[0]["code_verifier"]
    again = Client()
    assert come_in(provider, again, org.slug, {"sub": "1", "email": "new@corp.test"})["Location"] == "/console/"
    assert User.objects.filter(email="new@corp.test").count() == 1
    services.remove_member(org=org, actor=house[0], user=user)
    assert come_in(provider, Client(), org.slug, {"sub": "1", "email": "new@corp.test"})["Location"] == "/login/"


@pytest.mark.parametrize("claims", [
    {"sub": "2", "email": "boss@corp.test", "email_verified": True},  # an account that the provider didn't make
    {"sub": "2", "email": "victim@example.com", "email_verified": True},  # another domain
    {"sub": "2", "email": "victim@evilcorp.test", "email_verified": True},
    {"sub": "2", "email": "new@corp.test", "email_verified": False},
    {"sub": "2"},
])
def test_a_provider_speaks_for_nobody_else(provider: Provider, house: Any, claims: dict[str, Any]) -> None:
    people = User.objects.count()
    client = Client()
    assert come_in(provider, client, house[1].slug, claims)["Location"] == "/login/"
    assert client.get("/console/").status_code == 302
    assert User.objects.count() == people


def test_nobody_comes_in_by_a_domain_that_staff_did_not_confirm(provider: Provider, house: Any) -> None:
    user, org = house
    security.connect_oidc(org=org, actor=user, issuer=provider.url, client_id="tessera", client_secret=SECRET,
                          domain="bank.test", allow_private=True)
    claims = {"sub": "3", "email": "ceo@bank.test", "email_verified": True}
    assert come_in(provider, Client(), org.slug, claims)["Location"] == "/login/"
    assert not User.objects.filter(email="ceo@bank.test").exists()
    with pytest.raises(Problem):
        security.confirm_domain(org=org, staff=user)


def test_a_member_links_the_provider_while_signed_in(provider: Provider, house: Any) -> None:
    user, org = house
    claims = {"sub": "4", "email": "boss@corp.test", "email_verified": True}
    client = sign_in(Client(), user)
    assert come_in(provider, client, org.slug, claims, connect=True)["Location"] == "/console/security/"
    fresh = Client()
    assert come_in(provider, fresh, org.slug, claims)["Location"] == "/console/"
    assert fresh.get("/api/v1/account").json()["role"] == "owner"
    stranger = User.objects.create(email="stranger@example.com")
    assert come_in(provider, sign_in(Client(), stranger), org.slug, {"sub": "9"}, connect=True)["Location"] == "/login/"


def test_the_client_secret_is_sealed_and_never_shown(provider: Provider, house: Any) -> None:
    user, org = house
    assert SECRET not in OidcConnection.objects.get(organization=org).client_secret
    assert SECRET not in sign_in(Client(), user).get("/console/organization/").content.decode()
    admin = User.objects.create(email="admin@corp.test")
    Membership.objects.create(organization=org, user=admin, role="admin")
    with pytest.raises(Problem) as raised:
        security.disconnect_oidc(org=org, actor=admin)
    assert raised.value.code == "permission_denied"


def test_an_unknown_organization_is_said_to_have_none(db: None) -> None:
    assert Client().post("/login/sso/", {"organization": "nobody"})["Location"] == "/login/"


@pytest.mark.parametrize("issuer", ["http://169.254.169.254/x", "https://127.0.0.1/", "https://localhost/",
                                    "https://[::1]/", "https://2130706433/", "https://[64:ff9b::7f00:1]/"])
def test_a_provider_inside_our_network_is_not_called(settings: Any, issuer: str) -> None:
    settings.ENV = replace(settings.ENV, private_identity_providers=False)
    with pytest.raises(Problem) as raised:
        sso.guarded_session().get(issuer + "/.well-known/openid-configuration")
    assert raised.value.code == "invalid_request"
