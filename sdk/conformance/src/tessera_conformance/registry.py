"""What a check is, and how all of them are run: a check passes, fails with a reason, or is skipped with a reason.

A skip says that the kit could not look (no address, no right, nothing there to compare), never that the target may lack
the thing: what the specification asks for and the target does not answer is a failure.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import httpx

if TYPE_CHECKING:
    from tessera_conformance.target import Target

T = TypeVar("T")


class Skip(Exception):
    """The kit can't look at this; the text says why."""


class Failed(Exception):
    """The target does not keep the promise; the text says what was seen."""


@dataclass(frozen=True)
class Check:
    """One named promise of the specification."""

    name: str
    section: str
    promise: str
    run: Callable[[Target], None]


@dataclass(frozen=True)
class Result:
    """What became of one check."""

    check: Check
    state: str  # passed, failed, skipped
    reason: str
    seconds: float


CHECKS: dict[str, Check] = {}


def check(name: str, section: str) -> Callable[[Callable[[Target], None]], Callable[[Target], None]]:
    """Registers a function as a check; its docstring is the promise."""
    def register(function: Callable[[Target], None]) -> Callable[[Target], None]:
        promise = " ".join((function.__doc__ or "").split())
        if not promise or name in CHECKS:
            raise ValueError(f"{name} needs a promise, and a name of its own")
        CHECKS[name] = Check(name, section, promise, function)
        return function
    return register


def need(condition: object, seen: str) -> None:
    """Fails the check unless the condition holds."""
    if not condition:
        raise Failed(seen)


def same(found: object, wanted: object, what: str) -> None:
    """Fails the check unless both are equal."""
    if found != wanted:
        raise Failed(f"{what} is {_short(found)}, not {_short(wanted)}")


def member(document: object, name: str, kind: type[T]) -> T:
    """A member of a JSON object, of that type."""
    value = document.get(name) if isinstance(document, dict) else None
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise Failed(f"`{name}` must be {kind.__name__}, is {_short(value)}")
    return value


def run(target: Target, wanted: Iterable[str] = (), *, tell: Callable[[Result], None] = lambda _: None) -> list[Result]:
    """All checks, or those whose name begins with one of `wanted`, in the order in which they were written."""
    prefixes = tuple(wanted)
    results = []
    for one in CHECKS.values():
        if prefixes and not one.name.startswith(prefixes):
            continue
        results.append(_run(one, target))
        tell(results[-1])
    return results


def _run(one: Check, target: Target) -> Result:
    began = time.monotonic()
    state, reason = "passed", ""
    try:
        one.run(target)
    except Skip as skip:
        state, reason = "skipped", str(skip)
    except Failed as failed:
        state, reason = "failed", str(failed)
    except (httpx.HTTPError, OSError) as error:
        state, reason = "failed", f"{type(error).__name__}: {error}"
    except Exception as error:  # an answer of a shape that nobody promised: it fails its check, and the rest goes on
        state, reason = "failed", f"{type(error).__name__}: {_short(error)}"
    return Result(one, state, reason, time.monotonic() - began)


def _short(value: object) -> str:
    text = str(value) if isinstance(value, Exception) else repr(value)
    return text if len(text) <= 160 else text[:157] + "…"
