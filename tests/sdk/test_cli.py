"""The command line over a platform in memory: what it asks, what it prints where, and how it ends."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tessera import AIClient, errors
from tessera.cli import _inputs, _shell, app, main

from tests.sdk.samples import sample

PNG = b"\x89PNG\r\n"
DATA_URL = "data:image/png;base64," + base64.b64encode(PNG).decode()
MODEL = sample("ModelSummary", **sample(
    "ModelDetail", name="ocr", title="Text recognition", task="text-recognition",
    price={"unit": "image", "amount": "0.0015", "currency": "USD", "free_per_month": 0, "version": 1},
    manifest={"input": {"image": {"kind": "image"}}, "output": "ocr",
              "parameters": {"language": {"kind": "choice", "choices": ["en", "zh"]}, "top": {"kind": "integer"}}}))
TRAFFIC = {"number": 3, "targets": [{"version": 1, "weight": 90, "label": "1.0.0"},
                                    {"version": 2, "weight": 10, "label": "1.1.0"}], "sticky_by": "key", "shadow": None}
Reply = httpx.Response | Callable[[httpx.Request], httpx.Response]


def prediction(status: str = "succeeded", **more: Any) -> dict[str, Any]:
    done = status == "succeeded"
    return {"id": "pred_1", "object": "prediction", "model": "ocr", "status": status, "progress": 1.0 if done else 0.5,
            "output": {"text": "hello\nworld", "image": DATA_URL, "lines": []} if done else None,
            "usage": {"unit": "image", "units": 1, "cost": "0.0015", "currency": "USD"} if done else None, **more}


class Platform:
    """Answers by method and path; keeps what was asked."""

    def __init__(self) -> None:
        self.replies: dict[tuple[str, str], list[Reply]] = {
            ("GET", "/api/v1/models/ocr"): [httpx.Response(200, json=MODEL)],
            ("GET", "/api/v1/models"): [httpx.Response(200, json={"data": [MODEL], "has_more": False,
                                                                   "next_cursor": None})],
            ("POST", "/api/v1/models/ocr/predictions"): [httpx.Response(200, json=prediction())],
            ("GET", "/v2"): [httpx.Response(200, json={"name": "tessera"})]}
        self.asked: list[httpx.Request] = []

    def set(self, method: str, path: str, *replies: Reply) -> None:
        self.replies[(method, path)] = list(replies)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        left = self.replies.get((request.method, request.url.path))
        if left is None:
            return httpx.Response(404, json={"code": "not_found", "detail": f"no {request.url.path}"})
        reply = left.pop(0) if len(left) > 1 else left[0]
        return reply if isinstance(reply, httpx.Response) else reply(request)

    def body(self, index: int = -1) -> Any:
        return json.loads(self.asked[index].content)


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Platform:
    made = Platform()
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    for name in ("TESSERA_API_KEY", "TESSERA_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TESSERA_CONFIG", str(tmp_path / "home" / "config.json"))
    monkeypatch.chdir(tmp_path)
    begin = AIClient.__init__

    def connected(self: AIClient, *args: Any, **options: Any) -> None:
        begin(self, *args, **{**options, "transport": httpx.MockTransport(made)})

    monkeypatch.setattr(AIClient, "__init__", connected)
    return made


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch, platform: Platform) -> Platform:
    monkeypatch.setenv("TESSERA_API_KEY", "tsr_test_x")
    return platform


def test_login_tries_the_key_and_keeps_it_for_one_person(platform: Platform, monkeypatch: pytest.MonkeyPatch,
                                                         capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["models"]) == _shell.USAGE
    assert "run tessera login" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", io.StringIO("tsr_live_secret\n"))
    assert main(["login", "--base-url", "https://api.test"]) == 0
    kept = tmp_path / "home" / "config.json"
    assert json.loads(kept.read_text()) == {"base_url": "https://api.test", "api_key": "tsr_live_secret"}
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "secret" not in "".join(capsys.readouterr())
    assert main(["models"]) == 0
    assert str(platform.asked[-1].url).startswith("https://api.test/")
    assert platform.asked[-1].headers["authorization"] == "Bearer tsr_live_secret"
    # A kept key never goes to another address than the one that it was kept with.
    monkeypatch.setenv("TESSERA_BASE_URL", "https://evil.test")
    asked = len(platform.asked)
    assert main(["models"]) == _shell.USAGE
    assert len(platform.asked) == asked
    assert main(["logout"]) == 0
    assert not kept.exists()


def test_a_wrong_key_is_not_kept(platform: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    platform.set("GET", "/v2", httpx.Response(401, json={"code": "invalid_api_key"}))
    monkeypatch.setattr(sys, "stdin", io.StringIO("wrong\n"))
    assert main(["login"]) == _shell.DENIED
    assert not (tmp_path / "home").exists()


def test_models_in_a_pipe_and_as_json(key: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "text", "--task", "text-recognition"]) == 0
    assert dict(key.asked[0].url.params) == {"limit": "50", "search": "text", "task": "text-recognition"}
    assert capsys.readouterr().out == "ocr\tText recognition\ttext-recognition\t0.0015 USD/image\n"
    assert main(["models", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["price"]["amount"] == "0.0015"


def test_predict_from_a_file(key: Platform, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "page.png").write_bytes(PNG)
    assert main(["predict", "ocr", "page.png", "-p", "language=en", "-p", "top=3"]) == 0
    assert key.body() == {"input": {"image": base64.b64encode(PNG).decode()},
                          "parameters": {"language": "en", "top": 3}}
    printed = capsys.readouterr()
    assert printed.out == "hello\nworld\n"
    assert "saved ocr-image.png" in printed.err
    assert "pred_1: 1 image, 0.0015 USD" in printed.err
    assert (tmp_path / "ocr-image.png").read_bytes() == PNG


def test_predict_from_stdin_and_as_json(key: Platform, capsys: pytest.CaptureFixture[str],
                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", type("In", (), {"buffer": io.BytesIO(PNG)})())
    assert main(["predict", "ocr", "-i", "image=-", "--json"]) == 0
    assert key.body()["input"] == {"image": base64.b64encode(PNG).decode()}
    assert json.loads(capsys.readouterr().out)["usage"]["cost"] == "0.0015"


def test_predict_from_an_address(key: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(httpx, "get", lambda url, **options: httpx.Response(200, content=url.encode()))
    assert main(["predict", "ocr", "https://example.com/a.png"]) == 0
    assert base64.b64decode(key.body()["input"]["image"]) == b"https://example.com/a.png"


@pytest.mark.parametrize(("arguments", "words"), [
    (["predict", "ocr"], "image is missing: -i image=…"), (["predict", "ocr", "-i", "picture=x"], "no field picture"),
    (["predict", "ocr", "-i", "image"], "write FIELD=VALUE"), (["predict", "ocr", "@gone.png"], "no file gone.png"),
    (["predict", "ocr", DATA_URL, "-p", "language=fr"], "language is one of en, zh"),
    (["predict", "ocr", "-i", f"image={DATA_URL}", "more"], "is no field's"), (["nonsense"], "No such command"),
    (["traffic", "ocr", "1=60", "2=10"], "the percents sum to 70"), (["push", "x.onnx"], "--name is needed"),
    (["check", "gone.py"], "there is no file gone.py"), (["deploy", "ocr"], "--version is needed")])
def test_wrong_usage_ends_with_2(key: Platform, arguments: list[str], words: str,
                                 capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == _shell.USAGE
    printed = capsys.readouterr()
    assert words in printed.err.replace("\n", " ")
    assert printed.out == ""


@pytest.mark.parametrize(("status", "code"), [(400, 5), (401, 3), (402, 6), (403, 3), (404, 4), (409, 5), (413, 5),
                                              (422, 5), (429, 6), (500, 7), (503, 7), (418, 5)])
def test_every_refusal_has_its_exit_code(key: Platform, status: int, code: int,
                                         capsys: pytest.CaptureFixture[str]) -> None:
    key.set("GET", "/api/v1/models/ocr", httpx.Response(status, json={
        "code": "why", "detail": "because", "request_id": "req_7", "retryable": False}))
    assert main(["show", "ocr"]) == code
    assert "because" in capsys.readouterr().err


def test_other_ends() -> None:
    assert _shell.exit_code(errors.APITimeoutError("slow")) == _shell.DOWN
    assert _shell.exit_code(errors.TesseraError("no")) == _shell.NO
    for number in range(8):
        assert f"{number} " in _shell.EXIT_CODES


def test_a_failed_prediction_ends_with_1(key: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    key.set("POST", "/api/v1/models/ocr/predictions",
            httpx.Response(200, json=prediction("failed", error={"code": "model_error", "detail": "no text"})))
    assert main(["predict", "ocr", DATA_URL]) == _shell.NO
    assert "model_error: no text" in capsys.readouterr().err


def test_a_job_in_the_background_and_its_end(key: Platform, capsys: pytest.CaptureFixture[str],
                                             tmp_path: Path) -> None:
    key.set("POST", "/api/v1/models/ocr/predictions", httpx.Response(202, json=prediction("queued")))
    assert main(["predict", "ocr", DATA_URL, "--async"]) == 0
    assert capsys.readouterr().out == "pred_1\n"
    key.set("GET", "/api/v1/predictions/pred_1", httpx.Response(200, json=prediction("processing")),
            httpx.Response(200, json=prediction("processing", progress=0.8)), httpx.Response(200, json=prediction()))
    assert main(["jobs", "show", "pred_1"]) == 0
    assert "processing" in capsys.readouterr().out
    assert main(["jobs", "wait", "pred_1", "--save", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["text"] == "hello\nworld"
    assert (tmp_path / "ocr-image.png").exists()
    key.set("POST", "/api/v1/predictions/pred_1/cancel", httpx.Response(200, json=prediction("canceled")))
    assert main(["jobs", "cancel", "pred_1"]) == 0
    assert capsys.readouterr().out == "canceled\n"
    key.set("GET", "/api/v1/predictions/pred_1/events", httpx.Response(
        200, content=b'id: 1\nevent: status\ndata: {"status":"starting","stage":"load"}\n\n'
                     b'id: 2\nevent: prediction\ndata: {"status":"succeeded"}\n\n'))
    assert main(["logs", "pred_1"]) == 0
    assert capsys.readouterr().out == "status\tstarting load\nprediction\tsucceeded\n"


def test_a_batch_is_a_file_in_and_a_line_an_answer(key: Platform, capsys: pytest.CaptureFixture[str],
                                                   tmp_path: Path) -> None:
    batch = sample("Batch", id="batch_1", status="completed", progress=1.0, output_file_id="file_2",
                   error_file_id="file_3", usage={"cost": "0.003", "currency": "USD"})
    stored = sample("StoredFile", id="file_1")
    key.set("POST", "/api/v1/files", httpx.Response(201, json=stored))
    key.set("POST", "/api/v1/batches", httpx.Response(201, json=batch))
    key.set("GET", "/api/v1/batches/batch_1", httpx.Response(200, json=batch))
    for file, row in (("file_2", {"custom_id": "b", "response": {"status_code": 200, "body": {"output": {"n": 1}}}}),
                      ("file_3", {"custom_id": "a", "response": {"status_code": 422, "body": {"code": "bad"}}})):
        key.set("GET", f"/api/v1/files/{file}/content", httpx.Response(200, content=json.dumps(row).encode()))
    (tmp_path / "in.jsonl").write_text('{"custom_id": "a", "input": {"text": ""}}\n'
                                       '{"custom_id": "b", "input": {"text": "x"}}\n')
    assert main(["batch", "run", "ocr", "in.jsonl", "--out", "out.jsonl"]) == _shell.NO
    assert [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()] == [
        {"custom_id": "a", "status": 422, "output": None, "error": {"code": "bad"}},
        {"custom_id": "b", "status": 200, "output": {"n": 1}, "error": None}]
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "1 answered, 1 failed, 0.003 USD" in printed.err


def test_a_secret_is_alone_on_stdout(key: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    made = sample("NewApiKey", id=7, name="ci", mode="live", secret="tsr_live_wxyz")
    key.set("POST", "/api/v1/api-keys", httpx.Response(201, json=made))
    assert main(["keys", "create", "ci", "--scope", "predict", "--scope", "billing"]) == 0
    assert key.body() == {"name": "ci", "mode": "live", "scopes": ["predict", "billing"]}
    assert capsys.readouterr().out == "tsr_live_wxyz\n"
    key.set("DELETE", "/api/v1/api-keys/7", httpx.Response(204))
    assert main(["keys", "revoke", "7", "--yes"]) == 0
    assert key.asked[-1].method == "DELETE"


def test_usage_and_traffic(key: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    key.set("GET", "/api/v1/usage", httpx.Response(200, json={"data": [
        {"group": "ocr", "unit": "image", "units": 3, "events": 3, "amount": "0.0045", "currency": "USD"}]}))
    assert main(["usage", "--from", "2026-11-01"]) == 0
    assert dict(key.asked[-1].url.params) == {"group_by": "model", "from": "2026-11-01"}
    assert capsys.readouterr().out == "ocr\timage\t3\t3\t0.0045\tUSD\n"
    key.set("GET", "/api/v1/models/acme.x/traffic", httpx.Response(200, json=TRAFFIC))
    key.set("PUT", "/api/v1/models/acme.x/traffic", lambda request: httpx.Response(
        200, json={**TRAFFIC, **json.loads(request.content)}))
    assert main(["traffic", "acme.x", "1=50", "2=50"]) == 0
    assert key.body()["targets"] == [{"version": 1, "weight": 50, "label": "1.0.0"},
                                     {"version": 2, "weight": 50, "label": "1.1.0"}]
    assert capsys.readouterr().out == "1\t50 %\t1.0.0\n2\t50 %\t1.1.0\n"
    key.set("POST", "/api/v1/models/acme.x/rollback", httpx.Response(200, json=TRAFFIC))
    assert main(["traffic", "acme.x", "--rollback", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["number"] == 3


def test_a_net_is_pushed_and_its_report_is_read(key: Platform, capsys: pytest.CaptureFixture[str],
                                                tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"net")
    versions = "/api/v1/models/acme.x/versions"
    state = {"version": 1, "label": "1.0.0", "digest": "", "version_state": "validating"}
    key.set("POST", versions, httpx.Response(202, json=state))
    key.set("GET", f"{versions}/1", httpx.Response(200, json={**state, "version_state": "failed"}))
    key.set("GET", f"{versions}/1/report", httpx.Response(200, json={"log": ["a line"], "checks": [
        {"id": "graph", "check_status": "failed", "detail": "opset 99", "fix": "export with 17"}]}))
    assert main(["push", "model.onnx", "--name", "acme.x"]) == _shell.NO
    assert b'filename="model.onnx"' in key.asked[0].content
    assert "graph: opset 99 → export with 17" in capsys.readouterr().err
    key.set("GET", versions, httpx.Response(200, json={"data": [{"version": 1}]}))
    assert main(["logs", "acme.x"]) == 0
    assert capsys.readouterr().out == "failed\tgraph\topset 99\texport with 17\na line\n"


@pytest.mark.parametrize(("kind", "text", "value"), [
    ("text", "plain", "plain"), ("texts", '["a", "b"]', ["a", "b"]), ("texts", "a\nb", ["a", "b"]),
    ("series", "1, 2.5,3", [1, 2.5, 3]), ("series", "1\n2", [1.0, 2.0]), ("series", '{"values": [1]}', {"values": [1]}),
    ("table", "a,b\n1,x\n,2026-01", [{"a": 1, "b": "x"}, {"a": None, "b": "2026-01"}]), ("number", "0.5", 0.5),
    ("problem", '{"a": [1]}', {"a": [1]}),
    ("series", "[" + "1, " * 300 + "2]", [1] * 300 + [2]), ("images", DATA_URL, [DATA_URL])])
def test_fields_by_their_kind(kind: str, text: str, value: Any) -> None:
    assert _inputs.field("x", kind, text) == value


def _commands(group: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    found: dict[tuple[str, ...], Any] = {}
    for name, command in group.commands.items():
        found |= _commands(command, (*path, name)) if hasattr(command, "commands") else {(*path, name): command}
    return found


def test_every_command_that_prints_can_print_json() -> None:
    import typer

    commands = _commands(typer.main.get_command(app))
    assert {"login", "models", "show", "predict", "usage", "push", "deploy", "traffic", "logs",
            "verify-invoice"} <= {path[0] for path in commands}
    silent = {("logout",), ("keys", "revoke"), ("serve",)}
    without = {path for path, command in commands.items()
               if "--json" not in [word for option in command.params for word in option.opts]}
    assert without == silent


def test_a_shell_completes_it() -> None:
    environment = {**os.environ, "_TESSERA_COMPLETE": "complete_bash", "COMP_WORDS": "tessera bat", "COMP_CWORD": "1",
                   "PYTHONPATH": str(Path(_shell.__file__).parents[2])}
    done = subprocess.run([sys.executable, "-m", "tessera.cli"], env=environment, capture_output=True, text=True,
                          check=False)
    assert done.stdout.split() == ["batch"]
