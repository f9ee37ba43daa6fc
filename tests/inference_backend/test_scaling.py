"""The rule of scaling: bounds, patience, and that it comes to rest."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_backend.pools.scaling import SETTLE_S, Course, Decision, Reading, Wish, decide, measure

WISHES = st.builds(
    lambda low, more, metric, target, cool: Wish(low, low + more, metric, target, cool),
    st.integers(1, 6), st.integers(0, 10), st.sampled_from(["cpu_utilization", "queue_ms", "rps"]),
    st.floats(1, 500), st.floats(5, 60))
CPU = Wish(2, 10, "cpu_utilization", 70.0, 30.0)


@given(WISHES, st.integers(1, 40), st.floats(0, 1e6), st.integers(0, 50), st.floats(0, 1e6))
def test_the_number_stays_within_what_was_asked_for_and_what_there_is_room_for(
        wish: Wish, running: int, value: float, room: int, now: float) -> None:
    found = decide(wish, running, value, Course(), now, room=room).instances
    assert found <= max(wish.maximum, running)
    assert found >= min(wish.minimum, running)
    assert found <= running + room
    if room >= wish.minimum and running <= wish.maximum:
        assert wish.minimum <= found <= wish.maximum


@given(WISHES, st.floats(0, 1e5), st.floats(0, 1e5))
def test_more_load_never_gets_fewer_instances(wish: Wish, one: float, other: float) -> None:
    low, high = sorted((one, other))
    running = wish.minimum
    assert decide(wish, running, low, Course(), 0.0, room=99).instances <= decide(
        wish, running, high, Course(), 0.0, room=99).instances


@given(WISHES, st.floats(0.91, 1.09), st.integers(0, 10))
def test_at_its_target_nothing_moves(wish: Wish, ratio: float, more: int) -> None:
    running = min(wish.minimum + more, wish.maximum)
    course = Course()
    assert {decide(wish, running, wish.target * ratio, course, float(t), room=99).instances
            for t in range(0, 200, 2)} == {running}


@given(st.integers(1, 4), st.integers(1, 12), st.floats(5, 200), st.floats(1, 3000),
       st.sampled_from(["rps", "cpu_utilization"]))
def test_under_a_steady_load_it_comes_to_rest_where_the_target_is_met(
        low: int, more: int, target: float, load: float, metric: str) -> None:
    wish = Wish(low, low + more, metric, target, 10.0)  # type: ignore[arg-type]
    course, running, trace = Course(), low, []
    for step in range(60):
        found = decide(wish, running, load / running, course, step * 2.0, room=99).instances
        if found != running:
            course.changed_at = step * 2.0
        running = found
        trace.append(running)
    assert len(set(trace[-20:])) == 1, trace
    if running < wish.maximum:
        assert load / running <= target * 1.1 + 1e-6
    if running > wish.minimum:
        assert load / (running - 1) > target * 0.9 - 1e-6


def test_it_grows_at_once_then_waits_and_falls_only_after_the_whole_cool_down() -> None:
    course = Course()
    assert decide(CPU, 2, 100.0, course, 0.0, room=99) == Decision(3, "load", 100.0)
    course.changed_at = 0.0
    assert decide(CPU, 3, 100.0, course, 2.0, room=99) == Decision(3, "settling", 100.0)
    assert decide(CPU, 3, 100.0, course, SETTLE_S, room=99).instances == 5
    course = Course(changed_at=0.0)
    seen = [(t, decide(CPU, 6, 7.0 if t != 20 else 60.0, course, float(t), room=99).instances)
            for t in range(2, 70, 2)]
    assert {n for t, n in seen if t < 30} == {6}
    # A moment of load at 20 s keeps what it needed until it is older than the cool-down.
    assert {n for t, n in seen if 30 <= t < 50} == {6}
    assert next(n for t, n in seen if t >= 52) == 2


def test_a_queue_shrinks_one_at_a_time_and_memory_is_a_reason_of_its_own() -> None:
    queue = Wish(1, 8, "queue_ms", 20.0, 10.0)
    assert decide(queue, 2, 500.0, Course(), 0.0, room=99) == Decision(4, "load", 500.0)
    assert decide(queue, 2, 500.0, Course(), 0.0, room=1) == Decision(3, "memory", 500.0)
    assert decide(queue, 2, 500.0, Course(), 0.0, room=-3) == Decision(2, "memory", 500.0)
    course = Course()
    found = [decide(queue, 4, 0.0, course, float(t), room=99).instances for t in range(0, 14, 2)]
    assert found == [4, 4, 4, 4, 4, 3, 3]
    assert decide(queue, 4, 15.0, Course(), 0.0, room=99).reason == "steady"


def test_without_a_metric_or_a_measure() -> None:
    fixed = Wish(4, 4)
    assert decide(fixed, 1, None, Course(), 0.0, room=99) == Decision(4, "fixed", None)
    assert decide(fixed, 4, None, Course(), 0.0, room=0) == Decision(4, "fixed", None)
    assert decide(CPU, 3, None, Course(), 0.0, room=9) == Decision(3, "unmeasured", None)
    assert decide(CPU, 1, None, Course(), 0.0, room=9).instances == 2


def test_measures_by_value() -> None:
    before, now = Reading(10.0, 2, 100, 10**9, 4.0), Reading(12.0, 2, 300, 5 * 10**9, 6.0)
    assert measure("rps", before, now) == 50.0
    assert measure("queue_ms", before, now) == 20.0
    assert measure("cpu_utilization", before, now) == 50.0
    assert measure("queue_ms", now, Reading(13.0, 2, 300, 5 * 10**9, None)) == 0.0
    assert measure("cpu_utilization", now, Reading(13.0, 2, 300, 5 * 10**9, None)) is None
    for gone in (Reading(13.0, 1, 5, 0, 1.0), Reading(12.0, 2, 300, 5 * 10**9, 6.0)):
        assert measure("rps", now, gone) is None
    assert math.isclose(measure("rps", before, Reading(14.0, 4, 500, 10**9, 5.0)) or 0, 25.0)


@pytest.mark.parametrize("wish", [CPU, Wish(4, 4)])
def test_a_wish_survives_its_wire(wish: Wish) -> None:
    assert Wish.load(wish.dump()) == wish
