"""Every page in two themes and two languages: no accessibility violation, no sideways scroll at 390 px, a small answer.

`make test` opens each page in both languages and looks at its colours in both themes, and at everything else in one of
the four looks, taking turns from page to page. `make test-browser FULL=1` looks at everything in all four.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import WIDE
from tests.browser.looks import FULL, PHONE, faults, fits_a_phone, turn

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
# Four English words in a row, apart from code, names and addresses, are a sentence that was not translated.
SENTENCE = re.compile(r"\b[A-Za-z]+ [a-z]+ [a-z]+ [a-z]+\b")
WORDS = """() => {
    const others = document.querySelectorAll('main :is(pre, code, script, td, svg, nav.side, details)');
    for (const one of others) one.remove();
    return document.querySelector('main').innerText; }"""
SPOKEN = ("/", "/pricing/", "/docs/", "/docs/errors/", "/status/", "/compare/", "/signup/", "/console/billing/",
          "/console/keys/", "/console/webhooks/", "/console/team/", "/provider/", "/console/trials/",
          "/console/notices/")


@pytest.fixture
def dressed(member: Page) -> Iterator[Page]:
    """The owner's page; theme and language are those of everybody again afterwards."""
    yield member
    undress(member)


@pytest.fixture
def plain(page: Page) -> Iterator[Page]:
    """A stranger's, likewise."""
    yield page
    undress(page)


def undress(page: Page) -> None:
    for name in ("theme", "django_language"):
        page.context.clear_cookies(name=name)
    page.set_viewport_size(WIDE)


def visit(page: Page, base_url: str, path: str, theme: str, language: str) -> None:
    page.context.add_cookies([{"name": "theme", "value": theme, "url": base_url},
                              {"name": "django_language", "value": language, "url": base_url}])
    page.set_viewport_size(WIDE)
    answer = page.goto(path)
    assert answer is not None
    assert answer.ok, answer.status
    assert len(gzip.compress(answer.body())) <= HTML_KB * 1024
    assert page.locator("html").get_attribute("data-theme") == theme
    assert page.locator("html").get_attribute("lang") == ("zh-Hans" if language == "zh-hans" else "en")


def check(page: Page, base_url: str, path: str, place: int) -> None:
    """One look in full, its colours in the other theme; then the other language, as a phone shows it."""
    (theme, language), (_theme, other) = LOOKS[place % 4], LOOKS[(place + 1) % 4]
    visit(page, base_url, path, theme, language)
    assert faults(page) == [], (theme, language)
    turned = "light" if theme == "dark" else "dark"
    turn(page, turned)
    assert faults(page, colours_only=True) == [], (turned, language)
    fits(page, path, language)
    visit(page, base_url, path, turned, other)
    if FULL:
        for one in (turned, theme):
            turn(page, one)
            assert faults(page) == [], (one, other)
    fits(page, path, other)


def fits(page: Page, path: str, language: str) -> None:
    assert fits_a_phone(page), language
    if language == "zh-hans" and path in SPOKEN:
        assert SENTENCE.findall(page.evaluate(WORDS)) == []


@pytest.mark.parametrize(("place", "path"), list(enumerate(PUBLIC)), ids=PUBLIC)
def test_public_page(plain: Page, base_url: str, place: int, path: str) -> None:
    check(plain, base_url, path, place)


@pytest.mark.parametrize(("place", "path"), list(enumerate(CONSOLE)), ids=CONSOLE)
def test_console_page(dressed: Page, base_url: str, place: int, path: str) -> None:
    check(dressed, base_url, path, place)


def test_the_filters_of_a_phone_wait_folded(plain: Page) -> None:
    """And stay open while one filters: what was opened by hand is not closed by the answer."""
    page = plain
    page.set_viewport_size(PHONE)
    page.goto("/models/")
    expect(page.locator("#f-modality-text")).to_be_hidden()
    page.get_by_role("button", name="Filters").click()
    page.locator("#f-modality-text").check()
    page.wait_for_url("**modality=text**")
    expect(page.locator(".chip-on")).to_have_count(1)
    expect(page.locator("#f-industry-finance")).to_be_visible()


def test_an_unknown_page_says_what_to_do(page: Page, base_url: str) -> None:
    answer = page.request.get(f"{base_url}/models/no-such-model/")
    assert answer.status == 404
    page.set_content(answer.text())
    expect(page.get_by_role("link", name="Browse models")).to_be_visible()
