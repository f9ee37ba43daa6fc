"""A newcomer: sign up, subscribe, run text and an image, create a key, see the usage and its cost."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import sign_up

pytestmark = pytest.mark.browser
RUN_MS = 90_000  # a capability that idles loads on its first call


def subscribe(page: Page, model: str) -> None:
    page.get_by_role("link", name="Subscribe", exact=True).first.click()
    page.get_by_role("button", name="Confirm subscription").click()
    page.wait_for_url(f"**/models/{model}/")


def run(page: Page) -> None:
    """Press Run and wait for the live answer; the stored example shows no duration."""
    page.get_by_role("button", name="Run").click()
    expect(page.locator("ts-playground [data-meta]")).to_contain_text(" ms", timeout=RUN_MS)


def test_from_sign_up_to_usage(apart: Page) -> None:
    page = apart
    sign_up(page, "/models/pii-redact/")
    expect(page.locator("ts-playground mark").first).to_be_visible()  # the stored example, before any call

    subscribe(page, "pii-redact")
    page.locator("#in-text").fill("Write to mary@example.com")
    run(page)
    expect(page.locator("ts-playground mark")).to_contain_text("mary@example.com")

    page.goto("/models/face-detect/")
    subscribe(page, "face-detect")
    run(page)  # the sample that the page brings along
    picture = page.locator("ts-playground .stage img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 0
    assert page.locator("ts-playground .stage svg rect.shape").count() > 0

    page.goto("/console/keys/")
    page.get_by_role("button", name="Create key").first.click()
    page.get_by_label("Name").fill("first")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.locator("#secret")).to_contain_text("live")

    for model in ("pii-redact", "face-detect"):
        see_usage(page, model)
    spent = page.locator("dl > div").filter(has_text="Spend this month").locator("dd").first
    expect(spent).to_have_text(re.compile(r"^\$\d+\.\d{2}"))


def see_usage(page: Page, model: str) -> None:
    """The row of a model, with its calls and its cost; metering reaches the books within seconds."""
    for _attempt in range(80):
        if f'href="/models/{model}/"' in page.request.get("/console/usage/").text():
            break
        time.sleep(0.25)
    page.goto("/console/usage/")
    row = page.get_by_role("row").filter(has=page.get_by_role("cell", name=model, exact=True))
    expect(row.get_by_role("cell").nth(1)).to_have_text("1")
    expect(row.get_by_role("cell").last).to_have_text(re.compile(r"^\$\d+\.\d{2,}$"))
