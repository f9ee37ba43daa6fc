"""Every page: no accessibility violation in either theme and language, no sideways scroll at 390 px, a small answer."""

from __future__ import annotations

import gzip
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
MODEL = "/models/face-detect/"
PUBLIC = [
    "/", "/models/", "/models/?q=zzzz", "/collections/", "/collections/finance/", "/providers/tessera/",
    "/compare/?m=pii-redact&m=sentiment-en", "/compare/", "/pricing/", "/status/", MODEL, f"{MODEL}?tab=api",
    f"{MODEL}?tab=overview", f"{MODEL}?tab=versions", f"{MODEL}?tab=benchmarks", f"{MODEL}?tab=reviews",
    f"{MODEL}v/1/", "/docs/", "/docs/errors/", "/docs/api/", "/docs/api/predictions_create/", "/signup/", "/login/",
    "/models/forecast-auto/", "/models/tabular-anomaly/", "/models/voice-activity/", "/models/vehicle-routing/",
]
CONSOLE = ["/console/", "/console/usage/", "/console/keys/", "/console/billing/", "/console/billing/invoices/draft/",
           "/console/subscriptions/", "/console/jobs/", "/console/webhooks/", "/console/team/", "/console/audit/",
           "/console/settings/", f"{MODEL}subscribe/"]
CHINESE = {"/", "/models/", MODEL, "/console/billing/"}
HTML_KB = 20
ONLY_COLOURS = {"runOnly": ["color-contrast"]}  # all that a theme changes


def faults(page: Page, options: dict[str, object] | None = None) -> list[tuple[str, list[str]]]:
    found = Axe().run(page, options=options).response["violations"]
    return [(v["id"], [n["html"][:140] for n in v["nodes"]][:3]) for v in found]


def check(page: Page, base_url: str, path: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    answer = page.goto(path)
    assert answer is not None
    assert answer.ok
    assert len(gzip.compress(answer.body())) <= HTML_KB * 1024
    assert faults(page) == []
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert faults(page, ONLY_COLOURS) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    if path in CHINESE:
        page.context.add_cookies([{"name": "django_language", "value": "zh-hans", "url": base_url}])
        page.goto(path)
        assert page.locator("html").get_attribute("lang") == "zh-Hans"
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("path", PUBLIC)
def test_public_page(page: Page, base_url: str, path: str) -> None:
    check(page, base_url, path)


@pytest.mark.parametrize("path", CONSOLE)
def test_console_page(member: Page, base_url: str, path: str) -> None:
    check(member, base_url, path)


def test_chinese_pages_hold_no_english_sentence(page: Page, base_url: str) -> None:
    """Apart from code, names and addresses: four English words in a row are a sentence that was not translated."""
    page.context.add_cookies([{"name": "django_language", "value": "zh-hans", "url": base_url}])
    for path in ("/", "/pricing/", "/docs/", "/docs/errors/", "/docs/jobs/", "/status/", "/compare/", "/signup/"):
        page.goto(path)
        text = page.evaluate("""() => {
            for (const one of document.querySelectorAll('pre, code, script, td, svg, nav.side, details')) one.remove();
            return document.querySelector('main').innerText; }""")
        assert re.findall(r"\b[A-Za-z]+ [a-z]+ [a-z]+ [a-z]+\b", text) == [], path


def test_an_unknown_page_says_what_to_do(browser: object, base_url: str, page: Page) -> None:
    answer = page.request.get(f"{base_url}/models/no-such-model/")
    assert answer.status == 404
    page.set_content(answer.text())
    expect(page.get_by_role("link", name="Browse models")).to_be_visible()
