"""The acceptance lines of the portal: what a user can do, and in how many clicks at most."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """`As a user I can …`, in at most this many clicks. Typing and keys cost none."""

    words: str
    clicks: int


# The key of each line stands in the test that holds it: `user.did("…")`.
LINES = {
    "playground": Line("reach a running playground from home", 2),
    "stored-result": Line("see a model's result, stored and unmetered", 0),
    "own-file": Line("see the result of my own file", 2),
    "code": Line("get working code", 2),
    "json": Line("see the JSON of a result", 1),
    "narrow": Line("narrow all models to a task and an industry", 2),
    "share": Line("share the address of a narrowed shelf, and come Back to it", 0),
    "keyboard": Line("narrow the shelf by keyboard alone", 0),
    "subscribe": Line("subscribe, with an estimate before confirming", 3),
    "create-key": Line("create and copy a key", 3),
    "roll-key": Line("roll a key with overlap", 3),
    "first-call": Line("paste the first call as it stands", 1),
    "spend": Line("see this month's spend", 0),
    "spend-by-model": Line("see spend by key or model", 1),
    "spend-csv": Line("get the spend as CSV", 1),
    "spend-table": Line("see the spend as a table, too", 1),
    "invoice-pdf": Line("get an invoice as PDF", 2),
    "limit": Line("set a limit", 3),
    "alert": Line("set an alert", 3),
    "why-failed": Line("see why a job failed", 2),
    "retry": Line("run a failed job again", 1),
    "upload": Line("upload an ONNX file of my own, and load the page again on the way", 6),
    "invite": Line("invite a colleague with a role", 3),
}
