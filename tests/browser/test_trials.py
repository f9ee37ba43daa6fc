"""Compare on your data: labelled rows in, the price before the run, accuracy with its interval after it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from marketplace.listings.scoring import wilson
from tests.browser.looks import holds_here

pytestmark = pytest.mark.browser
ROWS = [("Guten Morgen, wie geht es Ihnen heute?", "de"), ("The parcel arrived late and damaged.", "en"),
        ("Le train partira demain matin à huit heures.", "fr"), ("Der Zug hatte leider eine Stunde Verspätung.", "de"),
        ("Where can I return these shoes, please?", "no such language")]


def test_two_models_on_own_rows(member: Page) -> None:
    member.goto("/compare/?m=language-id&m=mixed-language")
    member.get_by_role("link", name="Compare on your data").click()
    expect(member.locator("#group option:checked")).to_have_attribute("value", "language-identification.text")
    expect(member.locator("[name=model]:checked:enabled")).to_have_count(2)
    text = "text,label\n" + "".join(f'"{words}",{label}\n' for words, label in ROWS)
    member.locator("#file").set_input_files({"name": "mail.csv", "mimeType": "text/csv", "buffer": text.encode()})
    member.get_by_role("button", name="See what it costs").click()

    expect(member.locator("[data-total]")).to_have_text(re.compile(r"^\$0\.\d+$"))  # before anything was called
    expect(member.get_by_text("Not run yet")).to_be_visible()
    member.get_by_role("button", name="Run", exact=True).click()
    table = member.locator("section[aria-labelledby=table]")
    expect(table).to_be_visible(timeout=90_000)  # by its own polling

    row = table.get_by_role("row").filter(has=member.get_by_role("link", name="Language identification", exact=True))
    right = int(re.match(r"(\d) / 5", row.get_by_role("cell").nth(1).inner_text())[1])
    assert right == 4  # the last label is no language
    low, high = wilson(right, len(ROWS))
    expect(row.get_by_role("cell").nth(2)).to_contain_text("80.0 %")
    expect(row.get_by_role("cell").nth(2)).to_contain_text(f"{low * 100:.1f} % – {high * 100:.1f} %")
    expect(row.get_by_role("cell").nth(4)).to_have_text(re.compile(r"^[\d.,]+ ms$"))
    expect(row.get_by_role("cell").nth(5)).to_have_text(re.compile(r"^\$0\.\d+$"))
    expect(member.locator(".pareto circle")).to_have_count(2)
    expect(member.locator("section[aria-labelledby=wrong] tbody tr").last).to_contain_text("no such language")
    holds_here(member)
    row.get_by_role("link", name="Subscribe").click()
    member.wait_for_url("**/models/language-id/subscribe/")


@pytest.mark.provokes(422)
def test_data_that_can_t_be_read_says_why(member: Page) -> None:
    member.goto("/console/trials/")
    member.locator("#group").select_option("language-identification.text")
    member.locator("#file").set_input_files(
        {"name": "mail.csv", "mimeType": "text/csv", "buffer": b"text,label\nGuten Tag\n"})
    member.get_by_role("button", name="See what it costs").click()
    expect(member.locator("main [role=alert]")).to_contain_text("line 2 has too few columns")
    expect(member.locator("#group option:checked")).to_have_attribute("value", "language-identification.text")
