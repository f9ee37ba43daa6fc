"""Lists of the API: a limit, an opaque cursor, and {data, has_more, next_cursor}. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from kernel.problems import FieldError, Problem

T = TypeVar("T")
DEFAULT_LIMIT = 20
MAX_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a list, and where the next ones begin; None at the end."""

    items: tuple[T, ...]
    next_cursor: str | None = None

    @classmethod
    def of(cls, rows: Sequence[T], limit: int, cursor: Callable[[T], str]) -> Page[T]:
        """The page of `rows`, of which one more than `limit` was asked for; `cursor` names the place after an item."""
        items = tuple(rows[:limit])
        return cls(items, cursor(items[-1]) if len(rows) > limit else None)

    def document(self, data: Sequence[Any]) -> dict[str, Any]:
        """The answer, with the items as `data` shows them."""
        return {"data": list(data), "has_more": self.next_cursor is not None, "next_cursor": self.next_cursor}


def whole(data: Sequence[Any]) -> dict[str, Any]:
    """The answer of a list that is always given whole."""
    page: Page[Any] = Page(())
    return page.document(data)


def read_limit(text: str | None, default: int = DEFAULT_LIMIT) -> int:
    """`limit` of a list; Problem invalid_request where it is not 1 to 100."""
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MAX_LIMIT):
        detail = f"a number from 1 to {MAX_LIMIT}"
        raise Problem("invalid_request", f"limit is {detail}", errors=[FieldError("/limit", detail)])
    return int(text)


def write_cursor(*parts: object) -> str:
    """A cursor that `read_cursor` takes apart again; no part may hold a `|`."""
    return base64.urlsafe_b64encode("|".join(map(str, parts)).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, *kinds: Callable[[str], Any]) -> tuple[Any, ...] | None:
    """The parts of a cursor, each by its kind (int, UUID, datetime.fromisoformat); None where there is no cursor.

    Raises Problem invalid_cursor for anything that `write_cursor` did not write.
    """
    if not cursor:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        parts = base64.b64decode(padded, altchars=b"-_", validate=True).decode().split("|")
        return tuple(kind(part) for kind, part in zip(kinds, parts, strict=True))
    except (ValueError, binascii.Error):
        raise Problem("invalid_cursor", "use next_cursor of the page before") from None


def moment(text: str) -> datetime:
    """A kind of a cursor's part: a point in time, with its zone."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return found


def natural(text: str) -> int:
    """A kind of a cursor's part: a whole number that a database key can be."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError(text)
    return int(text)
