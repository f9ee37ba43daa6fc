"""Which version answers: exact weights, callers that stay, and moves that touch nobody else."""

from __future__ import annotations

from collections import Counter

import pytest
from doubles import Bench, grant, route
from hypothesis import given
from hypothesis import strategies as st
from test_gateway import INFER, call

from inference_backend import routing
from kernel.contracts import Route, Target
from kernel.problems import Problem


@st.composite
def splits(draw: st.DrawFn) -> list[int]:
    """Weights of 1 to 6 versions that add up to 100; some may be 0."""
    cuts = sorted(draw(st.lists(st.integers(0, 100), max_size=5)))
    return [high - low for low, high in zip([0, *cuts], [*cuts, 100], strict=True)]


def split(weights: list[int], **changes: object) -> Route:
    targets = tuple(Target(number, weight, f"v{number}") for number, weight in enumerate(weights, 1))
    return route(targets=targets, **changes)


@given(splits())
def test_each_version_gets_exactly_its_weight(weights: list[int]) -> None:
    live = [target for target in split(weights).targets if target.weight]
    counted = Counter(routing.at(live, point).version for point in range(100))
    assert counted == {number: weight for number, weight in enumerate(weights, 1) if weight}
    with pytest.raises(ValueError, match="beyond"):
        routing.at(live, 100)


@given(splits(), st.text(max_size=64))
def test_a_caller_stays(weights: list[int], who: str) -> None:
    chosen = routing.pick(split(weights), None, who)
    assert chosen.weight > 0
    assert all(routing.pick(split(weights), None, who) == chosen for _ in range(3))


@given(st.integers(1, 99), st.integers(0, 98))
def test_moving_weight_moves_just_as_many_points(canary: int, more: int) -> None:
    before = [Target(1, 100 - canary), Target(2, canary)]
    after = [Target(1, max(100 - canary - more, 1)), Target(2, min(canary + more, 99))]
    moved = [point for point in range(100)
             if routing.at(before, point).version != routing.at(after, point).version]
    assert len(moved) == after[1].weight - canary
    assert all(routing.at(after, point).version == 2 for point in moved)


def test_callers_spread_as_the_weights_say() -> None:
    counted = Counter(routing.pick(split([70, 25, 5]), None, f"key-{number}").version for number in range(20_000))
    for version, share in ((1, 0.70), (2, 0.25), (3, 0.05)):
        assert counted[version] / 20_000 == pytest.approx(share, abs=0.012)  # more than three standard deviations


def test_models_are_split_apart() -> None:
    """Who is in the canary of one model is not for that reason in the canary of another."""
    first, second = split([50, 50]), split([50, 50], model="other")
    both = sum(routing.pick(first, None, f"k{n}").version == routing.pick(second, None, f"k{n}").version
               for n in range(4000))
    assert both / 4000 == pytest.approx(0.5, abs=0.03)


def test_who_stays_together() -> None:
    one, other = grant(key_hash="a" * 64), grant(key_hash="b" * 64, key_id=2)
    together, apart, free = (split([50, 50], sticky_by=by) for by in ("organization", "key", "none"))
    assert routing.caller(together, one) == routing.caller(together, other)
    assert routing.caller(apart, one) != routing.caller(apart, other)
    assert len({routing.caller(free, one) for _ in range(50)}) == 50


@pytest.mark.parametrize(("wanted", "version"), [("2", 2), ("canary", 2), ("blue", 3), ("v1", 1)])
def test_numbers_aliases_and_labels(wanted: str, version: int) -> None:
    made = split([100, 0, 0], aliases={"canary": 2, "blue": 3})
    assert routing.pick(made, wanted, "").version == version


@pytest.mark.parametrize("wanted", ["9", "v2", "none", "1.0.0", "٢", "-1"])
def test_what_is_not_there(wanted: str) -> None:
    with pytest.raises(Problem, match="version_not_found"):
        routing.pick(split([100, 0]), wanted, "")


async def test_a_key_meets_one_version_only() -> None:
    bench = Bench(routes=[split([50, 50])])
    versions = set()
    for _ in range(20):
        answer = await call(bench, "POST", "/v2/models/addone/infer", INFER)
        assert answer is not None
        versions.add(answer.headers["x-model-version"])
    assert len(versions) == 1
