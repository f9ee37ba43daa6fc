"""When a guarded rollout goes on, ends or is taken back. Pure.

The canary is held against the stable version as both were since the rollout began, on the same calls by chance. An
alarm needs evidence: three failures, or ten answers of each version. The golden examples need none: they are asked
again at every look, whether or not anybody calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from inference_backend.variants import Counts
from kernel.problems import FieldError, Problem

ALARMS: dict[str, float | None] = {
    "error_rate": 0.02, "latency_ratio": 2.0, "latency_ms": 25.0, "example_mismatch": 0.0}
STEPS = [5, 25, 50]
LEAST_FAILURES = 3
LEAST_ANSWERS = 10

Verdict = Literal["hold", "advance", "promote"]


def guard(*, steps: list[int] | None = None, bake_s: int = 300, min_calls: int = 20,
          alarms: Mapping[str, Any] | None = None, examples: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A whole guard of what was said. Raises validation_error."""
    chosen = list(steps or STEPS)
    faults = []
    if chosen != sorted(set(chosen)):
        faults.append(FieldError("/steps", "percents must grow"))
    given = dict(alarms or {})
    for name in set(given) - set(ALARMS):
        faults.append(FieldError(f"/alarms/{name}", "there is no such alarm", "unknown_field"))
    for i, example in enumerate(examples or []):
        if not isinstance(example.get("input"), dict) or example.get("output") is None:
            faults.append(FieldError(f"/examples/{i}", "has an input and the output that is right", "required"))
    if faults:
        raise Problem("validation_error", "the rollout can't be guarded like this", errors=faults)
    return {"steps": chosen, "bake_s": bake_s, "min_calls": min_calls, "alarms": {**ALARMS, **given},
            "examples": examples}


def judge(alarms: Mapping[str, Any], *, stable: Counts, canary: Counts, examples: int = 0, wrong: int = 0,
          wrong_at: str = "", dead: str = "") -> dict[str, Any] | None:
    """The alarm that goes off, with the figures that it went off by; None while all is well. `wrong` of the golden
    `examples` were answered differently; `dead` says why the canary did not answer one at all."""
    if dead:
        return {"kind": "no_answer", "detail": dead}
    limit = alarms["example_mismatch"]
    if limit is not None and examples and wrong / examples > limit:
        return {"kind": "example_mismatch", "detail": wrong_at, "wrong": wrong, "examples": examples, "limit": limit}
    limit = alarms["error_rate"]
    bad = canary.failed + canary.refused
    if limit is not None and bad >= LEAST_FAILURES and canary.error_rate - stable.error_rate > limit:
        return {"kind": "error_rate", "detail": f"{bad} of {canary.calls} calls failed", "limit": limit,
                "canary": round(canary.error_rate, 4), "stable": round(stable.error_rate, 4)}
    ratio = alarms["latency_ratio"]
    if ratio is not None and min(canary.answered, stable.answered) >= LEAST_ANSWERS:
        slow, usual = canary.quantile_ms(0.95), stable.quantile_ms(0.95)
        if slow > usual * ratio and slow - usual > alarms["latency_ms"]:
            return {"kind": "latency", "detail": f"p95 {slow:.0f} ms instead of {usual:.0f} ms", "limit": ratio,
                    "canary": round(slow, 1), "stable": round(usual, 1)}
    return None


def verdict(rules: Mapping[str, Any], *, step: int, baked_s: float, calls: int) -> Verdict:
    """What follows where no alarm went off, `baked_s` seconds and `calls` calls of the canary into the step."""
    if baked_s < rules["bake_s"] or calls < rules["min_calls"]:
        return "hold"
    return "advance" if step + 1 < len(rules["steps"]) else "promote"
