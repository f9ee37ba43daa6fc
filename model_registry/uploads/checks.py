"""One check of an upload: what was looked at, how it went, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Any, Literal

Status = Literal["passed", "failed", "warning", "skipped"]

# In the order in which they are made. id → what a person reads.
TITLES: dict[str, str] = {
    "fetch": "The hub's file came whole", "compression": "The compressed net answers like the original",
    "archive": "The bundle is what it says", "format": "The format is one that runs no code",
    "graph": "The graph keeps to the ONNX standard", "checker": "ONNX's own checker accepts it",
    "signature": "The signature can be served", "manifest": "Fields and steps fit the signature",
    "license": "The licence is named", "load": "ONNX Runtime opens it", "examples": "The examples are answered",
    "batch": "A batch answers like single calls", "robustness": "Odd values do no harm", "profile": "Time and memory",
    "deploy": "Triton serves it beside the old version",
}


class Refused(Exception):
    """A check that failed: nothing after it is made."""

    def __init__(self, check: str, code: str, detail: str, fix: str) -> None:
        super().__init__(detail)
        self.check, self.code, self.detail, self.fix = check, code, detail, fix


@dataclass(slots=True)
class Check:
    """The outcome of one check. `values` are its figures; `fix` says what the uploader can do."""

    id: str
    status: Status = "passed"
    detail: str = ""
    fix: str = ""
    code: str = ""
    ms: float = 0.0
    values: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        return {"title": TITLES[self.id], **asdict(self)}


@dataclass(slots=True)
class Protocol:
    """The checks of one upload, in order, and its log."""

    checks: list[Check] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def warn(self, check: Check, code: str, detail: str, fix: str) -> None:
        """What does not stop the upload, but should be known."""
        check.status, check.code, check.detail, check.fix = "warning", code, detail, fix
        self.log.append(f"{check.id}: {detail}")

    @contextmanager
    def make(self, check_id: str) -> Iterator[Check]:
        """Times a check and notes how it went; a refusal is noted and goes on up."""
        check = Check(check_id)
        self.checks.append(check)
        began = perf_counter()
        try:
            yield check
        except Refused as refused:
            if refused.check != check_id:  # a later step found what belongs to an earlier check
                check.id = refused.check
            check.status, check.code, check.detail, check.fix = "failed", refused.code, refused.detail, refused.fix
            self.log.append(f"{check.id}: {refused.detail}")
            raise
        finally:
            check.ms = round((perf_counter() - began) * 1000, 2)

    def documents(self) -> list[dict[str, Any]]:
        return [check.document() for check in self.checks]
