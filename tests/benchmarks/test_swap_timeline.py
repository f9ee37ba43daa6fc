"""Which versions an answer may have come from."""

from __future__ import annotations

from benchmarks.swaps.timeline import SEEN_WITHIN_S, Timeline


def test_a_change_may_show_at_once_and_must_show_within_its_promise() -> None:
    timeline = Timeline()
    timeline.begin(1, 0.0).answered = 0.0
    change = timeline.begin(2, 10.0)
    assert timeline.allowed(9.0, 9.5) == {1}
    assert timeline.allowed(9.9, 10.1) == {1, 2}  # asked for, not yet answered
    change.answered = 10.5
    assert timeline.allowed(11.0, 11.2) == {1, 2}
    assert timeline.allowed(10.5 + SEEN_WITHIN_S + 0.01, 12.0) == {2}
    timeline.begin(1, 20.0).answered = 20.2
    assert timeline.allowed(19.0, 21.5) == {1, 2}
    assert timeline.allowed(21.3, 21.5) == {1}
