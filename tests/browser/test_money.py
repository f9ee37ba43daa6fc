"""Paying by the pages: a card, credit and its invoice, through the provider's own pages (here the sandbox's)."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import User

pytestmark = pytest.mark.browser
PAYS = "4242424242424242"
REFUSED = "4000000000000002"


def pay(page: Page, number: str) -> None:
    """Types a card at the provider's page, which is another origin."""
    expect(page.get_by_text("SANDBOX – no real money")).to_be_visible()
    page.locator("[name=number]").select_option(number)
    page.locator("main button").click()


@pytest.mark.provokes(402)  # the provider refuses the first card
def test_a_card_credit_and_the_invoice_as_pdf_in_two(member: Page) -> None:
    member.goto("/console/billing/")
    member.get_by_role("button", name="Add a card").click()
    pay(member, REFUSED)
    expect(member.locator(".error")).to_be_visible()  # told there, and nothing is saved here
    pay(member, PAYS)
    member.wait_for_url("**/console/billing/**")
    expect(member.get_by_text("•••• 4242")).to_be_visible()

    member.get_by_label("Top up (USD)").fill("12.50")
    member.get_by_role("button", name="Top up", exact=True).click()
    expect(member.locator(".amount")).to_contain_text("12.50")
    pay(member, PAYS)
    member.wait_for_url("**/console/billing/**")
    wallet = member.locator("section[aria-labelledby=wallet]")
    expect(wallet.locator("b").first).to_have_text("$12.50")

    user = User(member)
    user.begin("/console/")
    user.click(member.get_by_role("link", name="Billing", exact=True).first)
    with member.expect_download() as got:
        user.click(member.get_by_role("link", name=re.compile("^PDF")).first)
    assert got.value.path().read_bytes().startswith(b"%PDF-")
    user.did("invoice-pdf")
