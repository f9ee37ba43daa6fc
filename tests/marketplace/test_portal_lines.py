"""The acceptance lines have tests, and pages travel packed. No browser is needed for either."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from marketplace.portal.middleware import PortalPages
from tests.browser.lines import LINES

BROWSER = Path(__file__).resolve().parents[1] / "browser"


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_held_by_a_test(line: str) -> None:
    """`user.did(line)` asserts the clicks that it took."""
    found = [path.name for path in BROWSER.glob("test_*.py") if f'.did("{line}")' in path.read_text()]
    assert found, LINES[line].words


def test_no_test_names_a_line_that_is_gone() -> None:
    named = {name for path in BROWSER.glob("test_*.py") for name in re.findall(r'\.did\("([^"]+)"\)', path.read_text())}
    assert named <= set(LINES)


def answered(response: HttpResponse | StreamingHttpResponse, **headers: str) -> HttpResponse:
    def view(_request: HttpRequest) -> HttpResponse:
        return response  # type: ignore[return-value]

    return PortalPages(view)(RequestFactory().get("/", headers=headers))


def test_a_page_travels_packed_where_the_browser_takes_it() -> None:
    page = "<p>Tessera</p>" * 500
    packed = answered(HttpResponse(page), accept_encoding="br, gzip")
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content).decode() == page
    assert int(packed["Content-Length"]) == len(packed.content) < len(page)
    assert {"Accept-Encoding", "Cookie", "HX-Request"} <= set(packed["Vary"].replace(" ", "").split(","))
    assert answered(HttpResponse(page)).content.decode() == page


@pytest.mark.parametrize("response", [
    HttpResponse("short"), HttpResponse("x" * 5000, content_type="text/csv"),
    StreamingHttpResponse(iter(["x" * 5000]), content_type="text/html")], ids=["short", "csv", "stream"])
def test_other_answers_stay_as_they_are(response: HttpResponse) -> None:
    assert "Content-Encoding" not in answered(response, accept_encoding="gzip").headers


def test_two_packed_pages_differ_in_length_by_chance() -> None:
    """So that the length of a page tells nothing about a secret on it."""
    lengths = {len(answered(HttpResponse("<p>Tessera</p>" * 500), accept_encoding="gzip").content) for _ in range(40)}
    assert len(lengths) > 5
