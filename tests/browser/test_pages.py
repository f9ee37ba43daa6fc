"""Every page in two themes and two languages: no accessibility violation, no sideways scroll at 390 px, a small answer.

`make test` looks at each page twice: in one theme and language, and at its colours in the other two, all four taking
turns from page to page. `make test-browser FULL=1` looks at all of them at all of it.
"""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import context_of, watched

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
           "/console/settings/", f"{MODEL}subscribe/", "/provider/", "/console/trials/",
           "/console/notices/", "/provider/models/", "/provider/models/new/", "/console/security/",
           "/console/organization/"]
LOOKS = [("light", "en"), ("dark", "zh-hans"), ("dark", "en"), ("light", "zh-hans")]
HTML_KB = 20
COLOURS = {"runOnly": ["color-contrast"]}  # all that a theme changes
FULL = bool(os.environ.get("FULL"))
# Rows and cards behind the first few come from the same lines of a template.
ALIKE = [["tbody tr:nth-child(n+5)"], [".mcard:nth-child(n+5)"], [".facets fieldset:nth-of-type(n+4)"]]
# Four English words in a row, apart from code, names and addresses, are a sentence that was not translated.
SENTENCE = re.compile(r"\b[A-Za-z]+ [a-z]+ [a-z]+ [a-z]+\b")
WORDS = """() => {
    const others = document.querySelectorAll('main :is(pre, code, script, td, svg, nav.side, details)');
    for (const one of others) one.remove();
    return document.querySelector('main').innerText; }"""
SPOKEN = ("/", "/pricing/", "/docs/", "/docs/errors/", "/status/", "/compare/", "/signup/", "/console/billing/",
          "/console/keys/", "/console/webhooks/", "/console/team/", "/provider/", "/console/trials/",
          "/console/notices/")


@pytest.fixture(scope="session")
def dressed(browser: Browser, base_url: str, signed_in: object) -> Iterator[BrowserContext]:
    """The owner's context whose theme and language these tests change."""
    context = context_of(browser, base_url, signed_in)
    yield context
    context.close()


@pytest.fixture(scope="session")
def plain(browser: Browser, base_url: str) -> Iterator[BrowserContext]:
    """A stranger's, likewise."""
    context = context_of(browser, base_url)
    yield context
    context.close()


def faults(page: Page, *, colours_only: bool = False) -> list[tuple[str, list[str]]]:
    found = Axe().run(page, None if FULL else {"exclude": ALIKE}, COLOURS if colours_only else None)
    found = found.response["violations"]
    return [(v["id"], [n["html"][:140] for n in v["nodes"]][:3]) for v in found]


def visit(page: Page, base_url: str, path: str, theme: str, language: str) -> None:
    page.context.add_cookies([{"name": "theme", "value": theme, "url": base_url},
                              {"name": "django_language", "value": language, "url": base_url}])
    answer = page.goto(path)
    assert answer is not None
    assert answer.ok, answer.status
    assert len(gzip.compress(answer.body())) <= HTML_KB * 1024
    assert page.locator("html").get_attribute("data-theme") == theme
    assert page.locator("html").get_attribute("lang") == ("zh-Hans" if language == "zh-hans" else "en")


def check(page: Page, base_url: str, path: str, turn: int) -> None:
    looks = LOOKS if FULL else [LOOKS[turn % 4], LOOKS[(turn + 1) % 4]]
    for place, (theme, language) in enumerate(looks):
        visit(page, base_url, path, theme, language)
        assert faults(page, colours_only=place > 0 and not FULL) == [], (theme, language)
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, (theme, language)
        page.set_viewport_size({"width": 1440, "height": 900})
        if language == "zh-hans" and path in SPOKEN:
            assert SENTENCE.findall(page.evaluate(WORDS)) == []


@pytest.mark.parametrize(("turn", "path"), list(enumerate(PUBLIC)), ids=PUBLIC)
def test_public_page(plain: BrowserContext, request: pytest.FixtureRequest, base_url: str, turn: int,
                     path: str) -> None:
    for page in watched(plain, request):
        check(page, base_url, path, turn)


@pytest.mark.parametrize(("turn", "path"), list(enumerate(CONSOLE)), ids=CONSOLE)
def test_console_page(dressed: BrowserContext, request: pytest.FixtureRequest, base_url: str, turn: int,
                      path: str) -> None:
    for page in watched(dressed, request):
        check(page, base_url, path, turn)


def test_the_filters_of_a_phone_wait_folded(plain: BrowserContext, base_url: str) -> None:
    """And stay open while one filters: what was opened by hand is not closed by the answer."""
    page = plain.new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, base_url, "/models/", "light", "en")
    expect(page.locator("#f-modality-text")).to_be_hidden()
    page.get_by_role("button", name="Filters").click()
    page.locator("#f-modality-text").check()
    page.wait_for_url("**modality=text**")
    expect(page.locator(".chip-on")).to_have_count(1)
    expect(page.locator("#f-industry-finance")).to_be_visible()
    page.close()


def test_an_unknown_page_says_what_to_do(page: Page, base_url: str) -> None:
    answer = page.request.get(f"{base_url}/models/no-such-model/")
    assert answer.status == 404
    page.set_content(answer.text())
    expect(page.get_by_role("link", name="Browse models")).to_be_visible()
