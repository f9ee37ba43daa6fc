"""Facts travel upward: a package publishes what happened, `config/wiring.py` says who listens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

_listeners: dict[type, list[Callable[[Any], None]]] = defaultdict(list)


def listen(fact: type, listener: Callable[[Any], None]) -> None:
    """Registers a listener once; called only from config/wiring.py."""
    if listener not in _listeners[fact]:
        _listeners[fact].append(listener)


def publish(fact: object) -> None:
    """Calls every listener of this fact, in the order of registration. Publish after commit."""
    for listener in _listeners[type(fact)]:
        listener(fact)
