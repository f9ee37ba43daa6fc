"""Chromium against a running instance: TESSERA_TEST_URL, or the address in its demo.json (folder TESSERA_VAR)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


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


@pytest.fixture
def page(browser: Browser, base_url: str) -> Iterator[Page]:
    """A fresh page whose console must stay free of errors."""
    context = browser.new_context(base_url=base_url, viewport={"width": 1440, "height": 900})
    page, errors = context.new_page(), []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []
