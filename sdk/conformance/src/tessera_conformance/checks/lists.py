"""Section 11: lists go on by cursor."""

from __future__ import annotations

from tessera_conformance.registry import Skip, check, member, need, same
from tessera_conformance.target import Target

PAGES = 40


@check("lists.walk", "11.1")
def walk(t: Target) -> None:
    """A list is {data, has_more, next_cursor}; its cursors lead through all of it, each entry once."""
    names: list[str] = []
    cursor: str | None = None
    for _ in range(PAGES):
        page = t.document("GET", "/api/v1/models", params={"limit": 100} | ({"cursor": cursor} if cursor else {}))
        names += [row["name"] for row in member(page, "data", list)]
        more = member(page, "has_more", bool)
        cursor = page.get("next_cursor")
        same(bool(cursor), more, "whether there is a cursor")
        if not more:
            break
    need(names, "the list is empty")
    same(len(set(names)), len(names), "the number of different entries")


@check("lists.limit", "11.1")
def limit(t: Target) -> None:
    """limit bounds a page, and is itself bounded to 1…100."""
    rows = t.document("GET", "/api/v1/models", params={"limit": 1})["data"]
    same(len(rows), 1, "the length of a page of one")
    for wrong in ("0", "101", "many"):
        status = t.call("GET", "/api/v1/models", params={"limit": wrong}).status_code
        need(status in (400, 422), f"limit={wrong} answers {status}")


@check("lists.cursor", "11.2")
def cursor(t: Target) -> None:
    """A cursor that the server never gave is 400 invalid_cursor."""
    t.refuses(t.call("GET", "/api/v1/models", params={"cursor": "made-up"}), 400, "invalid_cursor", "native")


@check("lists.stable", "11.2")
def stable(t: Target) -> None:
    """The same cursor gives the same page."""
    page = t.document("GET", "/api/v1/models", params={"limit": 3})
    if not page["has_more"]:
        raise Skip("there are too few models for a second page")
    pages = [t.document("GET", "/api/v1/models", params={"limit": 3, "cursor": page["next_cursor"]}) for _ in range(2)]
    same([row["name"] for row in pages[1]["data"]], [row["name"] for row in pages[0]["data"]], "the page")
