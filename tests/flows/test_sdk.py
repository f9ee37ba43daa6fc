"""The Python SDK, its command line, its README and the notebook against the running product, with the demo's key."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from tests.flows.conftest import ROOT, SAMPLES
from tests.flows.own_model_kit import Provider, linear_net

sys.path.insert(0, str(ROOT / "sdk" / "python" / "src"))

from tessera import OBJECT_DETECTION, TEXT_RECOGNITION, AIClient, AsyncAIClient, Prediction, errors, results
from tessera.cli import main as tessera_cli

pytestmark = pytest.mark.stack
SDK = ROOT / "sdk" / "python"
SHIFT = [1.0] * 30 + [4.0] * 30


@pytest.fixture(scope="module")
def client(demo: dict[str, str]) -> Iterator[AIClient]:
    with AIClient(demo["api_key"], base_url=demo["url"], grpc_url=os.environ.get("TESSERA_GRPC_URL")) as made:
        yield made


def test_predict_a_picture(client: AIClient) -> None:
    done = client.models.get("face-detect", results.Boxes).predict(image=SAMPLES / "astronaut.jpg")
    [box] = done.output.boxes
    assert [box.x, box.y, box.width] == pytest.approx([179, 82, 95], abs=2)
    assert done.usage is not None
    assert (done.status, done.usage.units, done.usage.cost) == ("succeeded", 1, Decimal("0.0015"))
    assert done.raw_response is not None
    assert Decimal(done.raw_response.headers["x-cost"].split()[0]) == Decimal("0.0015")


def test_predict_a_text(client: AIClient) -> None:
    sentiment = client.models.get("sentiment-en")
    assert sentiment.predict(text="I love it, wonderful work!").output.verdict == "positive"
    assert sentiment.predict(text="Awful. It broke at once.").output.verdict == "negative"


def test_a_repeat_under_one_key_is_the_same_answer(client: AIClient) -> None:
    sentiment = client.models.get("sentiment-en")
    key = os.urandom(8).hex()
    first, second = (sentiment.predict(text="Good.", idempotency_key=key) for _ in range(2))
    assert first.id == second.id
    assert second.raw_response is not None
    assert second.raw_response.headers["idempotent-replayed"] == "true"


def test_submit_and_wait(client: AIClient) -> None:
    job = client.models.get("change-points").submit(series=SHIFT)
    seen: list[tuple[str, float | None]] = []

    def note(state: Prediction[Any]) -> Any:
        seen.append((state.status, state.progress))

    done = job.wait(on_progress=note, timeout=60)  # a killed worker's message is sent again after 20 s
    assert (done.status, done.progress, done.output.breaks) == ("succeeded", 1.0, [30])
    assert seen[-1] == ("succeeded", 1.0)
    assert done.usage is not None
    assert done.usage.units == 60


def test_infer_with_tensors(client: AIClient) -> None:
    data = load_digits()
    ink = (data.images[:10] / 16).astype(np.float32)[:, None]
    model = client.models.get("digit-recognise")
    scores = model.infer({"image": ink})["scores"]
    assert scores.shape == (10, 10)
    assert scores.argmax(axis=1).tolist() == data.target[:10].tolist()
    assert model.infer({"image": ink}, protocol="grpc")["scores"].tolist() == scores.tolist()


def test_failures_are_typed_over_both_protocols(client: AIClient, demo: dict[str, str]) -> None:
    missing = client.models.get("no-such-model")
    with pytest.raises(errors.NotFound) as rest:
        missing.predict(text="Good.")
    with pytest.raises(errors.NotFound) as rpc:
        missing.infer({"x": np.zeros((1, 1), "f4")}, protocol="grpc")
    assert rest.value.code == rpc.value.code == "model_not_found"
    with AIClient("tsr_live_wrong", base_url=demo["url"]) as stranger:
        with pytest.raises(errors.AuthenticationError):
            stranger.models.get("sentiment-en").predict(text="Good.")
        with pytest.raises(errors.AuthenticationError):
            stranger.models.get("digit-recognise").infer({"image": np.zeros((1, 1, 8, 8), "f4")}, protocol="grpc")


def test_several_analyses_and_a_classification(client: AIClient) -> None:
    seen = client.analyze_image(SAMPLES / "astronaut.jpg", [OBJECT_DETECTION, TEXT_RECOGNITION])
    assert set(seen.results) == {"object_detection", "text_recognition"}
    assert all(answer.error is None for answer in seen.results.values())
    assert seen.get_recognized_text() == seen.results.text_recognition.output.text
    assert len(client.classify(SAMPLES / "astronaut.jpg", top_k=2).predictions) == 2


def test_a_file_in_parts_comes_back_whole(client: AIClient, tmp_path: Path) -> None:
    content = np.random.default_rng(7).bytes(300_000)
    told: list[tuple[int, int]] = []
    stored = client.files.upload(content, filename="noise.bin", part_bytes=100_000,
                                 on_progress=lambda sent, of: told.append((sent, of)))
    assert (stored.bytes, stored.filename) == (300_000, "noise.bin")
    assert told == [(n * 100_000, 300_000) for n in range(4)]
    assert client.files.download(stored.id, tmp_path).read_bytes() == content
    client.files.delete(stored.id)
    with pytest.raises(errors.NotFound):
        client.files.retrieve(stored.id)


def test_the_asynchronous_client(demo: dict[str, str]) -> None:
    async def calls() -> tuple[list[str], list[str], list[str]]:
        async with AsyncAIClient(demo["api_key"], base_url=demo["url"]) as client:
            sentiment = client.models.get("sentiment-en")
            done = await asyncio.gather(*(sentiment.predict(text=text) for text in ("Wonderful!", "Awful.")))
            names = [model.name async for model in client.models.list(task=["face-detection"])]
            job = await client.models.get("change-points").submit(series=SHIFT)
            return [p.output.verdict for p in done], names, [event.kind async for event in job.events()]

    verdicts, names, kinds = asyncio.run(calls())
    assert verdicts == ["positive", "negative"]
    assert "face-detect" in names
    assert kinds[-1] == "prediction"


def _environment(demo: dict[str, str]) -> dict[str, str]:
    return {**os.environ, "TESSERA_API_KEY": demo["api_key"], "TESSERA_BASE_URL": demo["url"],
            "PYTHONPATH": str(SDK / "src")}


def test_the_command_line(demo: dict[str, str], tmp_path: Path) -> None:
    def run(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([sys.executable, "-m", "tessera.cli", *arguments], env=_environment(demo), input=given,
                              cwd=tmp_path, capture_output=True, check=False, timeout=60)

    face = run("predict", "face-detect", "-i", "image=-", "--json", given=(SAMPLES / "astronaut.jpg").read_bytes())
    assert face.returncode == 0, face.stderr
    assert json.loads(face.stdout)["output"]["boxes"][0]["x"] == pytest.approx(179, abs=2)
    (tmp_path / "in.jsonl").write_text('{"text": "I love it"}\n{"text": "Awful"}\n')
    batch = run("batch", "run", "sentiment-en", "in.jsonl")
    assert batch.returncode == 0, batch.stderr
    assert [json.loads(line)["output"]["verdict"] for line in batch.stdout.splitlines()] == ["positive", "negative"]
    assert run("show", "no-such-model").returncode == 4


def test_the_command_line_for_ones_own_model(demo: dict[str, str], tmp_path: Path,
                                             capsys: pytest.CaptureFixture[str],
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    """Two versions, the share of each, the way back, and what the platform saw: told in rows and as JSON."""
    monkeypatch.setenv("TESSERA_API_KEY", Provider(demo["url"], f"Shell {secrets.token_hex(3)}").key)
    monkeypatch.setenv("TESSERA_BASE_URL", demo["url"])

    def run(*arguments: str, code: int = 0) -> str:
        assert tessera_cli(list(arguments)) == code, capsys.readouterr().err
        return capsys.readouterr().out

    def shares(text: str) -> dict[int, int]:
        told = json.loads(text)
        return {target["version"]: target["weight"] for target in told.get("traffic", told)["targets"]}

    net = tmp_path / "net.onnx"
    net.write_bytes(linear_net(np.eye(4, 3), np.zeros(3)))
    model, first = run("push", str(net), "--name", "lines", "--task", "tabular-classification").split()
    net.write_bytes(linear_net(-np.eye(4, 3), np.zeros(3)))
    assert (first, run("push", str(net), "--name", model).split()) == ("1", [model, "2"])
    assert shares(run("deploy", model, "--version", "1", "--json")) == {1: 100}
    assert run("deploy", model, "--version", "2", "--weight", "10") == "1\t90 %\tstable\n2\t10 %\tcanary\n"
    assert shares(run("traffic", model, "1=40", "2=60", "--sticky-by", "none", "--json")) == {1: 40, 2: 60}
    assert shares(run("traffic", model, "--rollback", "--json")) == shares(run("traffic", model, "--json")) == {
        1: 90, 2: 10}
    assert "passed\tdeploy\t" in run("logs", model)
    report = json.loads(run("logs", model, "--version", "1", "--json"))
    assert (report["version_state"], report["checks"][-1]["check_status"]) == ("ready", "passed")
    run("deploy", model, "--version", "9", code=5)

    monkeypatch.setenv("TESSERA_API_KEY", demo["api_key"])
    job = run("predict", "change-points", json.dumps(SHIFT), "--async").strip()
    assert json.loads(run("jobs", "wait", job, "--json"))["output"]["breaks"] == [30]
    told = [json.loads(line) for line in run("logs", job, "--json").splitlines()]
    assert (told[0]["data"]["status"], told[-1]["event"]) == ("queued", "prediction")
    assert run("logs", job).splitlines()[-1].startswith("prediction\tsucceeded")
    assert run("jobs", "list").splitlines()[0].split("\t")[:3] == [job, "change-points", "succeeded"]
    assert "change-points" in [row["group"] for row in json.loads(run("usage", "--json"))["data"]]
    run("keys", "list", code=3)  # this key may not


def test_the_readmes_run_as_written(demo: dict[str, str], tmp_path: Path) -> None:
    """Every python block of the house's first page and of the SDK's page, from top to bottom."""
    shutil.copy(SAMPLES / "astronaut.jpg", tmp_path / "photo.jpg")
    pages = [re.findall(r"^```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
             for page in (ROOT / "README.md", SDK / "README.md")]
    assert all(pages)
    done = subprocess.run([sys.executable, "-c", "\n".join("\n".join(blocks) for blocks in pages)], cwd=tmp_path,
                          env=_environment(demo), capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr


def test_the_notebook_runs_as_written(demo: dict[str, str]) -> None:
    """Its code cells in order, in a process of their own, as "run all" does."""
    cells = json.loads((ROOT / "docs" / "notebooks" / "quickstart.ipynb").read_text())["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    done = subprocess.run([sys.executable, "-c", code], env=_environment(demo), cwd=ROOT, capture_output=True,
                          text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "the level changes at [30]" in done.stdout
