"""What a deployment may say, with every fault named, and what Triton is told then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from inference_backend.pools import Wish
from inference_backend.triton import repository
from kernel.problems import Problem
from model_registry import deployment_plan
from tests.flows.own_model_kit import linear_net

ARTICLE = {"replicas": 4, "autoscale": {"metric": "cpu_utilization", "target": 70, "min": 2, "max": 10}}


def read(said: Any, *, gpu: bool = False, batched: bool = True) -> dict[str, Any]:
    return deployment_plan.read(said, gpu=gpu, batched=batched)


def test_the_articles_words_are_taken_as_written() -> None:
    plan = read(ARTICLE)
    assert plan == {**deployment_plan.DEFAULT, "replicas": 4, "autoscale": {
        "metric": "cpu_utilization", "target": 70, "min": 2, "max": 10, "cooldown_s": 60}}
    assert deployment_plan.wish(plan, busy=True) == Wish(2, 10, "cpu_utilization", 70.0, 60.0)
    assert deployment_plan.wish(plan, busy=False) == Wish(1, 1)
    assert [(g.count, g.device) for g in deployment_plan.tuning(plan).groups] == [(4, "auto")]
    assert deployment_plan.tuning(plan, busy=False).groups == ()


def test_bounds_may_stand_outside_and_nothing_said_is_the_default() -> None:
    assert read({}) == deployment_plan.DEFAULT
    outside = read({"autoscale": {"metric": "rps", "target": 5}, "min": 2, "max": 3})
    assert (outside["autoscale"]["min"], outside["autoscale"]["max"], outside["replicas"]) == (2, 3, 2)
    assert deployment_plan.wish(read({"replicas": 3}), busy=True) == Wish(3, 3)
    assert read({"response_cache": True, "warm_up": True})["response_cache"] == {"ttl_s": 60}


@pytest.mark.parametrize(("said", "pointer", "code"), [
    ([], "/", "invalid"), ({"replicas": 0}, "/replicas", "out_of_range"), ({"replicas": "4"}, "/replicas", "invalid"),
    ({"replicas": True}, "/replicas", "invalid"), ({"copies": 2}, "/copies", "unknown_field"),
    ({"replicas": 11, "autoscale": ARTICLE["autoscale"]}, "/replicas", "out_of_range"),
    ({"autoscale": {"metric": "mood", "target": 1}}, "/autoscale/metric", "invalid_choice"),
    ({"autoscale": {"metric": "rps"}}, "/autoscale/target", "required"),
    ({"autoscale": {"metric": "cpu_utilization", "target": 101}}, "/autoscale/target", "out_of_range"),
    ({"autoscale": {"min": 3, "max": 2}}, "/autoscale/max", "out_of_range"),
    ({"autoscale": {"target": 70, "floor": 1}}, "/autoscale/floor", "unknown_field"),
    ({"min": 2}, "/min", "required"), ({"pool": "lukewarm"}, "/pool", "invalid_choice"),
    ({"device": "gpu"}, "/device", "device_unavailable"),
    ({"instance_groups": [{"count": 2, "device": "gpu"}]}, "/device", "device_unavailable"),
    ({"instance_groups": [{"count": 2}], "replicas": 2}, "/instance_groups", "conflict"),
    ({"dynamic_batching": {"max_batch_size": 8}}, "/dynamic_batching/max_batch_size", "out_of_range"),
    ({"dynamic_batching": {"preferred_batch_sizes": [65]}}, "/dynamic_batching/preferred_batch_sizes", "invalid"),
    ({"queue_policy": {"timeout_action": "panic"}}, "/queue_policy/timeout_action", "invalid_choice"),
    ({"response_cache": {"ttl_s": 0}}, "/response_cache/ttl_s", "out_of_range"),
    ({"warm_up": 101}, "/warm_up", "out_of_range")])
def test_each_fault_has_its_place_and_code(said: Any, pointer: str, code: str) -> None:
    with pytest.raises(Problem) as refused:
        read(said)
    assert [(e.pointer, e.code) for e in refused.value.errors] == [(pointer, code)]


def test_batching_needs_rows_that_are_answered_each_for_itself() -> None:
    with pytest.raises(Problem) as refused:
        read({"dynamic_batching": True}, batched=False)
    assert [e.code for e in refused.value.errors] == ["batching_unsupported"]
    plan, tensor = read({"dynamic_batching": True}), {"shape": [-1, 4]}
    for service, rows in (({"batched": True, "inputs": [tensor], "outputs": [tensor]}, 64),
                          ({"batched": True, "inputs": [{"shape": [1, 4]}], "outputs": [tensor]}, 0),
                          ({"batched": False, "inputs": [tensor], "outputs": [tensor]}, 0)):
        assert deployment_plan.batch_size(plan, service) == rows


def test_everything_reaches_tritons_configuration(tmp_path: Path) -> None:
    net = tmp_path / "net.onnx"
    net.write_bytes(linear_net([[1, 0], [0, 1], [1, 1], [0, 0]], [0, 0.5]))
    plan = read({
        "instance_groups": [{"count": 2, "device": "cpu"}, {"count": 1, "device": "gpu", "gpus": [0]}],
        "dynamic_batching": {"max_batch_size": 32, "max_queue_delay_us": 300, "preferred_batch_sizes": [8, 16]},
        "queue_policy": {"max_queue_size": 9, "timeout_us": 7000, "timeout_action": "delay",
                         "allow_timeout_override": True}, "warm_up": 3}, gpu=True)
    root = tmp_path / "models"
    repository.write_onnx(root, "m.v1", net, max_batch_size=32, tuned=deployment_plan.tuning(plan))
    config = text_format.Parse((root / "m.v1/config.pbtxt").read_text(), model_config_pb2.ModelConfig())
    kinds = model_config_pb2.ModelInstanceGroup
    assert [(g.count, g.kind, list(g.gpus)) for g in config.instance_group] == [
        (2, kinds.KIND_CPU, []), (1, kinds.KIND_GPU, [0])]
    batching, policy = config.dynamic_batching, config.dynamic_batching.default_queue_policy
    assert (batching.max_queue_delay_microseconds, list(batching.preferred_batch_size)) == (300, [8, 16])
    assert (policy.max_queue_size, policy.default_timeout_microseconds, policy.timeout_action,
            policy.allow_timeout_override) == (9, 7000, model_config_pb2.ModelQueuePolicy.DELAY, True)
    (warm,) = config.model_warmup
    assert (warm.count, warm.batch_size, list(warm.inputs["X"].dims), warm.inputs["X"].zero_data) == (3, 1, [4], True)
    repository.set_instances(root, "m.v1", 6)
    assert repository.instances(root, "m.v1") == 6
    kept = repository.config_text(root, "m.v1")
    repository.set_instances(root, "m.v1", 1)
    assert repository.instances(root, "m.v1") == 2  # the second group's one stays
    repository.put_back_config(root, "m.v1", kept)
    assert repository.instances(root, "m.v1") == 6
