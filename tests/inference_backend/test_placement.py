"""What a model gets of a machine, and the configuration that comes of it, by the generated text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from google.protobuf import text_format
from onnx import TensorProto, helper
from tritonclient.grpc import model_config_pb2

from inference_backend.triton import repository
from inference_backend.triton.placement import NICE, class_of_net, place_host, place_net, profile_of_environment
from kernel.contracts import TensorSpec


def net(folder: Path, megabytes: int = 0) -> Path:
    weights = np.zeros((4, max(megabytes, 1) << 16 if megabytes else 4), np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", weights.shape[1]])],
        [onnx.numpy_helper.from_array(weights, "w")])
    path = folder / "net.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def config(root: Path, name: str) -> Any:
    return text_format.Parse((root / name / "config.pbtxt").read_text(), model_config_pb2.ModelConfig())


def test_a_large_net_gets_the_gpu_with_tensorrt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESSERA_TRITON_PROFILE", "gpu")
    repository.write_onnx(tmp_path / "models", "large", net(tmp_path, 9))
    text = (tmp_path / "models" / "large" / "config.pbtxt").read_text()
    made = config(tmp_path / "models", "large")
    assert made.backend == "onnxruntime"
    assert "runtime:" not in text
    assert [(g.count, g.kind) for g in made.instance_group] == [(3, model_config_pb2.ModelInstanceGroup.KIND_GPU)]
    (accelerator,) = made.optimization.execution_accelerators.gpu_execution_accelerator
    assert accelerator.name == "tensorrt"
    assert accelerator.parameters["precision_mode"] == "FP16"
    assert accelerator.parameters["trt_engine_cache_enable"] == "true"
    assert list(made.dynamic_batching.preferred_batch_size) == [8, 16, 32]
    assert made.dynamic_batching.max_queue_delay_microseconds == 1000


def test_small_nets_and_hosts_stay_on_the_processor_of_a_gpu_machine(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESSERA_TRITON_PROFILE", "gpu")
    repository.write_onnx(tmp_path / "models", "small", net(tmp_path))
    repository.write_host(tmp_path / "models", "text", {"a": tmp_path}, runner="r")
    for name in ("small", "host-text"):
        made = config(tmp_path / "models", name)
        assert {g.kind for g in made.instance_group} == {model_config_pb2.ModelInstanceGroup.KIND_CPU}
        assert not made.optimization.HasField("execution_accelerators")


@pytest.mark.parametrize("value", ["", "cpu"])
def test_without_a_gpu_nothing_asks_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TESSERA_TRITON_PROFILE", value)
    repository.write_onnx(tmp_path / "models", "large", net(tmp_path, 9))
    made = config(tmp_path / "models", "large")
    assert [(g.count, g.kind) for g in made.instance_group] == [(1, model_config_pb2.ModelInstanceGroup.KIND_AUTO)]
    assert not made.optimization.HasField("execution_accelerators")
    assert made.parameters["nice"].string_value == "0"


def test_a_wrong_profile_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESSERA_TRITON_PROFILE", "tpu")
    with pytest.raises(ValueError, match="TESSERA_TRITON_PROFILE must be cpu or gpu"):
        profile_of_environment()


def test_weights_become_shares() -> None:
    assert class_of_net(9 << 20) == "gpu-intensive"
    assert class_of_net(1 << 20) == "cpu-bound"
    linux_share = 1024 / 335  # of nice 0 to nice 5, in the kernel's table
    assert (NICE["gpu-intensive"], NICE["cpu-bound"]) == (0, 5)
    assert 2.9 < linux_share < 3.1
    assert place_net("best-effort", "gpu").instances == place_net("best-effort", "cpu").instances == 1
    assert [place_host("cpu-bound", cores).instances for cores in (1, 2, 64)] == [1, 2, 2]
    assert place_host("best-effort", 64).nice == 15


@pytest.mark.parametrize(("inputs", "outputs", "rows"), [
    ([(-1, 30)], [(-1, 2)], 4096),  # a table's rows
    ([(-1, 3, 256, 256)], [(-1, 10)], 32),  # pictures
    ([(-1, 64)], [(-1, 1000)], 1000),  # the widest tensor counts
    ([(-1, -1)], [(-1, 384)], 32),  # words of any number
    ([(-1, 30)], [(1, 2)], 0),
    ([(-1,)], [(-1,)], 0),
])
def test_a_request_may_hold_a_million_values(tmp_path: Path, inputs: list[tuple[int, ...]],
                                             outputs: list[tuple[int, ...]], rows: int) -> None:
    specs = [[TensorSpec(f"{kind}{i}", "FP32", shape) for i, shape in enumerate(shapes)]
             for kind, shapes in (("x", inputs), ("y", outputs))]
    repository.write_onnx(tmp_path / "models", "net", net(tmp_path), *specs)
    assert config(tmp_path / "models", "net").max_batch_size == rows
