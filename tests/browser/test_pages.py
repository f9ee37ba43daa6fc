"""Every public page: no sideways scroll on a phone, no accessibility violation in either theme."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

pytestmark = pytest.mark.browser
PAGES = ["/", "/models/", "/models/pii-redact/", "/pricing/", "/docs/", "/signup/", "/login/"]


@pytest.mark.parametrize("path", PAGES)
def test_no_sideways_scroll_at_390(page: Page, path: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(path, wait_until="networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(page: Page, base_url: str, path: str, theme: str) -> None:
    page.context.add_cookies([{"name": "theme", "value": theme, "url": base_url}])
    page.goto(path, wait_until="networkidle")
    found = Axe().run(page).response["violations"]
    assert [(v["id"], [n["html"][:120] for n in v["nodes"]][:3]) for v in found] == []


def test_chinese_pages_are_chinese(page: Page, base_url: str) -> None:
    page.context.add_cookies([{"name": "django_language", "value": "zh-hans", "url": base_url}])
    page.goto("/models/")
    assert page.get_by_role("heading", level=1).inner_text() == "模型"


def test_facets_live_in_the_address(page: Page) -> None:
    page.goto("/models/", wait_until="networkidle")
    page.locator("#f-modality-text").check()
    page.wait_for_url("**modality=text**")
    assert page.locator("article.mcard").count() > 0
