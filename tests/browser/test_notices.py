"""The bell tells what happened, and a toast takes back what can be taken back."""

from __future__ import annotations

import re
import time

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_acceptance import key_of, send

pytestmark = pytest.mark.browser


def test_the_bell_tells_of_a_job_that_ended(member: Page, base_url: str) -> None:
    key = key_of(member)
    job = send(base_url, key, "pii-redact", {"text": "ana@example.org"})
    for _attempt in range(150):
        told = httpx.get(f"{base_url}/api/v1/predictions/{job}", headers={"Authorization": f"Bearer {key}"}, timeout=30)
        if told.json()["status"] == "succeeded":
            break
        time.sleep(0.2)
    member.goto("/pricing/")
    member.get_by_role("button", name=re.compile("^Notifications")).click()
    notice = member.locator(f"#notices a[href='/console/predictions/{job}/']")
    expect(notice).to_contain_text("The job succeeded")
    expect(notice.locator(".tag")).to_have_text("new")
    notice.click()
    member.wait_for_url(f"**/console/predictions/{job}/")
    member.goto("/console/notices/")  # seen by now
    row = member.locator(f"main a[href='/console/predictions/{job}/']")
    expect(row).to_be_visible()
    expect(row.locator(".tag")).to_have_count(0)
    expect(member.get_by_role("button", name="Notifications", exact=True)).to_be_visible()


def test_an_ended_subscription_is_taken_back(member: Page) -> None:
    member.goto("/models/word-split/subscribe/")
    member.get_by_role("button", name="Confirm subscription").click()
    member.goto("/console/subscriptions/")
    row = member.get_by_role("row").filter(has=member.locator("a[href='/models/word-split/']"))
    expect(row).to_have_count(1)
    member.get_by_role("button", name="End word-split").click()
    member.get_by_role("button", name="End it").click()
    expect(row).to_have_count(0)
    member.locator(".toast").get_by_role("button", name="Undo").click()
    expect(member.get_by_text("You are subscribed to word-split again.")).to_be_visible()
    expect(row).to_have_count(1)
