"""Chromium against a running instance: TESSERA_TEST_URL, or the address in its demo.json (folder TESSERA_VAR)."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A refused form or input: the page itself says what is wrong, and Chromium logs the answer's status all the same.
REFUSED = "status of 422"
PASSWORD = "long enough 4 a test"


@dataclass
class User:
    """A person at a page, whose clicks are counted. Typing and keys are free, as in the acceptance lines."""

    page: Page
    clicks: int = field(default=0)

    def click(self, target: Locator) -> None:
        target.click()
        self.clicks += 1

    def begin(self, path: str) -> None:
        self.page.goto(path)
        self.clicks = 0


@pytest.fixture(scope="session")
def base_url() -> str:
    state = Path(os.environ.get("TESSERA_VAR") or Path(__file__).resolve().parents[2] / "var")
    demo = state / "demo.json"
    if url := os.environ.get("TESSERA_TEST_URL"):
        return url.rstrip("/")
    if demo.exists():
        return str(json.loads(demo.read_text())["url"]).rstrip("/")
    pytest.skip("no running instance: run make up, or set TESSERA_TEST_URL")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield chromium
        chromium.close()


def opened(browser: Browser, base_url: str, state: Any = None) -> Iterator[Page]:
    context = browser.new_context(base_url=base_url, viewport={"width": 1440, "height": 900}, storage_state=state,
                                  permissions=["clipboard-read", "clipboard-write"])
    page, errors = context.new_page(), []
    page.on("console", lambda message: errors.append(message.text)
            if message.type == "error" and REFUSED not in message.text else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def page(browser: Browser, base_url: str) -> Iterator[Page]:
    """A fresh page whose console must stay free of errors."""
    yield from opened(browser, base_url)


def sign_up(page: Page, after: str = "/console/") -> str:
    """A new account with its own organization; returns its address."""
    email = f"a{secrets.token_hex(6)}@example.com"
    page.goto(f"/signup/?next={after}")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Organization").fill("Kestrel Works")
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main form button").click()
    page.wait_for_url(f"**{after}")
    return email


@pytest.fixture(scope="session")
def signed_in(browser: Browser, base_url: str) -> Any:
    """The cookies of an owner who is subscribed to a text and to an image model."""
    context = browser.new_context(base_url=base_url)
    page = context.new_page()
    sign_up(page)
    for model in ("pii-redact", "face-detect"):
        page.goto(f"/models/{model}/subscribe/")
        page.get_by_role("button", name="Confirm subscription").click()
        page.wait_for_url(f"**/models/{model}/")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def member(browser: Browser, base_url: str, signed_in: Any) -> Iterator[Page]:
    """A page of the signed-in owner."""
    yield from opened(browser, base_url, signed_in)
