"""Calls of a provider's model: its versions are models of their own, and a stranger's key finds nothing."""

from __future__ import annotations

import dataclasses
from typing import Any

from doubles import Bench, grant, route
from test_gateway import INFER, call

from inference_backend.batching import joinable
from inference_backend.pools import models_of
from kernel.contracts import Route, Target

OWN: dict[str, Any] = {
    "host": "host-addone", "own_host": True, "owner": 7, "public": False, "memory_mb": 30,
    "targets": (Target(1, 100), Target(2, 0, "v2")), "aliases": {"stable": 1, "next": 2}, "joinable": False,
    "notices": {"2": {"Sunset": "Wed, 01 Dec 2027 00:00:00 GMT"}}}


def test_each_version_has_a_net_and_a_host_of_its_own() -> None:
    own = route(**OWN)
    assert models_of(own, tensors=True) == {"addone.v1": 30}
    assert models_of(own, tensors=False, version=2) == {"addone.v2": 30, "host-addone.v2": 80}
    assert Route.load(own.dump()) == own
    assert not joinable(own)
    assert joinable(dataclasses.replace(own, joinable=True))


async def test_a_pinned_version_is_asked_and_its_end_is_told() -> None:
    bench = Bench(routes=[route(**OWN)])
    first = await call(bench, "POST", "/v2/models/addone/infer", INFER)
    second = await call(bench, "POST", "/v2/models/addone/versions/2/infer", INFER)
    assert first is not None
    assert second is not None
    assert (first.status, second.status) == (200, 200), (first.body, second.body)
    assert bench.triton.calls == [("addone.v1", None), ("addone.v2", None)]
    assert "sunset" not in first.headers
    assert second.headers["sunset"] == "Wed, 01 Dec 2027 00:00:00 GMT"


async def test_a_private_model_is_as_unknown_as_none_to_others_even_with_a_grant_of_old() -> None:
    for path in ("/v2/models/addone/infer", "/v2/models/nobody/infer"):
        bench = Bench(grants=[grant(org_id=8)], routes=[route(**OWN)])
        answer = await call(bench, "POST", path, INFER)
        assert answer is not None
        assert answer.status == 404, answer.body
    assert bench.triton.calls == []
    assert bench.meter.settled == []
