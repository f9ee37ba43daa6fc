"""A provider's pages of one model: what runs, replicas, traffic, a guarded rollout and the way back; who may call."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import context_of
from tests.browser.test_pages import check
from tests.flows.own_model_kit import Provider, in_django, linear_net

pytestmark = pytest.mark.browser
Owned = tuple[Page, str]  # a page of the provider's, and its model


@pytest.fixture(scope="module")
def brought(base_url: str) -> Iterator[tuple[Provider, str]]:
    """A provider whose model has two versions; all calls go to the first."""
    provider = Provider(base_url, f"Page {secrets.token_hex(3)}")
    made = provider.api.post("/api/v1/models", json={
        "name": "page", "title": "Page", "summary": "Tests.", "task": "tabular-classification"})
    name = str(made.json()["name"])
    for number in (1, 2):  # in turn: the first that is ready takes the calls
        provider.upload(name, linear_net([[1, 0], [0, 1]], [0, 0.5], doc=str(number)))
        assert provider.ready(name, number)["version_state"] == "ready"
    yield provider, name
    provider.close()


@pytest.fixture
def owned(browser: Browser, base_url: str, brought: tuple[Provider, str]) -> Iterator[Owned]:
    provider, name = brought
    context = context_of(browser, base_url)
    context.add_cookies([{"name": cookie.name, "value": cookie.value or "", "url": base_url}
                         for cookie in provider.session.cookies.jar])
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page, name
    context.close()
    assert errors == []


def test_a_model_is_scaled_spread_rolled_out_and_back(owned: Owned, base_url: str) -> None:
    page, name = owned
    path = f"/provider/models/{name}/deployment/"
    page.goto(f"/provider/models/{name}/")
    page.get_by_role("link", name="Deployment").click()
    first = page.locator("section[aria-labelledby=running] tbody tr").first
    expect(first).to_contain_text("100 %")
    page.get_by_label("At least", exact=True).fill("2")
    page.get_by_label("At most").fill("2")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("The deployment is changed.")).to_be_visible()
    expect(page.get_by_label("At least", exact=True)).to_have_value("2")
    page.get_by_label("Share of the canary").fill("25")
    page.get_by_role("button", name="Spread calls").click()
    expect(page.get_by_text("Traffic is spread anew.")).to_be_visible()
    page.goto(path)
    expect(first).to_contain_text("75 %")
    page.get_by_label("Back to").select_option("1")
    page.get_by_role("button", name="Roll back").click()
    expect(page.get_by_text("Traffic is as it was.")).to_be_visible()
    page.goto(path)
    expect(first).to_contain_text("100 %")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("Version 2 is replacing version 1: step 1.")).to_be_visible()
    page.get_by_role("button", name="Take it back").click()
    expect(page.locator("section[aria-labelledby=guard] .tag")).to_have_text("Canceled")
    check(page, base_url, path, 1)


def test_access_is_asked_for_given_and_taken_back(owned: Owned, member: Page, base_url: str) -> None:
    page, name = owned
    path = f"/provider/models/{name}/access/"
    page.goto(f"/provider/models/{name}/")
    page.get_by_role("link", name="Access").click()
    page.get_by_label("Who may subscribe").select_option("gated")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Who subscribes needs your approval from now on.")).to_be_visible()
    in_django(f"""
from model_registry.models import Model
from marketplace.listings.services import stock_shelf
Model.objects.filter(name={name!r}).update(public=True, visibility="public")
print(stock_shelf([{name!r}]))
""")

    member.goto(f"/models/{name}/")
    member.get_by_role("link", name="Request access").click()
    member.get_by_label("What do you want to use it for?").fill("To sort our own letters.")
    member.get_by_role("button", name="Request access").click()
    expect(member.locator("main [role=status]")).to_contain_text("has your request")
    member.goto(f"/models/{name}/")
    expect(member.get_by_role("link", name="Access requested")).to_be_visible()

    page.goto("/console/notices/")
    page.get_by_role("link", name="asks for access").click()
    expect(page.get_by_text("To sort our own letters.")).to_be_visible()
    check(page, base_url, path, 2)
    page.goto(path)
    page.locator("form[action$='/approve/'] button").click()
    expect(page.locator("section[aria-labelledby=inside] tbody tr")).to_have_count(1)
    member.reload()
    expect(member.get_by_text("Subscribed", exact=True)).to_be_visible()

    page.locator("form[action$='/withdraw/'] input[name=reason]").fill("Season over.")
    page.locator("form[action$='/withdraw/'] button").click()
    expect(page.locator("section[aria-labelledby=over] tbody tr")).to_contain_text("Season over.")
    member.goto("/console/subscriptions/")
    expect(member.get_by_role("row").filter(has_text=name)).to_contain_text("Season over.")
