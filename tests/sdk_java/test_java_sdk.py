"""The Java SDK, compiled here and run against the running product; skipped, and said so, where there is no JDK."""

from __future__ import annotations

import base64
import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "sdk" / "java" / "src" / "main" / "java"
ARTICLE = ROOT / "sdk" / "java" / "examples" / "ArticleExample.java"
SAMPLES = ROOT / "model_registry" / "catalog" / "samples"
pytestmark = [pytest.mark.stack, pytest.mark.skipif(
    shutil.which("javac") is None, reason="no javac here: a JDK 11 or newer compiles the Java SDK")]


def javac(out: Path, *sources: Path, classpath: Path | None = None) -> None:
    """Compiles for Java 11 with every warning an error."""
    command: list[Any] = ["javac", "-J-XX:TieredStopAtLevel=1", "--release", "11", "-Xlint:all", "-Werror", "-d", out,
                          *(["-cp", classpath] if classpath else []), *sources]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + done.stdout


def java(classes: str, main: str, *arguments: object, **environment: str) -> str:
    done = subprocess.run(["java", "-XX:TieredStopAtLevel=1", "-cp", classes, main, *map(str, arguments)],
                          env={**os.environ, **environment}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The SDK; and apart from its module, as a user's own code is, the checks and the article's example."""
    sdk, users = tmp_path_factory.mktemp("sdk"), tmp_path_factory.mktemp("users")
    javac(sdk, *sorted(SOURCES.rglob("*.java")))
    javac(users, Path(__file__).with_name("Checks.java"), ARTICLE, classpath=sdk)
    return f"{sdk}{os.pathsep}{users}"


@pytest.fixture(scope="module")
def demo() -> dict[str, str]:
    return dict(json.loads((Path(os.environ["TESSERA_VAR"]) / "demo.json").read_text()))


def test_every_call_of_the_client(classes: str, demo: dict[str, str], tmp_path: Path) -> None:
    seen = json.loads(java(classes, "Checks", demo["url"], demo["api_key"], SAMPLES / "astronaut.jpg", tmp_path))
    status, *box = seen["face"]
    assert status == "succeeded"
    assert box == pytest.approx([179, 82, 95], abs=2)
    count, different = seen.pop("models")
    assert count == different > 200
    del seen["face"]
    label, score = seen["bytes"].pop("verdict"), seen.pop("bytes")
    assert label == "negative"
    assert score
    assert seen == {
        "cost": "0.0015", "sentiment": "positive", "metadata": "7", "same id": True, "breaks": [30],
        "last state": "succeeded", "last event": "prediction", "cancel after the end": "409 invalid_state",
        "read again": "succeeded", "listed": True, "task": True, "schema": ["image"], "title": "Face detection",
        "organization": "demo", "estimate": "image", "usage": True, "labels": 3, "scores": ["FP32", [2, 10], True],
        "file": True, "by file": 1, "in list": True, "deleted": "404 not_found", "parts": [3, True],
        "batch": ["completed", 1, 1], "failed line": "b", "unknown model": "404 model_not_found",
        "missing field": [422, "/input/image", True, False], "wrong key": "401 invalid_api_key",
        "nobody there": "Connection", "no key": "TesseraException", "retries": ["brand new", 3, 1],
        "not retried": "422 overloaded after 1",
        "json": {"a": [1, -2500.0, True, None, 'é\n"😀'], "big": 12345678901234567890}, "taken for json": [],
        "webhook": "prediction.succeeded", "old": "InvalidSignature", "forged": "InvalidSignature",
        "unsigned": "InvalidSignature",
    }


@pytest.fixture
def with_picture(demo: dict[str, str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The product behind a hop that has the picture which https://example.com/image.jpg would be: that address is not
    ours to fill, and the product fetches from no private one."""
    asked: list[dict[str, Any]] = []
    picture = base64.b64encode((SAMPLES / "astronaut.jpg").read_bytes()).decode()

    class Hop(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(body)
            answer = httpx.post(demo["url"] + self.path, timeout=60, json={"image": picture, "types": body["types"]},
                                headers={"Authorization": self.headers["Authorization"]})
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers["content-type"])
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, format: str, *arguments: object) -> None:
            """Says nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_the_articles_example_runs_unchanged(classes: str, demo: dict[str, str],
                                             with_picture: tuple[str, list[dict[str, Any]]]) -> None:
    text = ARTICLE.read_text()
    assert 'new AIClient("API_KEY")' in text
    assert "Arrays.asList(AnalysisType.OBJECT_DETECTION, AnalysisType.TEXT_RECOGNITION)" in text
    url, asked = with_picture
    printed = java(classes, "ArticleExample", TESSERA_BASE_URL=url, TESSERA_API_KEY=demo["api_key"])
    assert asked == [{"url": "https://example.com/image.jpg", "types": ["OBJECT_DETECTION", "TEXT_RECOGNITION"]}]
    [found] = [json.loads(line) for line in printed.splitlines()]
    assert found["label"] == "person"
    assert [found["x"], found["y"], found["width"]] == pytest.approx([20.6, 16.4, 342.4], abs=3)
