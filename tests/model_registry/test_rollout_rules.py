"""When a guarded rollout goes on and when it is taken back; and what is counted for it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_backend.variants import STEP, Counts, bucket
from kernel.problems import Problem
from model_registry.rollout_rules import ALARMS, guard, judge, verdict


def counts(answered: int, ms: float = 10.0, *, failed: int = 0, refused: int = 0) -> Counts:
    return Counts(answered + failed + refused, failed, refused, {bucket(ms): answered} if answered else {})


def kind(found: dict[str, Any] | None) -> str:
    return found["kind"] if found else ""


def test_each_kind_of_breakage_is_seen() -> None:
    good = counts(100)
    for canary, expected in (
            (counts(40), ""), (counts(40, 30.0), ""),  # three times as slow, but only by 20 ms
            (counts(40, 200.0), "latency"), (counts(9, 200.0), ""),  # too few to say
            (counts(0, failed=3), "error_rate"), (counts(0, failed=2), ""), (counts(30, refused=3), "error_rate"),
            (counts(300, failed=3), "")):  # one percent
        assert kind(judge(ALARMS, stable=good, canary=canary)) == expected, canary
    assert kind(judge(ALARMS, stable=counts(90, failed=10), canary=counts(27, failed=3))) == ""  # as bad as before
    wrong = judge(ALARMS, stable=good, canary=Counts(), examples=4, wrong=1, wrong_at="/label")
    assert wrong == {"kind": "example_mismatch", "detail": "/label", "wrong": 1, "examples": 4, "limit": 0.0}
    assert kind(judge({**ALARMS, "example_mismatch": 0.25}, stable=good, canary=Counts(), examples=4, wrong=1)) == ""
    assert kind(judge(ALARMS, stable=good, canary=Counts(), dead="no process")) == "no_answer"


@given(st.sampled_from(["error_rate", "latency_ratio", "example_mismatch"]))
def test_an_alarm_that_is_switched_off_stays_silent(name: str) -> None:
    awful = {"stable": counts(100), "canary": counts(40, 5000.0, failed=40), "examples": 5, "wrong": 5}
    only = {**dict.fromkeys(ALARMS), "latency_ms": 25.0}
    assert judge(only, **awful) is None  # type: ignore[arg-type]
    assert judge({**only, name: ALARMS[name]}, **awful) is not None  # type: ignore[arg-type]


def test_steps_need_their_time_and_their_calls() -> None:
    rules = guard(steps=[10, 50], bake_s=60, min_calls=5)
    for step, baked, calls, expected in ((0, 59.0, 50, "hold"), (0, 60.0, 4, "hold"), (0, 60.0, 5, "advance"),
                                         (1, 60.0, 5, "promote")):
        assert verdict(rules, step=step, baked_s=baked, calls=calls) == expected
    for said in ({"steps": [50, 10]}, {"alarms": {"mood": 1}}, {"examples": [{"input": {"x": 1}}]}):
        with pytest.raises(Problem):
            guard(**said)


@given(st.lists(st.floats(0.01, 1e5), min_size=1, max_size=200), st.floats(0.01, 1.0))
def test_a_quantile_is_off_by_no_more_than_a_bucket(durations: list[float], share: float) -> None:
    found: dict[int, int] = {}
    for ms in durations:
        found[bucket(ms)] = found.get(bucket(ms), 0) + 1
    exact = sorted(durations)[min(int(share * len(durations) + 1 - 1e-9), len(durations)) - 1]
    given_ms = Counts(len(durations), 0, 0, found).quantile_ms(share)
    assert max(exact, 0.1) / STEP <= given_ms * 1.0001 <= max(exact, 0.1) * STEP * STEP * 1.001


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_counts_survive_the_wire_and_subtract(calls: int, failed: int, refused: int) -> None:
    one = Counts(calls + 9, failed + 1, refused, {3: 5, 7: 2})
    assert Counts.load(one.dump()) == one
    assert one - Counts(calls, failed, refused, {3: 5, 7: 1}) == Counts(9, 1, 0, {7: 1})
