from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from kernel.paging import Page, natural, read_cursor, read_limit, whole, write_cursor
from kernel.paging import moment as moment_of
from kernel.problems import Problem


def test_pages_follow_each_other_without_a_gap() -> None:
    rows = list(range(7))
    seen, cursor = [], None
    for _ in range(3):
        start = (read_cursor(cursor, natural) or (0,))[0]
        page = Page.of(rows[start:start + 3 + 1], 3, lambda row: write_cursor(row + 1))
        seen.append(page.items)
        cursor = page.next_cursor
    assert seen == [(0, 1, 2), (3, 4, 5), (6,)]
    assert cursor is None


def test_a_full_last_page_is_the_last() -> None:
    page = Page.of([1, 2], 2, str)
    assert page.document(["a", "b"]) == {"data": ["a", "b"], "has_more": False, "next_cursor": None}
    assert Page.of([1, 2, 3], 2, str).document([1, 2]) == {"data": [1, 2], "has_more": True, "next_cursor": "2"}
    assert whole([]) == {"data": [], "has_more": False, "next_cursor": None}


def test_a_cursor_keeps_its_parts() -> None:
    moment, key = datetime(2026, 11, 21, 17, 0, 0, 123456, tzinfo=UTC), UUID(int=7)
    cursor = write_cursor(moment.isoformat(), key)
    assert read_cursor(cursor, moment_of, UUID) == (moment, key)
    assert read_cursor(None, natural) is None
    assert read_cursor("", natural) is None


@pytest.mark.parametrize("cursor", [
    "x", "!!!!", "é", "a" * 5000, write_cursor("a"), write_cursor("-1"), write_cursor(1, 2),
    write_cursor("9" * 30), write_cursor("١")])
def test_any_other_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Problem) as caught:
        read_cursor(cursor, natural)
    assert caught.value.code == "invalid_cursor"


@pytest.mark.parametrize("text", ["0", "101", "-1", "", "1.0", "١", "1" * 400])
def test_a_limit_out_of_bounds_is_refused(text: str) -> None:
    with pytest.raises(Problem) as caught:
        read_limit(text)
    assert caught.value.code == "invalid_request"


def test_a_limit_in_bounds_is_taken() -> None:
    assert [read_limit(text) for text in (None, "1", "100", "007")] == [20, 1, 100, 7]
    assert read_limit(None, 50) == 50


def test_a_moment_without_a_zone_is_no_place_in_a_list() -> None:
    with pytest.raises(Problem):
        read_cursor(write_cursor("2026-11-21T17:00:00"), moment_of)
