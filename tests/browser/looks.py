"""What must hold for a page as it looks: no accessibility violation, no sideways scroll on a phone."""

from __future__ import annotations

import os

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.browser.conftest import WIDE

PHONE = {"width": 390, "height": 844}
COLOURS = {"runOnly": ["color-contrast"]}  # all that a theme changes
FULL = bool(os.environ.get("FULL"))
# Rows and cards behind the first few come from the same lines of a template.
ALIKE = [["tbody tr:nth-child(n+5)"], [".mcard:nth-child(n+5)"], [".facets fieldset:nth-of-type(n+4)"]]


def faults(page: Page, *, colours_only: bool = False) -> list[tuple[str, list[str]]]:
    """What axe finds, and the first elements where it does. The script stays in a page that it was brought into."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options = {**(COLOURS if colours_only else {}), "resultTypes": ["violations"]}
    found = page.evaluate("([place, options]) => axe.run(place ?? document, options)",
                          [None if FULL else {"exclude": ALIKE}, options])
    return [(v["id"], [n["html"][:140] for n in v["nodes"]][:3]) for v in found["violations"]]


def turn(page: Page, theme: str) -> None:
    """The other theme without another load; the server's own choice of it is what `visit` checks."""
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)


def fits_a_phone(page: Page) -> bool:
    """Whether nothing scrolls sideways; the page stays as narrow."""
    page.set_viewport_size(PHONE)
    return bool(page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"])


def holds_here(page: Page) -> None:
    """All of it, where a test has got to, in both themes; the page is wide and light again afterwards."""
    found = faults(page)
    assert not found, found
    turn(page, "dark")
    found = faults(page, colours_only=True)
    assert not found, found
    turn(page, "light")
    assert fits_a_phone(page)
    page.set_viewport_size(WIDE)
