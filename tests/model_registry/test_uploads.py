"""What providers send: good bundles are read by value, hostile ones refused by their code, and nothing of them runs."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from kernel.contracts import TensorSpec
from model_registry.declared import service as services
from model_registry.declared import steps
from model_registry.declared.compare import difference
from model_registry.declared.runner import run_service
from model_registry.uploads import bundle, examination, graph, sandbox, weights
from model_registry.uploads.checks import Refused
from tests.flows.own_model_kit import linear_net, packed

FLOAT = TensorProto.FLOAT
NET = linear_net(np.arange(12).reshape(4, 3) / 10, [0, 0, 0.5])


def model_of(nodes: list[Any], *, opset: int = 17, domain: str = "", ir: int = 9, inputs: list[Any] | None = None,
             outputs: list[Any] | None = None, initializers: list[Any] | None = None,
             functions: list[Any] | None = None, extra_opsets: list[Any] | None = None) -> bytes:
    inputs = inputs or [helper.make_tensor_value_info("X", FLOAT, [None, 4])]
    outputs = outputs or [helper.make_tensor_value_info("y", FLOAT, [None, 4])]
    made = helper.make_model(
        helper.make_graph(nodes, "g", inputs, outputs, initializers or []), functions=functions or [],
        opset_imports=[helper.make_opsetid(domain, opset), *(extra_opsets or [])])
    made.ir_version = ir
    return bytes(made.SerializeToString())


def relu(**words: Any) -> bytes:
    return model_of([helper.make_node("Relu", ["X"], ["y"])], **words)


def external(location: str, length: int = 16) -> bytes:
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", str(length))):
        tensor.external_data.add(key=key, value=value)
    return model_of([helper.make_node("Add", ["X", "w"], ["y"])], initializers=[tensor])


def zipped(name: str, content: bytes = b"x", *, mode: int = 0, flags: int = 0) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr, entry.compress_type = mode << 16, zipfile.ZIP_DEFLATED
        archive.writestr("model.onnx", NET)
        archive.writestr(entry, content)
    data = bytearray(out.getvalue())
    if flags:  # in the central directory of the last entry
        at = data.rindex(b"PK\x01\x02")
        data[at + 8:at + 10] = struct.pack("<H", struct.unpack_from("<H", data, at + 8)[0] | flags)
    return bytes(data)


def spoiled(name: str = "model.onnx", method: int = zipfile.ZIP_DEFLATED, *, at: int = 0, put: bytes = b"",
            cut: int = 0) -> bytes:
    """A zip of one entry whose packed bytes are overwritten from `at` on, or end `cut` bytes too early."""
    out = io.BytesIO()
    content = np.random.default_rng(5).bytes(3000)
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr(name, content)
    data, begins = out.getvalue(), 30 + len(name)
    if cut:
        directory = data.index(b"PK\x01\x02")
        offset = struct.pack("<I", directory - cut)
        data = data[:directory - cut] + data[directory:-6] + offset + data[-2:]
    return data[:begins + at] + put + data[begins + at + len(put):]


def twice() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("model.onnx", NET)
        archive.writestr("Model.ONNX", NET)
    return out.getvalue()


def nested(depth: int) -> bytes:
    node = helper.make_node("Relu", ["X"], ["y"])
    for _ in range(depth):
        branch = helper.make_graph([node], "b", [], [helper.make_tensor_value_info("y", FLOAT, [None, 4])])
        node = helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)
    condition = numpy_helper.from_array(np.array(True), "c")
    return model_of([node], initializers=[condition])


def many_nodes() -> bytes:
    names = ["X", *[f"t{i}" for i in range(graph.MAX_NODES)], "y"]
    return model_of([helper.make_node("Relu", [a], [b]) for a, b in itertools.pairwise(names)])


def safetensors(header: dict[str, Any], body: bytes = b"", *, length: int | None = None) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def of_mlp() -> tuple[bytes, dict[str, np.ndarray[Any, Any]]]:
    random = np.random.default_rng(3)
    tensors = {"net.0.weight": random.normal(size=(5, 4)).astype(np.float32),
               "net.0.bias": random.normal(size=5).astype(np.float32),
               "net.2.weight": random.normal(size=(2, 5)).astype(np.float32)}
    header, body = {}, b""
    for name, array in tensors.items():
        ends = [len(body), len(body) + array.nbytes]
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": ends}
        body += array.tobytes()
    return safetensors(header, body), tensors


PICKLE = pickle.dumps({"a": 1})
FUNCTION = helper.make_function("mine", "Twice", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])],
                                [helper.make_opsetid("", 17)])
HOSTILE: dict[str, tuple[str, Callable[[], bytes], str, str]] = {
    # name → (file name, content, check, code)
    "nothing": ("model.onnx", lambda: b"", "format", "file_empty"),
    "a pickle": ("model.pkl", lambda: PICKLE, "format", "pickle_refused"),
    "a pickle named onnx": ("model.onnx", lambda: PICKLE, "format", "pickle_refused"),
    "a pickle of the first protocol": ("model.pkl", lambda: pickle.dumps([1], protocol=0), "format", "pickle_refused"),
    "a PyTorch file": ("model.pt", lambda: packed({"archive/data.pkl": PICKLE, "archive/version": b"3"}), "format",
                       "pickle_refused"),
    "an array with objects": ("w.npy", lambda: b"\x93NUMPY\x01\x00" + b" " * 100, "format", "numpy_object_refused"),
    "an archive of arrays": ("w.npz", lambda: packed({"a.npy": b"\x93NUMPY"}), "format", "numpy_object_refused"),
    "a library": ("model.so", lambda: b"\x7fELF" + bytes(600), "format", "binary_refused"),
    "a script": ("model.onnx", lambda: b"#!/bin/sh\nrm -rf /\n", "format", "python_refused"),
    "a Keras file": ("model.h5", lambda: b"\x89HDF\r\n\x1a\n" + bytes(64), "format", "format_unknown"),
    "a TensorFlow Lite file": ("m.tflite", lambda: b"\x1c\0\0\0TFL3" + bytes(64), "format", "format_unknown"),
    "a tar archive": ("m.tar", lambda: bytes(257) + b"ustar\0" + bytes(400), "format", "format_unknown"),
    "wrong magic": ("model.onnx", lambda: b"hello, I am a model", "format", "format_unknown"),
    "a cut zip": ("b.zip", lambda: packed({"model.onnx": NET})[:-30], "archive", "archive_unreadable"),
    "a path upward": ("b.zip", lambda: zipped("../../etc/cron.d/x"), "archive", "archive_traversal"),
    "an absolute path": ("b.zip", lambda: zipped("/etc/passwd"), "archive", "archive_traversal"),
    "a path of Windows": ("b.zip", lambda: zipped("..\\x.json"), "archive", "archive_traversal"),
    "a drive": ("b.zip", lambda: zipped("C:x.json"), "archive", "archive_traversal"),
    "a folder": ("b.zip", lambda: zipped("sub/x.json"), "archive", "archive_traversal"),
    "a symbolic link": ("b.zip", lambda: zipped("x.json", b"/etc/passwd", mode=0o120777), "archive", "archive_link"),
    "a device": ("b.zip", lambda: zipped("x.json", mode=0o020666), "archive", "archive_link"),
    "an encrypted file": ("b.zip", lambda: zipped("x.json", flags=1), "archive", "archive_encrypted"),
    "an entry whose data are bent": ("b.zip", lambda: spoiled(put=b"\xff" * 64), "archive", "archive_unreadable"),
    "an entry whose data end early": ("b.zip", lambda: spoiled(cut=500), "archive", "archive_unreadable"),
    "an entry of another sum": ("b.zip", lambda: spoiled("model.bin", zipfile.ZIP_STORED, at=9, put=b"?"), "archive",
                                "archive_unreadable"),
    "an entry packed by LZMA": ("b.zip", lambda: spoiled(method=zipfile.ZIP_LZMA), "archive", "archive_unreadable"),
    "an entry packed by bzip2": ("b.zip", lambda: spoiled(method=zipfile.ZIP_BZIP2), "archive", "archive_unreadable"),
    "an encrypted list of files": ("b.zip", lambda: zipped("x.json", flags=0x2000), "archive", "archive_encrypted"),
    "a bomb": ("b.zip", lambda: zipped("x.json", bytes(64 << 20)), "archive", "archive_bomb"),
    "a name twice": ("b.zip", twice, "archive", "archive_duplicate"),
    "many files": ("b.zip", lambda: packed({"model.onnx": NET, **{f"{i}.txt": b"" for i in range(300)}}), "archive",
                   "archive_too_many"),
    "a configuration": ("b.zip", lambda: zipped("config.pbtxt"), "archive", "archive_config"),
    "code": ("b.zip", lambda: zipped("entry.py"), "format", "python_refused"),
    "a library in a zip": ("b.zip", lambda: zipped("ops.so"), "format", "binary_refused"),
    "a disguised library": ("b.zip", lambda: zipped("w.bin", b"\x7fELF" + bytes(80)), "format", "binary_refused"),
    "a disguised pickle": ("b.zip", lambda: zipped("w.bin", PICKLE), "format", "pickle_refused"),
    "an odd file": ("b.zip", lambda: zipped("readme.exe.lnk"), "archive", "archive_unknown_file"),
    "a strange letter": ("b.zip", lambda: zipped("x\u202egpj.json"), "archive", "archive_unknown_file"),
    "two models": ("b.zip", lambda: packed({"a.onnx": NET, "b.onnx": NET}), "format", "format_unknown"),
    "half a graph": ("model.onnx", lambda: NET[:len(NET) // 2], "graph", "graph_unreadable"),
    "no graph": ("model.onnx", lambda: bytes(helper.make_model(helper.make_graph([], "g", [], [])).SerializeToString()),
                 "graph", "graph_unreadable"),
    "an old IR": ("model.onnx", lambda: relu(ir=1), "graph", "ir_unsupported"),
    "an IR to come": ("model.onnx", lambda: relu(ir=99), "graph", "ir_unsupported"),
    "an opset to come": ("model.onnx", lambda: relu(opset=999), "graph", "opset_unsupported"),
    "an old opset": ("model.onnx", lambda: relu(opset=2), "graph", "opset_unsupported"),
    "an imported domain": ("model.onnx", lambda: relu(extra_opsets=[helper.make_opsetid("com.evil", 1)]), "graph",
                           "custom_domain"),
    "a node of another domain": ("model.onnx", lambda: model_of(
        [helper.make_node("FusedGemm", ["X"], ["y"], domain="com.microsoft")]), "graph", "custom_domain"),
    "an unknown operator": ("model.onnx", lambda: model_of([helper.make_node("RunShell", ["X"], ["y"])]), "graph",
                            "unknown_operator"),
    "a function of its own": ("model.onnx", lambda: relu(functions=[FUNCTION]), "graph", "custom_function"),
    "deep subgraphs": ("model.onnx", lambda: nested(graph.MAX_DEPTH + 1), "graph", "too_deep"),
    "too many nodes": ("model.onnx", many_nodes, "graph", "too_many_nodes"),
    "too many inputs": ("model.onnx", lambda: model_of(
        [helper.make_node("Relu", ["X"], ["y"])], inputs=[helper.make_tensor_value_info(n, FLOAT, [1, 4]) for n in
                                                          ("X", *map(str, range(70)))]), "graph", "too_many_tensors"),
    "weights elsewhere": ("model.onnx", lambda: external("/etc/passwd"), "graph", "external_data"),
    "weights upward": ("b.zip", lambda: packed({"model.onnx": external("../w.bin"), "w.bin": bytes(16)}), "graph",
                       "external_data"),
    "weights cut short": ("b.zip", lambda: packed({"model.onnx": external("w.bin", 4096), "w.bin": bytes(16)}), "graph",
                          "external_data"),
    "an impossible shape": ("model.onnx", lambda: model_of([helper.make_node("Relu", ["X"], ["y"])], initializers=[
        TensorProto(name="w", data_type=FLOAT, dims=[1 << 40, 1 << 40])]), "graph", "graph_invalid"),
    "a wrong graph": ("model.onnx", lambda: model_of([helper.make_node("Gemm", ["X"], ["y"])]), "checker",
                      "graph_invalid"),
    "a sequence": ("model.onnx", lambda: model_of(
        [helper.make_node("SequenceConstruct", ["X"], ["y"])],
        outputs=[helper.make_tensor_sequence_value_info("y", FLOAT, [None, 4])]), "signature", "tensor_type"),
    "a scalar": ("model.onnx", lambda: model_of(
        [helper.make_node("ReduceSum", ["X"], ["y"], keepdims=0)],
        outputs=[helper.make_tensor_value_info("y", FLOAT, [])]), "signature", "tensor_scalar"),
    "weights over each other": ("m.safetensors", lambda: safetensors({"0.weight": {
        "dtype": "F32", "shape": [1, 1], "data_offsets": [0, 4]}, "0.bias": {
        "dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(4)), "format", "safetensors_invalid"),
    "weights outside": ("m.safetensors", lambda: safetensors({"0.weight": {
        "dtype": "F32", "shape": [64, 64], "data_offsets": [0, 16384]}}, bytes(4)), "format", "safetensors_invalid"),
    "weights of no layer": ("m.safetensors", lambda: safetensors({"q": {
        "dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(4)), "format", "architecture_missing"),
}


def examined(folder: Path, filename: str, content: bytes, *, manifest: dict[str, Any] | None = None,
             signature: dict[str, Any] | None = None, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The checks of the child, made in this process: those before anything of the upload runs."""
    (folder / "upload").write_bytes(content)
    monkeypatch.chdir(folder)
    order = {"mode": "inspect", "filename": filename, "manifest": json.dumps(manifest) if manifest else None,
             "signature": signature, "net": "acme.x", "version": 1, "unit": "call", "licensed": True}
    return examination.examine_upload(order, tell=lambda **_: None)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_with_the_reason(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filename, content, check, code = HOSTILE[name]
    found = examined(tmp_path, filename, content(), monkeypatch=monkeypatch)
    last = found["checks"][-1]
    assert (last["id"], last["status"], last["code"]) == (check, "failed", code), last
    assert last["detail"]
    assert last["fix"]
    if check in ("archive", "format") and not filename.endswith(".safetensors"):
        assert {p.name for p in tmp_path.rglob("*")} == {"upload", "unpacked"}
    assert {p.name for p in tmp_path.rglob("*")} <= {"upload", "unpacked", "model.onnx", "model.safetensors", "w.bin"}


def test_whatever_is_wrong_with_a_zip_it_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    """Cut and bent at many places: unpacked as it was sent, or refused; never another error."""
    whole = packed({"model.onnx": NET, "x.json": b"{}"})
    random = np.random.default_rng(11)
    tries = [whole[:n] for n in range(4, len(whole), 3)]
    for _ in range(400):
        bent = bytearray(whole)
        for at in random.integers(4, len(whole), int(random.integers(1, 5))):
            bent[at] = random.integers(256)
        tries.append(bytes(bent))
    source, target, refused = tmp_path / "upload", tmp_path / "unpacked", 0
    target.mkdir()
    for content in tries:
        source.write_bytes(content)
        with contextlib.suppress(Refused):
            assert bundle.unpack(source, target, filename="b.zip").model.read_bytes() == NET
        left = list(target.iterdir())
        refused += not left
        for file in left:
            file.unlink()
    assert refused > len(whole) // 3


def test_a_plain_file_is_read_by_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = examined(tmp_path, "model.onnx", NET, monkeypatch=monkeypatch)
    assert {c["id"]: c["status"] for c in found["checks"]} == dict.fromkeys(
        ("archive", "format", "graph", "checker", "signature", "manifest", "license"), "passed")
    assert found["signature"] == {
        "inputs": [{"name": "X", "datatype": "FP32", "shape": [-1, 4], "optional": False}],
        "outputs": [{"name": "scores", "datatype": "FP32", "shape": [-1, 3], "optional": False}]}
    assert found["facts"]["parameters"] == 15
    assert found["service"]["preprocess"] == {"X": {"step": "array", "field": "x"}}


def test_a_signature_never_changes_and_a_correction_only_narrows(tmp_path: Path,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = {"signature": {"inputs": [{"name": "X", "datatype": "FP32", "shape": [2, 4]}]}}
    said = examined(tmp_path, "m.onnx", NET, manifest=narrow, monkeypatch=monkeypatch)
    assert said["signature"]["inputs"][0]["shape"] == [2, 4]
    for folder, manifest, signature, code in (
            ("wide", {"signature": {"inputs": [{"name": "X", "datatype": "FP32", "shape": [-1, -1]}]}}, None,
             "signature_correction"),
            ("type", {"signature": {"inputs": [{"name": "X", "datatype": "INT64", "shape": [-1, 4]}]}}, None,
             "signature_correction"),
            ("changed", None, said["signature"], "signature_changed")):
        (tmp_path / folder).mkdir()
        last = examined(tmp_path / folder, "m.onnx", NET, manifest=manifest, signature=signature,
                        monkeypatch=monkeypatch)["checks"][-1]
        assert (last["id"], last["code"]) == ("signature", code)


def test_external_data_of_the_bundle_comes_inside(tmp_path: Path) -> None:
    numbers = np.array([1, 2, 3, 4], np.float32)
    (tmp_path / "b.zip").write_bytes(packed({"model.onnx": external("w.bin"), "w.bin": numbers.tobytes()}))
    (tmp_path / "out").mkdir()
    found = bundle.unpack(tmp_path / "b.zip", tmp_path / "out", filename="b.zip")
    model = graph.read_model(found.model)
    graph.examine(model, tmp_path / "out", found.files)
    inside = onnx.load_from_string(graph.self_contained(model, tmp_path / "out"))
    assert numpy_helper.to_array(inside.graph.initializer[0]).tolist() == [1, 2, 3, 4]


def test_safetensors_become_the_net_that_they_describe(tmp_path: Path) -> None:
    import onnxruntime

    content, tensors = of_mlp()
    (tmp_path / "m.safetensors").write_bytes(content)
    built = weights.build_onnx(weights.read_safetensors(tmp_path / "m.safetensors"),
                               {"type": "mlp", "activation": "tanh", "output": "softmax"})
    x = np.array([[0.1, -0.2, 0.3, 0.4]], np.float32)
    got = onnxruntime.InferenceSession(built).run(None, {"X": x})[0]
    hidden = np.tanh(x @ tensors["net.0.weight"].T + tensors["net.0.bias"])
    assert np.allclose(got, steps.softmax(hidden @ tensors["net.2.weight"].T), atol=1e-6)
    with pytest.raises(Refused) as refused:
        weights.build_onnx(tensors, None)
    assert refused.value.code == "architecture_missing"


def test_in_its_own_process_a_good_net_is_profiled_and_an_endless_one_is_ended(tmp_path: Path) -> None:
    good, endless = tmp_path / "good", tmp_path / "endless"
    good.mkdir()
    (good / "upload").write_bytes(NET)
    found = sandbox.examine(good, filename="model.onnx", mode="validate", licensed=True)
    assert found.failed is None, found.checks
    assert [c["id"] for c in found.checks][-5:] == ["load", "examples", "batch", "robustness", "profile"]
    assert found.result["batched"]
    assert found.result["profile"]["latency_ms"]["runs"] >= 3
    assert (good / "net.onnx").stat().st_size > 100

    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Sin", ["v"], ["w"])], "body",
        [helper.make_tensor_value_info("i", TensorProto.INT64, []), helper.make_tensor_value_info(
            "go", TensorProto.BOOL, []), helper.make_tensor_value_info("v", FLOAT, [None, 4])],
        [helper.make_tensor_value_info("on", TensorProto.BOOL, []), helper.make_tensor_value_info(
            "w", FLOAT, [None, 4])])
    loop = model_of([helper.make_node("Loop", ["", "yes", "X"], ["y"], body=body)],
                    initializers=[numpy_helper.from_array(np.array(True), "yes")])
    endless.mkdir()
    (endless / "upload").write_bytes(loop)
    ended = sandbox.examine(endless, filename="model.onnx", mode="validate", cpu_s=1)
    assert ended.failed is not None
    assert (ended.failed["id"], ended.failed["code"]) == ("examples", "timed_out"), ended.checks


def service_of(manifest: dict[str, Any], inputs: list[TensorSpec], outputs: list[TensorSpec]) -> dict[str, Any]:
    said = services.completed(services.validate(manifest), inputs, outputs)
    return services.document(said, inputs=inputs, outputs=outputs, net="n", version=1)


class Given:
    """A net with one answer; remembers what it was asked."""

    def __init__(self, **answer: Any) -> None:
        self.answer, self.asked = answer, {}

    def run(self, name: str, inputs: Any) -> dict[str, Any]:
        self.asked = dict(inputs)
        return self.answer


def test_steps_make_what_they_declare() -> None:
    table = service_of(
        {"input": {"rows": {"kind": "table"}}, "preprocess": {"X": {
            "step": "columns", "field": "rows", "columns": ["age", "colour"], "categories": {"colour": ["red", "blue"]},
            "missing": -1}}, "output": "row_scores",
         "postprocess": {"step": "row_labels", "labels": ["no", "yes"], "softmax": True}},
        [TensorSpec("X", "FP32", (-1, 2))], [TensorSpec("p", "FP32", (-1, 2))])
    assert steps.check_steps(table) == []
    net = Given(p=np.array([[0.0, 0.0], [0.0, 3.0]], np.float32))
    answer, _ = run_service(table, {"input": {"rows": [{"age": 3, "colour": "blue"}, {"age": None, "colour": "red"}]}},
                            nets=net)
    assert net.asked["X"].tolist() == [[3, 1], [-1, 0]]
    assert [(r["label"], round(r["score"], 4)) for r in answer["output"]["rows"]] == [("no", 0.5), ("yes", 0.9526)]
    assert (answer["units"]["row"], answer["units"]["call"]) == (2, 1)

    series = service_of(
        {"input": {"s": {"kind": "series"}}, "preprocess": {"X": {
            "step": "series", "field": "s", "length": 4, "normalize": "minmax"}},
         "output": "embedding", "postprocess": {"step": "embeddings", "normalize": True}},
        [TensorSpec("X", "FP32", (-1, 1, 4))], [TensorSpec("e", "FP32", (-1, 2))])
    assert steps.check_steps(series) == []
    net = Given(e=np.array([[3.0, 4.0]], np.float32))
    answer, _ = run_service(series, {"input": {"s": [2, 4]}}, nets=net)
    assert net.asked["X"].tolist() == [[[0.5, 1.0, 0.0, 0.0]]]
    assert np.allclose(answer["output"]["embeddings"], [[0.6, 0.8]])

    lists = service_of({}, [TensorSpec("A-b", "INT64", (-1,)), TensorSpec("a b", "BYTES", (1,))],
                       [TensorSpec("o", "FP32", (-1,))])
    answer, _ = run_service(lists, {"input": {"a_b": [1, 2], "a_b_2": ["ü"]}}, nets=Given(o=np.array([1.5, np.nan])))
    assert answer["output"] == {"tensors": {"o": [1.5, None]}}


def test_steps_that_can_not_work_are_named_at_upload() -> None:
    inputs, outputs = [TensorSpec("X", "FP32", (-1, 4))], [TensorSpec("p", "FP32", (-1, 3))]
    for manifest, pointer in (
            ({"input": {"rows": {"kind": "table"}}, "preprocess": {"X": {
                "step": "columns", "field": "rows", "columns": ["a"]}}}, "/preprocess/X"),
            ({"input": {"t": {"kind": "text"}}, "preprocess": {"X": {"step": "array", "field": "t"}}}, "/preprocess/X"),
            ({"input": {"t": {"kind": "text"}}, "preprocess": {"Z": {"step": "array", "field": "t"}}}, "/preprocess/Z"),
            ({"output": "label_scores", "postprocess": {"step": "labels", "labels": ["a", "b"]}},
             "/postprocess/labels"),
            ({"output": "boxes", "postprocess": {"step": "tensors"}}, "/output"),
            ({"output": "tensors", "postprocess": {"step": "run_python"}}, "/postprocess/step")):
        faults = steps.check_steps(service_of(manifest, inputs, outputs))
        assert pointer in [at for at, _ in faults], (manifest, faults)
    with pytest.raises(services.ServiceError, match="aliases"):
        services.parse("a: &x [1]\nb: [*x, *x]")
    with pytest.raises(services.ServiceError, match="/preprocess/X/lambda"):
        services.parse("preprocess: {X: {step: array, lambda: 'x: 1'}}")


def test_answers_are_compared_by_value() -> None:
    assert difference({"a": [1.0, "x"]}, {"a": [1.0005, "x"], "more": 1}, 0.001) == ""
    assert difference({"a": [1.0]}, {"a": [1.1]}, 0.001) == "/a/0 is 1.1, not 1.0"
    assert difference({"a": [1]}, {"a": []}, 0.1) == "/a has 0 items, not 1"
    assert difference({"a": True}, {"a": 1}, 0.1) == "/a is 1, not True"
