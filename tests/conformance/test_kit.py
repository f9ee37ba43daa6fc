"""The kit itself: its bytes against the reference, its verdicts on servers that promise nothing, its badge."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tessera_conformance import badge, checks, cli, wire
from tessera_conformance.registry import CHECKS, Check, Failed, Result, Skip, run
from tessera_conformance.target import Target
from tessera_conformance.tensors import Tensor, alike, binary_request, close, example, json_request, read_answer
from tritonclient.grpc import service_pb2 as pb

ROOT = Path(__file__).resolve().parents[2]
assert checks
TENSORS = [Tensor("X", "FP32", [2, 2], [1.0, -0.5, 0.25, 3.0]), Tensor("N", "INT64", [1], [-7]),
           Tensor("T", "BYTES", [2], [b"a", b"\xe4"]), Tensor("B", "BOOL", [3], [True, False, True]),
           Tensor("U", "UINT8", [2], [0, 255]), Tensor("D", "FP64", [1], [0.1])]


# ---------------------------------------------------------------- bytes

@pytest.mark.parametrize("raw", [True, False])
def test_a_grpc_request_is_what_the_reference_reads(raw: bool) -> None:
    read = pb.ModelInferRequest.FromString(wire.infer_request("m", TENSORS, raw=raw, version="2", request_id="mine"))
    assert (read.model_name, read.model_version, read.id) == ("m", "2", "mine")
    assert [(one.name, one.datatype, list(one.shape)) for one in read.inputs] == [
        (one.name, one.datatype, one.shape) for one in TENSORS]
    if raw:
        assert list(read.raw_input_contents) == [one.pack() for one in TENSORS]
        return
    contents = [one.contents for one in read.inputs]
    assert list(contents[0].fp32_contents) == [1.0, -0.5, 0.25, 3.0]
    assert list(contents[1].int64_contents) == [-7]
    assert list(contents[2].bytes_contents) == [b"a", b"\xe4"]
    assert list(contents[3].bool_contents) == [True, False, True]
    assert list(contents[4].uint_contents) == [0, 255]
    assert list(contents[5].fp64_contents) == [0.1]


def test_a_grpc_answer_of_the_reference_is_read() -> None:
    answer = pb.ModelInferResponse(model_name="m", id="mine")
    for one in TENSORS:
        answer.outputs.add(name=one.name, datatype=one.datatype, shape=one.shape)
        answer.raw_output_contents.append(one.pack())
    assert wire.infer_response(answer.SerializeToString()) == ("m", "mine", TENSORS)
    typed = pb.ModelInferResponse(model_name="m")
    typed.outputs.add(name="N", datatype="INT64", shape=[2]).contents.int64_contents.extend([-7, 300])
    typed.outputs.add(name="X", datatype="FP32", shape=[1]).contents.fp32_contents.append(0.5)
    assert [one.data for one in wire.infer_response(typed.SerializeToString())[2]] == [[-7, 300], [0.5]]


def test_tensors_survive_both_forms() -> None:
    body, headers = binary_request(TENSORS, binary_output=True)
    cut = int(headers["Inference-Header-Content-Length"])
    head = json.loads(body[:cut])
    answer = json.dumps({"outputs": head["inputs"]}).encode()
    found = read_answer(answer + body[cut:], {"inference-header-content-length": str(len(answer))})[1]
    assert found == TENSORS
    plain = [one for one in TENSORS if one.name != "T"]
    found = read_answer(json_request(plain).replace(b'"inputs"', b'"outputs"'), {})[1]
    close(found, plain, "JSON")


def test_made_up_inputs_are_the_same_each_time_and_differ_by_row() -> None:
    one = example("X", "FP32", [-1, 1, 8, 8], 4)
    assert (one.shape, len(one.data)) == ([4, 1, 8, 8], 256)
    assert one == example("X", "FP32", [-1, 1, 8, 8], 4)
    assert one.rows(0, 1).data != one.rows(1, 2).data


def test_alike_is_strict_where_it_must_be() -> None:
    assert alike({"a": [1, 0.5]}, {"a": [1, 0.500001]}, 1e-5)
    assert not alike({"a": 1}, {"a": 1, "b": 2}, 1e-5)
    assert not alike([0.5], [0.51], 1e-5)
    assert not alike(True, 1, 1)
    with pytest.raises(Failed, match=r"X\[3\] is 9"):
        close([Tensor("X", "FP32", [4], [1, 2, 3, 9])], [Tensor("X", "FP32", [4], [1, 2, 3, 4])], "it")
    with pytest.raises(Failed, match="no output"):
        close([], TENSORS[:1], "it")


# ---------------------------------------------------------------- verdicts

def verdicts(answer: httpx.Response) -> dict[str, Result]:
    """Every check against a server that gives the same answer to everything, and speaks no gRPC."""
    target = Target("http://kit.invalid:1", "key")
    target.http = httpx.Client(base_url=target.url, transport=httpx.MockTransport(lambda _: answer))
    target.__dict__["channel"] = NoChannel()
    return {result.check.name: result for result in run(target)}


class NoChannel:
    def unary_unary(self, method: str) -> Any:
        raise ConnectionError(method)

    stream_stream = unary_unary

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("answer", [
    httpx.Response(404, text="<h1>Not found</h1>"), httpx.Response(500, text="oops"), httpx.Response(200, text=""),
    httpx.Response(200, json=[]), httpx.Response(401, json={"error": "no"}),
])
def test_a_server_that_keeps_no_promise_passes_no_check(answer: httpx.Response) -> None:
    found = verdicts(answer)
    assert len(found) == len(CHECKS) >= 60
    assert [name for name, one in found.items() if one.state != "failed"] == []
    assert all(one.reason for one in found.values())


def test_a_server_that_says_yes_to_everything_passes_what_asks_for_no_more() -> None:
    found = verdicts(httpx.Response(200, json={}))
    assert {name for name, one in found.items() if one.state == "passed"} == {
        "discovery.live", "discovery.ready"}


def test_a_skip_is_counted_as_one_and_a_crash_as_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def blind(_: Target) -> None:
        raise Skip("no eyes")

    def broken(_: Target) -> None:
        raise RuntimeError("a fault of the kit")

    monkeypatch.setattr("tessera_conformance.registry.CHECKS", {
        name: Check(name, "1", "p", function) for name, function in (("blind", blind), ("broken", broken))})
    results = run(Target("http://kit.invalid:1", "key"))
    assert [(one.state, one.reason) for one in results] == [
        ("skipped", "no eyes"), ("failed", "RuntimeError: a fault of the kit")]


def test_every_check_names_a_section_that_the_specification_has() -> None:
    text = (ROOT / "docs" / "spec" / "model-service-interface.md").read_text()
    sections = {line.split()[1].rstrip(".") for line in text.splitlines() if line.startswith("##")}
    assert {one.section for one in CHECKS.values()} <= sections
    assert [line.split("`")[1] for line in text.splitlines() if line.startswith("- `")] == list(CHECKS)


# ---------------------------------------------------------------- badge and command line

def results(*states: str) -> list[Result]:
    return [Result(Check(f"group.{number}", "1", "p", lambda _: None), state, "" if state == "passed" else "why", 0.1)
            for number, state in enumerate(states)]


def test_a_badge_is_believed_only_as_it_was_signed() -> None:
    key = Ed25519PrivateKey.generate()
    made = badge.make(results("passed", "skipped"), "http://x", key, whole=True)
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    assert badge.verify(json.loads(json.dumps(made)), public)
    assert not badge.verify({**made, "passed": 2}, public)
    assert not badge.verify({**made, "signature": ""}, public)
    other = base64.b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()
    assert not badge.verify(made, other)
    assert not badge.verify({**made, "public_key": other}, public)


@pytest.mark.parametrize(("states", "whole", "conforms", "complete"), [
    (("passed", "passed"), True, True, True), (("passed", "skipped"), True, True, False),
    (("passed", "failed"), True, False, True), (("passed",), False, False, False), (("skipped",), True, False, False),
])
def test_a_badge_says_conforms_only_for_a_whole_run_without_failure(
        states: tuple[str, ...], whole: bool, conforms: bool, complete: bool) -> None:
    made = badge.make(results(*states), "http://x", Ed25519PrivateKey.generate(), whole=whole)
    assert (made["conforms"], made["complete"]) == (conforms, complete)
    assert set(made["not_passed"]) == {f"group.{number}" for number, state in enumerate(states) if state != "passed"}


def test_a_signing_key_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    first, again = badge.load_key(path), badge.load_key(path)
    assert first.private_bytes_raw() == again.private_bytes_raw()
    assert path.stat().st_mode & 0o077 == 0


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(CHECKS)
    assert cli.main(["--url", "", "--key", "x"]) == 2
    assert cli.main(["--url", "http://x", "--only", "no-such"]) == 2
    path = tmp_path / "badge.json"
    made = badge.make(results("passed"), "http://x", Ed25519PrivateKey.generate(), whole=True)
    path.write_text(json.dumps(made))
    assert cli.main(["--verify", str(path), "--public-key", made["public_key"]]) == 0
    path.write_text(json.dumps({**made, "failed": 3}))
    assert cli.main(["--verify", str(path)]) == 1
