"""Who pays for what: the one table that the path, the receipts, the API description and the tests share.

The rule behind it: only a delivered success is billed, once. A call passes one border that counts: until the model has
given its whole answer it is *running*; from the moment that this answer's usage is being committed it is *answered*.
Before the border nothing costs anything, whatever happens; after it the answer is on its way and is paid for once,
whether its caller still listens or not (a repeat with the same Idempotency-Key costs nothing more).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Charge = Literal["none", "units", "cached"]
Cause = Literal[
    "delivered", "cold_load", "cache_hit", "replay", "client_gone", "deadline", "cancelled", "refused", "failed",
    "ledger_away", "worker_lost", "rollback", "shadow", "test_mode"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What one cause costs. ``units``: the units of the answer at the price of the route. ``cached``: the same units
    at the price of a stored answer. ``none``: nothing, and no entry in the ledger (except where `detail` says so)."""

    cause: Cause
    running: Charge
    answered: Charge
    title: str
    detail: str


RULES: tuple[Rule, ...] = (
    Rule("delivered", "none", "units", "Delivered",
         "The answer's units at the price shown, committed to the ledger before the answer leaves."),
    Rule("cold_load", "none", "units", "Delivered after a load",
         "Loading a model into memory is never billed; the answer costs what a warm one costs."),
    Rule("cache_hit", "none", "cached", "Answered from the cache",
         "A stored answer of the same version to the same input (X-Cache: hit) at its own, lower price; free unless "
         "the model's price says otherwise."),
    Rule("replay", "none", "none", "Repeated with the same Idempotency-Key",
         "The stored answer again (Idempotent-Replayed: true). The first one was billed."),
    Rule("client_gone", "none", "units", "The client went away",
         "The running inference is stopped and nothing is billed. If the answer was complete already it is billed "
         "once; a repeat with the same Idempotency-Key costs nothing more."),
    Rule("deadline", "none", "units", "The deadline passed",
         "An inference that does not end in time is stopped and not billed. A complete answer is delivered."),
    Rule("cancelled", "none", "units", "Cancelled",
         "A job that is cancelled before its answer is complete costs nothing. After that it has succeeded."),
    Rule("refused", "none", "none", "Refused (4xx)",
         "A call that is refused, by us or by the model, is not billed."),
    Rule("failed", "none", "none", "Failed (5xx)",
         "A failure of the model or of the platform is not billed."),
    Rule("ledger_away", "none", "none", "Usage could not be recorded",
         "An answer whose usage can't be committed is withheld (503) and not billed."),
    Rule("worker_lost", "none", "units", "A worker was lost",
         "A job, or a line of a batch, that runs again after its worker died keeps its billing id: it is billed once."),
    Rule("rollback", "none", "units", "The version was withdrawn",
         "A call ends on the version that it was admitted to, and an answer of that version is billed; where the "
         "version is gone already the call fails and is not billed."),
    Rule("shadow", "none", "none", "Shadow traffic",
         "A copy of a call that tries another version is never billed, and its answer goes nowhere."),
    Rule("test_mode", "none", "none", "Test key",
         "A call with a test key is recorded in the ledger for its statistics, at no charge."),
)
BY_CAUSE: dict[str, Rule] = {rule.cause: rule for rule in RULES}

_BY_CODE: dict[str, Cause] = {"timeout": "deadline", "canceled": "cancelled"}


def charge(cause: Cause, *, answered: bool) -> Charge:
    """What a call costs that ended for this cause, before or after its answer was complete."""
    rule = BY_CAUSE[cause]
    return rule.answered if answered else rule.running


def cause_of(code: str, status: int) -> Cause:
    """The cause behind a problem: by its code, else by the class of its HTTP status."""
    return _BY_CODE.get(code) or ("failed" if status >= 500 else "refused")


def as_markdown() -> str:
    """The table for the API description and the documentation."""
    words = {"none": "not billed", "units": "billed once", "cached": "billed at the price of a stored answer"}
    lines = ["| what happens | before the answer is complete | after | |", "|---|---|---|---|"]
    lines += [f"| {rule.title} | {words[rule.running]} | {words[rule.answered]} | {rule.detail} |" for rule in RULES]
    return "\n".join(lines)
