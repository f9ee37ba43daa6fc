"""The shelf: facets in the address, Back, keyboard alone, search in both languages, comparing, industries, ⌘K."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import User

pytestmark = pytest.mark.browser


def shown(page: Page) -> int:
    return int(page.locator("section[aria-label=Results] h2 b").inner_text())


def test_task_and_industry_in_two_clicks(page: Page) -> None:
    user = User(page)
    user.begin("/models/")
    everything = shown(page)
    user.click(page.locator("#f-modality-text"))
    page.wait_for_url("**modality=text**")
    expect(page.locator("section[aria-label=Results] h2 b")).not_to_have_text(str(everything))
    user.click(page.locator("#f-industry-finance"))
    page.wait_for_url("**industry=finance**")
    user.did("narrow")
    expect(page.locator(".chip-on")).to_have_count(2)
    address, count = page.url, shown(page)
    assert 0 < count < everything
    promised = page.locator("label:has(#f-industry-finance) .n").inner_text()
    assert int(promised) == count  # a facet's number is what its choice leaves

    page.locator("article.mcard h3 a").first.click()
    page.wait_for_url(re.compile(r"/models/[^/?]+/$"))
    page.go_back()  # a whole page, not a fragment, and the filters are still set
    expect(page.locator("header.top")).to_be_visible()
    expect(page.locator("#f-industry-finance")).to_be_checked()
    page.goto(address)
    assert shown(page) == count
    user.did("share")

    page.locator(".chip-on").first.click()
    expect(page.locator(".chip-on")).to_have_count(1)


def test_by_keyboard_alone(page: Page) -> None:
    user = User(page)
    user.begin("/models/")
    page.locator("#q").focus()
    page.keyboard.type("invoice fields")
    page.wait_for_url("**q=invoice**")
    page.keyboard.press("Tab")  # the order
    page.keyboard.press("Tab")  # the first facet
    assert page.evaluate("document.activeElement.type") == "checkbox"
    page.keyboard.press("Space")
    page.wait_for_url("**modality=**")
    user.did("keyboard")


def test_what_is_typed_finds_in_both_languages(page: Page) -> None:
    page.goto("/models/")
    for words, name in (("人脸", "face-detect"), ("face detecton", "face-detect"), ("个人信息", "pii-redact")):
        page.locator("#q").fill(words)
        expect(page.locator(f"article.mcard a[href='/models/{name}/']")).to_be_visible()
    page.locator("#q").fill("zzzz qqqq")
    expect(page.get_by_text("No model matches.")).to_be_visible()
    page.get_by_role("link", name="Clear all").first.click()
    expect(page.locator("article.mcard").first).to_be_visible()


def test_a_filter_ticked_while_a_search_is_on_its_way_stays(page: Page) -> None:
    """The answer to what was typed knows nothing of the tick; it must not undo it."""
    page.goto("/models/")
    held = []
    page.route("**/models/?**", lambda route: held.append(route) if len(held) == 0 else route.continue_())
    page.locator("#q").press_sequentially("language")
    expect(page.locator("#filters")).to_have_class(re.compile("htmx-request"))
    page.locator("#f-modality-text").check()
    held[0].continue_()
    page.wait_for_url("**modality=text**")
    expect(page.locator(".chip-on")).to_have_count(1)
    expect(page.locator("#f-modality-text")).to_be_checked()
    expect(page).to_have_url(re.compile("q=language"))
    page.unroute_all()


def test_the_list_goes_on(page: Page) -> None:
    page.goto("/models/")
    total = shown(page)
    assert total > 24
    page.locator("#more").scroll_into_view_if_needed()
    expect(page.locator("article.mcard").nth(24)).to_be_attached()


def test_two_models_side_by_side(page: Page) -> None:
    page.goto("/models/?modality=text")
    boxes = page.locator("[data-compare]")
    names = [boxes.nth(i).get_attribute("data-compare") for i in range(2)]
    for i in range(2):
        boxes.nth(i).check(force=True)
    page.get_by_role("link", name="Compare", exact=True).click()
    page.wait_for_url("**/compare/?m=**")
    for name in names:
        expect(page.locator(f"thead a[href='/models/{name}/']")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^Price "))).to_have_count(2)  # of one unit, and of many
    page.locator("main .chip").first.click()  # another of the same task
    expect(page.locator("thead th")).to_have_count(3)


def test_an_industry_is_one_click_from_its_models(page: Page) -> None:
    user = User(page)
    user.begin("/collections/")
    user.click(page.get_by_role("link", name="Finance", exact=True))
    expect(page.get_by_role("heading", level=1)).to_have_text("Finance")
    assert page.locator("article.mcard").count() > 0


@pytest.mark.parametrize(("words", "address"), [
    ("audit", "/console/audit/"), ("face detection", "/models/face-detect/"), ("webhooks", "/docs/webhooks/"),
    ("run a model", "/docs/api/predictions_create/"), ("status", "/status/")])
def test_palette_reaches(page: Page, words: str, address: str) -> None:
    page.goto("/docs/")
    page.keyboard.press("Control+k")
    page.locator("#palette input").fill(words)
    expect(page.locator("#found")).to_have_attribute("aria-busy", "false")
    row = page.locator(f"#palette a[href='{address}']")
    expect(row).to_be_visible()
    for _step in range(12):
        if row.get_attribute("aria-selected") == "true":
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(re.escape(address) + "|/login/"))


def test_enter_opens_what_was_typed_last(page: Page) -> None:
    """However late the answer comes: the list of earlier words is not what Enter chooses from."""
    page.goto("/docs/")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette .pal").first).to_be_visible()
    held: list[Route] = []
    page.route("**/search/?q=*", lambda route: held.append(route))
    page.locator("#palette input").fill("face detection")
    page.keyboard.press("Enter")
    while not held:
        page.wait_for_timeout(50)
    assert page.url.endswith("/docs/")
    held[-1].continue_()
    page.wait_for_url("**/models/face-detect/")
    page.unroute("**/search/?q=*")
