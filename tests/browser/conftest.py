"""Chromium against a running instance: TESSERA_TEST_URL, or the address in its demo.json (folder TESSERA_VAR).

Tests share two pages, a stranger's and an owner's, with what the browser keeps of scripts, fonts and pictures. A test
that signs up asks for `apart`.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    expect,
    sync_playwright,
)

from tests.browser.lines import LINES

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE = {"width": 1440, "height": 900}
PASSWORD = "long enough 4 a test"
expect.set_options(timeout=20_000)  # how fast pages are is measured elsewhere; here other tests share the two cores
STATUS = re.compile(r"responded with a status of (\d{3})")


@dataclass
class User:
    """A person at a page, whose clicks are counted. Typing and keys are free, as in the acceptance lines."""

    page: Page
    clicks: int = field(default=0)

    def click(self, target: Locator) -> None:
        target.click()
        self.clicks += 1

    def begin(self, path: str = "") -> None:
        """From here the clicks count, on this page or where the person stands."""
        if path:
            self.page.goto(path)
        self.clicks = 0

    def did(self, line: str) -> None:
        """The acceptance line holds: it took no more clicks than it may. The count starts again."""
        assert self.clicks <= LINES[line].clicks, f"{LINES[line].words}: {self.clicks} clicks"
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


def context_of(browser: Browser, base_url: str, state: Any = None, **options: Any) -> BrowserContext:
    """A context of the tests' kind: wide, still, allowed to read what was copied."""
    return browser.new_context(base_url=base_url, viewport=WIDE, storage_state=state, reduced_motion="reduce",
                               permissions=["clipboard-read", "clipboard-write"], **options)


def watched(page: Page, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page while one test uses it: its console must stay free of errors.

    Chromium logs the status of a refused form even where the page itself says what is wrong: a test that provokes a
    refusal names its status (`@pytest.mark.provokes(422)`), and must have got it.
    """
    errors: list[str] = []

    def said(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    def failed(error: Error) -> None:
        errors.append(str(error))

    page.on("console", said)
    page.on("pageerror", failed)
    yield page
    page.remove_listener("console", said)
    page.remove_listener("pageerror", failed)
    page.unroute_all()
    page.goto("about:blank")  # nothing of this test goes on in the next
    marker = request.node.get_closest_marker("provokes")
    expected = {str(status) for status in marker.args} if marker else set()
    statuses = [(found[1] if (found := STATUS.search(text)) else "", text) for text in errors]
    unexpected = [text for status, text in statuses if status not in expected]
    assert unexpected == []
    missing = expected - {status for status, _text in statuses}
    assert missing == set(), "the test was to be refused"


@pytest.fixture(scope="session")
def stranger(browser: Browser, base_url: str) -> Iterator[Page]:
    context = context_of(browser, base_url)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def owner(browser: Browser, base_url: str, signed_in: Any) -> Iterator[Page]:
    context = context_of(browser, base_url, signed_in)
    yield context.new_page()
    context.close()


@pytest.fixture
def page(stranger: Page, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of somebody who isn't signed in."""
    yield from watched(stranger, request)


@pytest.fixture
def member(owner: Page, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of the signed-in owner."""
    yield from watched(owner, request)


@pytest.fixture
def apart(browser: Browser, base_url: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page with cookies of its own."""
    context = context_of(browser, base_url)
    yield from watched(context.new_page(), request)
    context.close()


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
