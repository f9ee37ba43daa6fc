"""A real Triton from the wheel: our onnxruntime backend, the host, the secrets and the end of the process, by value."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import tritonclient.http as triton
from free_ports import free_port
from onnx import TensorProto, helper

from inference_backend.triton import repository
from inference_backend.triton.server import ADMIN_HEADER, INFER_HEADER, TritonError, TritonServer, TritonSettings

pytestmark = pytest.mark.stack

ADMIN = {ADMIN_HEADER: "admin-secret-for-a-test"}
INFER = {INFER_HEADER: "infer-secret-for-a-test"}
RUNNER = "model_registry.catalog_kit.runner"
MANIFEST = """
name: {name}
version: 1.0.0
title: Tiny
title_zh: 小
summary: A fixture.
summary_zh: 测试。
task: series-analysis
domain: series
industry: [developer-tools]
license: {{code: Apache-2.0, weights: none}}
source: S1
evidence: K
family: series
input:
  values: {{kind: series, max_points: 10}}
  file: {{kind: bytes, optional: true}}
parameters:
  fail: {{kind: choice, choices: ["no", crash, exit, refuse], default: "no"}}
output: key_values
nets: [add-one]
pricing: {{unit: point, amount: "1", currency: USD}}
card: {{use: a, limits: b, misuse: c, origin: {{name: d}}}}
"""
ENTRY = '''
import numpy as np
from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    fail = request.parameters["fail"]
    if fail == "crash":
        raise RuntimeError("a secret of the caller")
    if fail == "exit":
        raise SystemExit(3)
    if fail == "refuse":
        raise InvalidInput("no such luck", field="values")
    row = request.input["values"].values[:4].astype(np.float32)[None]
    answer = request.nets.run("add-one", {"x": row})["y"]
    result = Result({"values": [{"name": "sum", "value": float(answer.sum())}, {"name": "nan", "value": float("nan")}]})
    if request.input["file"]:
        result.output["copy"] = result.add_media("application/octet-stream", request.input["file"])
    return result
'''


def value(name: str, kind: int, shape: list[Any]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def save(path: Path, nodes: list[Any], inputs: list[Any], outputs: list[Any],
         constants: list[Any] | None = None) -> Path:
    graph = helper.make_graph(nodes, "g", inputs, outputs, constants or [])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TritonServer]:
    base = tmp_path_factory.mktemp("triton")
    root = base / "models"
    floats, text = TensorProto.FLOAT, TensorProto.STRING
    add = save(base / "add.onnx", [helper.make_node("Add", ["x", "one"], ["y"])], [value("x", floats, ["N", 4])],
               [value("y", floats, ["N", 4])], [helper.make_tensor("one", floats, [1], [1.0])])
    size = save(base / "size.onnx", [helper.make_node("Shape", ["x"], ["size"])], [value("x", floats, ["N", 4])],
                [value("size", TensorProto.INT64, [2])])
    same = save(base / "text.onnx", [helper.make_node("Identity", ["t"], ["u"])], [value("t", text, ["N", "M"])],
                [value("u", text, ["N", "M"])])
    scale = save(base / "scale.onnx", [helper.make_node("Mul", ["x", "factor"], ["y"])],
                 [value("x", floats, [3]), value("factor", floats, [1])], [value("y", floats, [3])],
                 [helper.make_tensor("factor", floats, [1], [2.0])])
    repository.write_onnx(root, "add-one", add, queue_delay_us=200_000)
    repository.write_onnx(root, "row-count", size, max_batch_size=0)
    repository.write_onnx(root, "text-same", same)
    weights = np.random.default_rng(2).normal(size=(4, 200_000)).astype(np.float32)
    large = save(base / "large.onnx", [helper.make_node("MatMul", ["x", "w"], ["h"]),
                                       helper.make_node("ReduceMax", ["h"], ["y"], axes=[1], keepdims=1)],
                 [value("x", floats, ["N", 4])], [value("y", floats, ["N", 1])],
                 [onnx.numpy_helper.from_array(weights, "w")])
    repository.write_onnx(root, "large", large)
    inputs = (repository.TensorSpec("x", "FP32", (3,)), repository.TensorSpec("factor", "FP32", (1,), optional=True))
    repository.write_onnx(root, "scale", scale, inputs)
    folder = base / "catalog" / "series" / "tiny_sum"
    folder.mkdir(parents=True)
    (folder / "model.yaml").write_text(MANIFEST.format(name="tiny-sum"))
    (folder / "entry.py").write_text(ENTRY)
    broken = base / "catalog" / "series" / "tiny_broken"
    broken.mkdir()
    (broken / "model.yaml").write_text(MANIFEST.format(name="tiny-broken"))
    (broken / "entry.py").write_text("import no_such_library_anywhere\n")
    repository.write_host(root, "series", {"tiny-sum": folder, "tiny-broken": broken}, runner=RUNNER)
    port = free_port()
    settings = TritonSettings(
        state=base / "state", repository=root, http_port=port, grpc_port=port + 1, metrics_port=port + 2,
        admin_secret=ADMIN[ADMIN_HEADER], infer_secret=INFER[INFER_HEADER],
        models=("add-one", "row-count", "text-same", "scale", "host-series"))
    with TritonServer(settings) as running:
        yield running


@pytest.fixture
def client(server: TritonServer) -> Iterator[Any]:
    found = triton.InferenceServerClient(f"127.0.0.1:{server.settings.http_port}", concurrency=8)
    yield found
    found.close()


def tensor(name: str, array: np.ndarray[Any, Any], datatype: str) -> Any:
    made = triton.InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array)
    return made


def texts(name: str, values: list[bytes], shape: list[int] | None = None) -> Any:
    return tensor(name, np.array(values, dtype=np.object_).reshape(shape or [len(values)]), "BYTES")


def host(client: Any, capability: str, request: Any,
         media: list[bytes] | None = None) -> tuple[dict[str, Any], list[bytes]]:
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    sent = [texts("capability", [capability.encode()]), texts("request", [body])]
    if media:
        sent.append(texts("media", media))
    answer = client.infer("host-series", sent, headers=INFER)
    return json.loads(answer.as_numpy("response")[0]), list(answer.as_numpy("media"))


def test_values_are_right_for_every_row(client: Any) -> None:
    # numpy of another major version makes the stub repeat values: each of them counts.
    x = np.random.default_rng(1).normal(size=(7, 4)).astype(np.float32)
    found = client.infer("add-one", [tensor("x", x, "FP32")], headers=INFER).as_numpy("y")
    np.testing.assert_array_equal(found, x + 1)


def test_requests_of_many_callers_run_as_one_batch_and_come_back_apart(client: Any) -> None:
    batches = [np.full((rows, 4), rows, np.float32) for rows in (1, 2, 3, 1, 2, 3)]
    waiting = [client.async_infer("add-one", [tensor("x", x, "FP32")], headers=INFER) for x in batches]
    for sent, call in zip(batches, waiting, strict=True):
        np.testing.assert_array_equal(call.get_result().as_numpy("y"), sent + 1)
    totals = client.get_inference_statistics("add-one", headers=ADMIN)["model_stats"][0]
    assert int(totals["execution_count"]) < int(totals["inference_stats"]["success"]["count"])


def test_strings_survive(client: Any) -> None:
    sent = ["a", "", "脸", "x\n\"y"]
    found = client.infer("text-same", [texts("t", [s.encode() for s in sent], [2, 2])], headers=INFER).as_numpy("u")
    assert [v.decode() for v in found.ravel()] == sent
    with pytest.raises(Exception, match="utf-8"):
        client.infer("text-same", [texts("t", [b"\xff"], [1, 1])], headers=INFER)


def test_optional_input_and_fixed_shapes(client: Any) -> None:
    x = np.array([1, 2, 3], np.float32)
    found = client.infer("scale", [tensor("x", x, "FP32")], headers=INFER).as_numpy("y")
    np.testing.assert_array_equal(found, x * 2)
    factor = tensor("factor", np.array([5], np.float32), "FP32")
    np.testing.assert_array_equal(
        client.infer("scale", [tensor("x", x, "FP32"), factor], headers=INFER).as_numpy("y"), x * 5)
    rows = client.infer("row-count", [tensor("x", np.zeros((9, 4), np.float32), "FP32")], headers=INFER)
    assert rows.as_numpy("size").tolist() == [9, 4]


def test_secrets_guard_all_but_health(client: Any) -> None:
    x = [tensor("x", np.zeros((1, 4), np.float32), "FP32")]
    for call in (lambda: client.infer("add-one", x), lambda: client.infer("add-one", x, headers=ADMIN),
                 lambda: client.load_model("add-one", headers=INFER), client.get_server_metadata,
                 lambda: client.get_model_config("add-one"), client.get_system_shared_memory_status):
        with pytest.raises(Exception, match="restricted"):
            call()
    assert client.is_server_ready()
    assert client.is_model_ready("add-one")


def test_host_runs_a_capability_with_its_net_and_files(client: Any) -> None:
    request = {"input": {"values": [1, 2, 3, 4], "file": {"$media": 0}}}
    response, files = host(client, "tiny-sum", request, [b"\0raw\xff\0"])
    assert response["output"]["values"] == [{"name": "sum", "value": 14.0}, {"name": "nan", "value": None}]
    assert response["units"] == {"point": 4}
    assert response["media"] == [{"content_type": "application/octet-stream"}]
    assert files == [b"\0raw\xff\0"]
    assert host(client, "tiny-sum", {"input": {"values": [0, 0, 0, 0]}})[1] == [b""]


@pytest.mark.parametrize(("capability", "request_", "code"), [
    ("tiny-sum", {"input": {"values": [1]}, "parameters": {"fail": "crash"}}, "backend_error"),
    ("tiny-sum", {"input": {"values": [1]}, "parameters": {"fail": "exit"}}, "backend_error"),
    ("tiny-sum", {"input": {"values": [1]}, "parameters": {"fail": "refuse"}}, "model_error"),
    ("tiny-sum", {"input": {"values": [1, 2]}}, "backend_error"),  # the net takes four numbers
    ("tiny-sum", {"input": {"values": ["x"]}}, "validation_error"),
    ("tiny-sum", b"{", "malformed_json"),
    ("tiny-sum", b"[" * 100_000, "malformed_json"),
    ("tiny-sum", b"\xff", "malformed_json"),
    ("tiny-broken", {"input": {"values": [1]}}, "backend_error"),
    ("../tiny-sum", {"input": {"values": [1]}}, "model_not_found"),
])
def test_a_failing_call_is_a_problem_and_the_next_is_answered(client: Any, capability: str, request_: Any,
                                                              code: str) -> None:
    response, _ = host(client, capability, request_)
    assert response["problem"]["code"] == code
    assert "secret" not in json.dumps(response)
    assert host(client, "tiny-sum", {"input": {"values": [1, 1, 1, 1]}})[0]["output"]["values"][0]["value"] == 8.0


def test_models_see_no_secret_of_the_product(server: TritonServer) -> None:
    assert server.process is not None
    seen = Path(f"/proc/{server.process.pid}/environ").read_text()
    assert "ORT_DISABLE_TELEMETRY=1" in seen
    assert not [name for name in ("DATABASE_URL", "TESSERA_SECRET_KEY", "REDIS_URL", "STRIPE") if name in seen]


def test_a_large_net_is_optimised_once_and_answers_the_same(server: TritonServer, client: Any) -> None:
    x = np.array([[1, -2, 3, 0.5], [0, 0, 0, 1]], np.float32)
    weights = np.random.default_rng(2).normal(size=(4, 200_000)).astype(np.float32)
    cache = server.settings.state / "nets"
    stamps = []
    for _ in range(2):
        client.load_model("large", headers=ADMIN)
        found = client.infer("large", [tensor("x", x, "FP32")], headers=INFER).as_numpy("y")
        np.testing.assert_allclose(found[:, 0], (x @ weights).max(axis=1), rtol=1e-5)
        assert len(list(cache.iterdir())) == len(stamps)  # the first call does not wait for it to be written
        client.unload_model("large", headers=ADMIN)
        deadline = time.monotonic() + 10
        while any(m["name"] == "large" and m.get("reason") != "unloaded"
                  for m in client.get_model_repository_index(headers=ADMIN)) and time.monotonic() < deadline:
            time.sleep(0.05)
        (kept,) = cache.iterdir()
        assert (kept / "net.weights").stat().st_size >= weights.nbytes
        stamps.append((kept / "net.onnx").stat().st_mtime_ns)
    assert stamps[0] == stamps[1]
    (kept / "net.onnx").write_bytes(b"cut off")
    client.load_model("large", headers=ADMIN)
    found = client.infer("large", [tensor("x", x, "FP32")], headers=INFER).as_numpy("y")
    np.testing.assert_allclose(found[:, 0], (x @ weights).max(axis=1), rtol=1e-5)


def test_a_fork_server_that_does_not_stay_up_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = TritonServer(TritonSettings(state=tmp_path / "s", repository=tmp_path / "m", http_port=free_port()))
    starts: list[int] = []

    def start() -> None:
        starts.append(1)
        made.zygote.short_lives = len(starts)

    made._start_zygote = start
    for _ in range(10):
        made._keep_zygote()
    assert len(starts) == 3
    monkeypatch.setenv("PATH", "/nowhere")
    stub = tmp_path / "stub"
    stub.write_text("the plain one")
    assert not made.zygote.install(stub)  # no compiler: Triton's own stub stays where it is
    assert "no C compiler" in made.zygote.reason
    assert stub.read_text() == "the plain one"


def test_taken_port_is_a_clear_error(server: TritonServer, tmp_path: Path) -> None:
    taken = server.settings.http_port
    second = TritonServer(TritonSettings(state=tmp_path / "s", repository=tmp_path / "m", http_port=taken,
                                         grpc_port=taken + 1, metrics_port=taken + 2))
    with pytest.raises(TritonError, match=f"port {taken} .* is taken"):
        second.start()


def test_foreground_command_ends_cleanly_and_clears_up_after_a_killed_one(tmp_path: Path) -> None:
    port = free_port()
    env = {**os.environ, "TESSERA_VAR": str(tmp_path), "TRITON_URL": f"127.0.0.1:{port}",
           "TRITON_GRPC_URL": f"127.0.0.1:{port + 1}", "TRITON_REPOSITORY": str(tmp_path / "models")}
    probe = TritonServer(TritonSettings(state=tmp_path / "triton", repository=tmp_path / "models", http_port=port))

    pid_file = tmp_path / "triton" / "triton.pid"
    owners: list[subprocess.Popen[bytes]] = []

    def start(before: str = "") -> tuple[subprocess.Popen[bytes], str]:
        """An owner and the pid of its Triton, ready and another one than `before`."""
        owners.append(subprocess.Popen([sys.executable, "-m", "inference_backend.triton.server"], env=env,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and owners[-1].poll() is None:
            pid = pid_file.read_text() if pid_file.exists() else before
            if pid not in ("", before) and probe.ready():
                return owners[-1], pid
            time.sleep(0.05)
        raise AssertionError("Triton did not get ready")

    try:
        killed, orphan = start()
        killed.kill()
        killed.wait()
        assert Path(f"/proc/{orphan}").exists()
        owner, _ = start(orphan)
        owner.send_signal(signal.SIGTERM)
        assert owner.wait(15) == 0
        assert not probe.ready()
        assert not pid_file.exists()
        assert not list(Path("/dev/shm").glob(f"{probe._shm_prefix}*"))
    finally:
        for left in owners:
            if left.poll() is None:
                left.terminate()
                left.wait(15)
