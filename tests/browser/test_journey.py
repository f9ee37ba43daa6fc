"""A newcomer: sign up, subscribe, run, create a key, see the usage."""

from __future__ import annotations

import secrets

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_from_sign_up_to_usage(page: Page) -> None:
    page.goto("/signup/?next=/models/pii-redact/")
    page.get_by_label("Email").fill(f"a{secrets.token_hex(6)}@example.com")
    page.get_by_label("Organization").fill("Kestrel Works")
    page.get_by_label("Password").fill("long enough 4 a test")
    page.locator("main form button").click()
    page.wait_for_url("**/models/pii-redact/")
    expect(page.locator("ts-playground mark").first).to_be_visible()  # the stored example, before any call
    page.get_by_role("link", name="Subscribe", exact=True).click()
    page.get_by_role("button", name="Confirm subscription").click()
    page.wait_for_url("**/models/pii-redact/")
    page.locator("#in-text").fill("Write to mary@example.com")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("ts-playground [data-meta]")).to_contain_text(" ms", timeout=60_000)
    expect(page.locator("ts-playground mark")).to_contain_text("mary@example.com")
    page.goto("/console/keys/")
    page.get_by_label("Name").fill("first")
    page.get_by_role("button", name="Create key").click()
    expect(page.locator("#secret")).to_contain_text("live")
    page.goto("/console/usage/")
    expect(page.get_by_role("cell", name="pii-redact")).to_be_visible()
