"""Smaller nets of checked ones: what comes out is smaller, answers like the original, and says what it cost."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from kernel.contracts import TensorSpec
from model_registry.declared import service as services
from model_registry.uploads import compression, sandbox
from model_registry.uploads.checks import Protocol, Refused

COLUMNS = [f"c{i}" for i in range(64)]
LABELS = ["no", "maybe", "yes"]


@pytest.fixture(autouse=True)
def _own_place_for_what_is_temporary(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child points tempfile at its folder; here that must not outlive the test."""
    monkeypatch.setattr(tempfile, "tempdir", None)


def wide_net() -> bytes:
    """Two layers, 64 → 256 → 3: large enough that its weights are most of the file."""
    random = np.random.default_rng(5)
    weights = {"w0": random.normal(size=(64, 256)) / 8, "b0": random.normal(size=256) / 8,
               "w1": random.normal(size=(256, 3)) / 16, "b1": np.zeros(3)}
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["X", "w0"], ["h0"]), helper.make_node("Add", ["h0", "b0"], ["h1"]),
         helper.make_node("Relu", ["h1"], ["h2"]), helper.make_node("MatMul", ["h2", "w1"], ["h3"]),
         helper.make_node("Add", ["h3", "b1"], ["z"]), helper.make_node("Softmax", ["z"], ["p"], axis=-1)],
        "wide", [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, 64])],
        [helper.make_tensor_value_info("p", TensorProto.FLOAT, [None, 3])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 9
    return bytes(made.SerializeToString())


def order_of(folder: Path, method: str, *, net: bytes | None = None, examples: int = 24,
             **words: Any) -> dict[str, Any]:
    (folder / compression.BASE).write_bytes(net or wide_net())
    service = services.document(services.completed(services.validate({
        "input": {"rows": {"kind": "table"}}, "preprocess": {"X": {"step": "columns", "field": "rows",
                                                                   "columns": COLUMNS}},
        "output": "row_scores", "postprocess": {"step": "row_labels", "labels": LABELS}}),
        [TensorSpec("X", "FP32", (-1, 64))], [TensorSpec("p", "FP32", (-1, 3))]),
        inputs=[TensorSpec("X", "FP32", (-1, 64))], outputs=[TensorSpec("p", "FP32", (-1, 3))], net="n", version=1)
    rows = np.random.default_rng(9).normal(size=(examples, 64))
    said = [{"input": {"rows": [dict(zip(COLUMNS, map(float, row), strict=True))]}, "output": None} for row in rows]
    return {"method": method, "service": service, "examples": said, "calibration": [], "min_agreement": 0.9, **words}


@pytest.mark.parametrize(("method", "share"), [("int8_dynamic", 0.4), ("int8_static", 0.4), ("fp16", 0.6)])
def test_a_net_gets_smaller_and_says_the_same(method: str, share: float, tmp_path: Path,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    order = order_of(tmp_path, method)
    order["examples"][0]["output"] = {"rows": [{"index": 0, "label": "none of them", "score": 1.0}]}
    report = compression.compress(order, Protocol())
    assert report["after"]["bytes"] < share * report["before"]["bytes"]
    assert report["agreement"] >= 0.9
    assert report["accuracy"] == {"before": 0.0, "after": 0.0, "items": 1}  # neither of them knows that word
    assert report["calibrated_on"] == (24 if method == "int8_static" else 0)
    assert {report[when]["latency_ms"]["runs"] for when in ("before", "after")} <= set(range(5, 61))
    made = onnx.load(str(tmp_path / compression.MADE))
    assert {opset.domain for opset in made.opset_import} <= {"", "ai.onnx", "ai.onnx.ml"}
    kinds = {i.data_type for i in made.graph.initializer if np.prod(i.dims) > 1000}
    assert kinds == {TensorProto.FLOAT16 if method == "fp16" else TensorProto.INT8}


def test_what_can_not_be_made_smaller_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for code, words in (("calibration_missing", {"method": "int8_static", "examples": []}),
                        ("compression_lossy", {"min_agreement": 1.01}),
                        ("calibration_invalid", {"calibration": [{"input": {"nothing": 1}}]})):
        order = {**order_of(tmp_path, "int8_dynamic"), **words}
        with pytest.raises(Refused) as refused:
            compression.compress(order, Protocol())
        assert refused.value.code == code
    relu = helper.make_model(helper.make_graph(
        [helper.make_node("Relu", ["X"], ["p"])], "g",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, 64])],
        [helper.make_tensor_value_info("p", TensorProto.FLOAT, [None, 64])]),
        opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    with pytest.raises(Refused) as refused:
        compression.compress(order_of(tmp_path, "int8_dynamic", net=relu.SerializeToString(), examples=0), Protocol())
    assert refused.value.code == "nothing_to_compress"


def test_it_happens_in_the_child_and_what_comes_out_is_an_upload(tmp_path: Path) -> None:
    order = order_of(tmp_path, "int8_dynamic")
    found = sandbox.compress(tmp_path, **{word: order[word] for word in (
        "method", "service", "examples", "calibration", "min_agreement")})
    assert found.failed is None, found.checks
    assert [check["id"] for check in found.checks] == ["compression"]
    assert found.result["report"]["agreement"] >= 0.9
    assert found.isolation["cpu_s"] == sandbox.COMPRESS_CPU_S
    checked = sandbox.examine(tmp_path, filename="model.onnx", mode="validate", licensed=True)
    assert checked.failed is None, checked.checks


def test_answers_agree_by_label_or_by_value() -> None:
    rows = [{"index": 0, "label": "a", "score": 0.5}, {"index": 1, "label": "b", "score": 0.9}]
    assert compression.agreement({"rows": rows}, {"rows": [rows[0], {**rows[1], "label": "c"}]}) == (1, 2)
    assert compression.agreement({"labels": rows}, {"labels": [{"label": "a", "score": 0.1}]}) == (1, 1)
    assert compression.agreement({"tensors": {"y": [1.0]}}, {"tensors": {"y": [1.04]}}) == (1, 1)
    assert compression.agreement({"tensors": {"y": [1.0]}}, {"tensors": {"y": [1.2]}}) == (0, 1)
