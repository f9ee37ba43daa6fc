"""How a provider's model is run: scaled under load and back, and broken versions taken back by themselves."""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.flows.conftest import csrf
from tests.flows.own_model_kit import SCOPES, Provider, linear_net, until

pytestmark = pytest.mark.stack

WEIGHTS, BIAS = np.eye(4, 2, dtype=np.float32), np.array([0.0, 0.5], np.float32)
ROW = [1.0, 2.0, 3.0, 4.0]
HIGH = 60.0  # a value that the golden examples don't have


def broken_net(kind: str) -> bytes:
    """The linear net; with a value over 50 it counts for long ("slow") or fails ("failing")."""
    nodes = [helper.make_node("Gemm", ["X", "W", "b"], ["z"]), helper.make_node("Softmax", ["z"], ["s"], axis=-1),
             helper.make_node("ReduceMax", ["X"], ["most"], keepdims=0),
             helper.make_node("Div", ["most", "fifty"], ["d"]),
             helper.make_node("Floor", ["d"], ["f"]), helper.make_node("Cast", ["f"], ["high"], to=TensorProto.INT64)]
    constants = [numpy_helper.from_array(WEIGHTS, "W"), numpy_helper.from_array(BIAS, "b"),
                 numpy_helper.from_array(np.float32(50), "fifty")]
    if kind == "failing":
        nodes += [helper.make_node("Gather", ["nothing", "high"], ["zero"]),
                  helper.make_node("Add", ["s", "zero"], ["scores"])]
        constants.append(numpy_helper.from_array(np.zeros(1, np.float32), "nothing"))
    else:
        body = helper.make_graph(
            [helper.make_node("Identity", ["going"], ["go"]), helper.make_node("Sin", ["sum"], ["next"])], "body",
            [helper.make_tensor_value_info("i", TensorProto.INT64, []),
             helper.make_tensor_value_info("going", TensorProto.BOOL, []),
             helper.make_tensor_value_info("sum", TensorProto.FLOAT, [])],
            [helper.make_tensor_value_info("go", TensorProto.BOOL, []),
             helper.make_tensor_value_info("next", TensorProto.FLOAT, [])])
        nodes += [helper.make_node("Mul", ["high", "many"], ["turns"]),
                  helper.make_node("Loop", ["turns", "yes", "none"], ["end"], body=body),
                  helper.make_node("Mul", ["end", "none"], ["zero"]),
                  helper.make_node("Add", ["s", "zero"], ["scores"])]
        constants += [numpy_helper.from_array(np.int64(40_000), "many"),
                      numpy_helper.from_array(np.bool_(True), "yes"),
                      numpy_helper.from_array(np.float32(0), "none")]
    graph = helper.make_graph(nodes, kind, [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, 4])],
                              [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, 2])], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="test")
    model.ir_version = 9
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def scores_of(row: list[float]) -> list[float]:
    z = np.array(row, np.float32) @ WEIGHTS + BIAS
    e = np.exp(z - z.max())
    return [float(v) for v in e / e.sum()]


@pytest.fixture(scope="module")
def provider(demo: dict[str, str]) -> Iterator[Provider]:
    made = Provider(demo["url"], f"Swaps {secrets.token_hex(3)}")
    fast = made.session.post("/api/v1/api-keys", headers=csrf(made.session), json={
        "name": "fast", "mode": "live", "scopes": SCOPES, "rate_per_minute": 100_000, "concurrency": 64})
    made.api.headers["X-API-Key"] = fast.json()["secret"]
    yield made
    made.close()


def brought_in(provider: Provider, nets: list[bytes]) -> str:
    """A model with these versions, all checked at once; all calls go to the first."""
    name = str(provider.api.post("/api/v1/models", json={
        "name": f"m{secrets.token_hex(2)}", "title": "M", "summary": "Tests.", "task": "tabular-classification"}
    ).json()["name"])
    example = {"input": {"x": [ROW]}, "output": {"tensors": {"scores": [scores_of(ROW)]}}}
    for number, net in enumerate(nets):
        sent = provider.upload(name, net, {"examples": [example]} if number == 0 else None)
        assert sent.status_code == 202, sent.text
        if number == 0:
            assert provider.ready(name, 1)["version_state"] == "ready", provider.ready(name, 1)
    for number in range(2, len(nets) + 1):
        report = provider.ready(name, number)
        assert report["version_state"] == "ready", report["checks"]
    until(lambda: provider.call(name, {"input": {"x": [ROW]}}).status_code == 200, 5)
    return name


@pytest.fixture(scope="module")
def model(provider: Provider) -> str:
    """Its versions: good, wrong, slow, failing, and good again."""
    return brought_in(provider, [linear_net(WEIGHTS, BIAS), linear_net(WEIGHTS[:, ::-1], BIAS), broken_net("slow"),
                                 broken_net("failing"), linear_net(WEIGHTS, BIAS, doc="the same again")])


def spread(provider: Provider, model: str, **weights: int) -> None:
    """All calls of everybody by chance: v1=50, v5=50."""
    done = provider.api.put(f"/api/v1/models/{model}/traffic", json={"sticky_by": "none", "targets": [
        {"version": int(word[1:]), "weight": weight, "label": word} for word, weight in weights.items()]})
    assert done.status_code == 200, done.text


@contextmanager
def calling(provider: Provider, model: str, row: list[float], callers: int) -> Iterator[Counter[str]]:
    """Calls without a pause; counts status and variant."""
    seen: Counter[str] = Counter()
    over, lock = threading.Event(), threading.Lock()

    def caller() -> None:
        with httpx.Client(base_url=str(provider.api.base_url), headers=provider.api.headers, timeout=60) as own:
            while not over.is_set():
                answer = own.post(f"/api/v1/models/{model}/predictions", json={"input": {"x": [row]}})
                with lock:
                    seen[f"{answer.status_code} {answer.headers.get('X-Model-Version', '')}"] += 1

    threads = [threading.Thread(target=caller) for _ in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join()


def instances(provider: Provider, model: str) -> dict[str, Any]:
    found = provider.api.get(f"/api/v1/models/{model}/deployment").json()["running"][0]
    return {"steps": found["steps"]["instances"], "net": found["net"]["instances"], "why": found["steps"]["reason"]}


def test_the_article_s_deployment_then_load_adds_instances_and_rest_takes_them_away(
        provider: Provider, model: str) -> None:
    spread(provider, model, v1=100)
    address = f"/api/v1/models/{model}/deployment"
    article = {"replicas": 4, "autoscale": {"metric": "cpu_utilization", "target": 70, "min": 2, "max": 10}}
    taken = provider.api.put(address, json=article)
    assert taken.status_code == 202, taken.text
    assert taken.json()["wanted"]["autoscale"] == {**article["autoscale"], "cooldown_s": 60}
    assert instances(provider, model)["net"] == 4
    refused = provider.api.put(address, json={"replicas": 99, "device": "gpu"})
    assert {(e["pointer"], e["code"]) for e in refused.json()["errors"]} == {
        ("/replicas", "out_of_range"), ("/device", "device_unavailable")}
    small = {"autoscale": {"metric": "queue_ms", "target": 2, "min": 1, "max": 3, "cooldown_s": 5}, "warm_up": 1}
    assert provider.api.put(address, json=small).status_code == 202
    with calling(provider, model, ROW, callers=6) as seen:
        assert until(lambda: instances(provider, model)["steps"] > 1, 15) < 15
    assert set(seen) == {"200 1"}, seen  # nothing was lost on the way
    until(lambda: instances(provider, model)["steps"] == 1, 30)
    assert provider.call(model, {"input": {"x": [ROW]}}).status_code == 200


# Other tests share the two cores: a good version may be late by chance.
QUIET = {"latency_ms": 5000}


def test_broken_versions_are_taken_back_and_a_good_one_takes_over(
        provider: Provider, model: str) -> None:
    spread(provider, model, v1=100)
    address = f"/api/v1/models/{model}/canary"
    with calling(provider, model, [1.0, 2.0, 3.0, HIGH], callers=2):
        for version, kinds in ((2, {"example_mismatch"}), (3, {"latency"}), (4, {"error_rate"}), (5, set())):
            begun = provider.api.post(address, json={"version": version, "steps": [50], "bake_s": 5 if kinds else 2,
                                                     "min_calls": 10, "alarms": {} if kinds else QUIET})
            assert begun.status_code == 201, begun.text
            again = provider.api.post(address, json={"version": version})
            assert (again.status_code, again.json()["code"]) == (409, "invalid_state")

            def ended() -> bool:
                return bool(provider.api.get(address).json()["data"][0]["ended_at"])

            until(ended, 40)
            last = provider.api.get(address).json()["data"][0]
            assert (last["canary"], last["rollout_state"]) == (version, "rolled_back" if kinds else "promoted"), last
            live = provider.api.get(f"/api/v1/models/{model}/traffic").json()["targets"]
            assert [(t["version"], t["weight"]) for t in live] == [(1 if kinds else 5, 100)]
            if kinds:
                assert last["alarm"]["kind"] in kinds, last
    heard = [e["action"] for e in provider.session.get("/api/v1/audit-log").json()["data"]]
    assert heard.count("canary.rolled_back") == 3
    assert "canary.promoted" in heard
    assert until(lambda: provider.call(model, {"input": {"x": [ROW]}}).headers["X-Model-Version"] == "5", 2) < 2


def test_outcomes_are_compared(provider: Provider, model: str) -> None:
    spread(provider, model, v1=50, v5=50)
    until(lambda: provider.call(model, {"input": {"x": [ROW]}}).headers["X-Variant"] == "v5", 3)
    answers = [provider.call(model, {"input": {"x": [ROW]}}) for _ in range(12)]
    said = [{"prediction": a.json()["id"], "value": float(a.headers["X-Variant"] == "v5")} for a in answers]
    said += [{"version": v, "subject": f"order {v} {i}", "value": float(i % 4 < (v + 1) // 2)}
             for v in (1, 5) for i in range(200)]
    kept = provider.api.post(f"/api/v1/models/{model}/outcomes", json={"outcomes": said})
    assert (kept.status_code, kept.json()) == (201, {"recorded": 412, "repeated": 0}), kept.text
    again = provider.api.post(f"/api/v1/models/{model}/outcomes", json={"outcomes": said[:3]})
    assert again.json() == {"recorded": 0, "repeated": 3}
    strange = provider.api.post(f"/api/v1/models/{model}/outcomes", json={"outcomes": [
        {"prediction": "pred_" + "0" * 32, "value": 1}, {"version": 9, "subject": "x", "value": 1}]})
    assert [(e["pointer"], e["code"]) for e in strange.json()["errors"]] == [
        ("/outcomes/0/prediction", "not_found"), ("/outcomes/1/version", "version_not_found")]
    found = provider.api.get(f"/api/v1/models/{model}/experiment").json()
    one, two = found["variants"]
    by_version = Counter(a.headers["X-Model-Version"] for a in answers)
    assert (one["outcomes"], two["outcomes"]) == (200 + by_version["1"], 200 + by_version["5"])
    assert one["mean"] == pytest.approx(50 / (200 + by_version["1"]))
    assert two["mean"] == pytest.approx((150 + by_version["5"]) / (200 + by_version["5"]))
    assert (two["method"], two["significant"]) == ("two_proportion_z", True)
    assert two["interval"][0] < two["effect"] < two["interval"][1]
