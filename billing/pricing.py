"""Where prices come from: the price book, a port that config/wiring.py fills.

Billing sits beside the registry and below the marketplace, so it can't ask either for a price; it is given a callable:
``book(model, version) -> kernel.contracts.Price | None``, where version None means the price that applies now. A price
version never changes; billing keeps what the book said when it first billed under it (`models.Price`).
Without a book, or for a price that it does not know, the amounts that the ledger recorded with each event stand.
"""

from __future__ import annotations

from collections.abc import Callable

from kernel.contracts import Price

PriceBook = Callable[[str, int | None], Price | None]

_book: list[PriceBook] = []


def use_price_book(book: PriceBook | None) -> None:
    """Sets the book of this process; None takes it away."""
    _book[:] = [book] if book else []


def listed_price(model: str, version: int | None = None) -> Price | None:
    """What the book says, or None."""
    return _book[0](model, version) if _book else None
