"""A second factor and a passkey, set up and used in a browser whose authenticator is Chromium's own virtual one."""

from __future__ import annotations

import re
import secrets
from urllib.parse import urlsplit

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser
PASSWORD = "correct horse battery staple"


def sign_up(page: Page) -> str:
    email = f"{secrets.token_hex(6)}@example.com"
    page.goto("/signup/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Organization").fill("Factors")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    page.wait_for_url("**/console/")
    return email


def log_out(page: Page) -> None:
    page.goto("/console/security/")
    page.get_by_role("button", name="Log out").first.click()
    page.wait_for_url(re.compile(r"/$"))


def log_in(page: Page, email: str) -> None:
    page.goto("/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()


def code(seed: str) -> str:
    return format_hotp_value(hotp_value(seed, next(yield_hotp_counters_from_time())))


def test_an_app_and_a_passkey(browser: Browser, base_url: str) -> None:
    # Browsers take no passkey for a bare address: the same instance by its name.
    context = browser.new_context(base_url=f"http://localhost:{urlsplit(base_url).port}", locale="en-US")
    page, faults = context.new_page(), []
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True}})
    email = sign_up(page)
    page.goto("/console/security/")
    page.get_by_role("link", name="Set up an app").click()
    seed = page.locator("#authenticator_secret").input_value()
    page.locator("input[name=code]").fill(code(seed))
    page.get_by_role("button", name="Activate").click()
    expect(page.locator("#recovery_codes")).to_be_visible()
    page.goto("/account/2fa/webauthn/add/")
    page.locator("input[name=name]").fill("This laptop")
    page.locator("input[name=passwordless]").check()
    page.get_by_role("button", name="Add").click()
    page.wait_for_url(lambda url: "/webauthn/add" not in url)
    page.goto("/console/security/")
    expect(page.get_by_role("link", name="1 passkey")).to_be_visible()
    log_out(page)
    log_in(page, email)
    page.wait_for_url("**/account/2fa/authenticate/")
    page.locator("#mfa_webauthn_authenticate").click()  # the second factor, by the passkey
    page.wait_for_url("**/console/")
    log_out(page)
    page.goto("/login/")
    page.locator("#passkey_login").click()  # no password at all
    page.wait_for_url("**/console/**")
    assert faults == []
    context.close()
