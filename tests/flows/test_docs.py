"""Every piece of code of the documentation runs as it is written, against the running product.

A chapter's blocks of one language run one after the other, in one folder that holds photo.jpg and page.png.
`with=NAME` runs a block in the environment of a stock client, `call=MODEL` sends a body to a model, `file=NAME` stores
it. `needs=capacity` asks for more replicas than a test's machine has: test_deployment.py makes that call. Shown and
not run are answers and shapes (`json`, `http`, `text`), and in `console` what installs.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from PIL import Image, ImageDraw

from tests.client_environments import python_with
from tests.flows.conftest import ROOT, SAMPLES
from tests.flows.own_model_kit import Provider

pytestmark = pytest.mark.stack

GUIDE = ROOT / "docs" / "guide" / "en"
SDK = ROOT / "sdk" / "python"
TSC = ROOT / "frontend" / "node_modules" / ".bin" / "tsc"
INSTALLS = re.compile(r"(pip|npm) install ")
FENCE = re.compile(r"^```([a-z]+)([^\n]*)\n(.*?)^```$", re.S | re.M)


@dataclass(frozen=True)
class Block:
    language: str
    said: dict[str, str]
    code: str


def blocks(slug: str) -> list[Block]:
    return [Block(language, dict(word.split("=") for word in rest.split()), code)
            for language, rest, code in FENCE.findall((GUIDE / f"{slug}.md").read_text())]


CHAPTERS = {path.stem: blocks(path.stem) for path in sorted(GUIDE.glob("*.md"))}


@pytest.fixture(scope="module")
def provider(demo: dict[str, str]) -> Provider:
    """Somebody who followed the quickstart, and may upload a model."""
    return Provider(demo["url"], "Docs")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(SAMPLES / "astronaut.jpg", tmp_path / "photo.jpg")
    page = Image.new("RGB", (480, 120), "white")
    ImageDraw.Draw(page).text((40, 40), "Invoice 2041", fill="black", font_size=40)
    page.save(tmp_path / "page.png")
    return tmp_path


@pytest.fixture
def environment(demo: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """As after the quickstart's second step; `tessera` and `tessera-conformance` are on the path."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, module in (("tessera", "tessera.cli"), ("tessera-conformance", "tessera_conformance")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
        (programs / name).chmod(0o755)
    return {**os.environ, "TESSERA_API_KEY": demo["api_key"], "TESSERA_BASE_URL": demo["url"],
            "TESSERA_GRPC_URL": f"127.0.0.1:{os.environ['TESSERA_GRPC_PORT']}", "HOME": str(tmp_path),
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join([str(SDK / "src"), str(ROOT / "sdk" / "conformance" / "src"), str(tmp_path)])}


def run(command: list[str | Path], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{done.stdout[-1500:]}\n{done.stderr[-2500:]}"
    return done.stdout


@pytest.mark.parametrize("slug", [slug for slug, found in CHAPTERS.items() if any(
    block.language in ("python", "sh") and "with" not in block.said for block in found)])
def test_python_and_shell(slug: str, folder: Path, environment: dict[str, str], request: pytest.FixtureRequest) -> None:
    if slug == "own-models":
        environment = {**environment, "TESSERA_API_KEY": request.getfixturevalue("provider").key}
        trainer = SDK / "examples" / "text_classifier.py"
        run([sys.executable, "-c", f"import runpy, pathlib; runpy.run_path({str(trainer)!r})['train']"
                                   "(pathlib.Path('model.onnx'))"], folder, environment)
    lines: list[str] = []
    for block in CHAPTERS[slug]:
        if "file" in block.said:
            (folder / block.said["file"]).write_text(block.code)
        elif block.language == "sh":
            out = run(["bash", "-euo", "pipefail", "-c", block.code], folder, environment)
            assert '"type": "https' not in out, out  # a problem
            assert '"code":"' not in out, out
        elif block.language == "python" and not {"with", "needs"} & set(block.said):
            lines.append(block.code)
    if lines:
        assert run([sys.executable, "-c", "\n".join(lines)], folder, environment).strip()


@pytest.mark.parametrize("slug", [slug for slug, found in CHAPTERS.items() if any("with" in b.said for b in found)])
def test_stock_clients(slug: str, folder: Path, environment: dict[str, str]) -> None:
    for block in CHAPTERS[slug]:
        if "with" in block.said:
            assert run([python_with(block.said["with"]), "-c", block.code], folder, environment).strip()


@pytest.mark.skipif(shutil.which("node") is None or not TSC.exists(), reason="no Node here: `make frontend` installs")
def test_javascript(folder: Path, environment: dict[str, str]) -> None:
    package = folder / "node_modules" / "tessera-sdk"
    package.mkdir(parents=True)
    subprocess.run([TSC, "-p", ROOT / "sdk" / "typescript", "--outDir", package / "dist"], check=True)
    shutil.copy(ROOT / "sdk" / "typescript" / "package.json", package)
    for number, block in enumerate(b for found in CHAPTERS.values() for b in found if b.language == "javascript"):
        (folder / f"{number}.mjs").write_text(block.code)
        assert run(["node", f"{number}.mjs"], folder, environment).strip()


@pytest.mark.skipif(shutil.which("javac") is None, reason="no javac here: a JDK 11 or newer compiles the examples")
def test_java(folder: Path, environment: dict[str, str]) -> None:
    names = []
    for block in (b for found in CHAPTERS.values() for b in found if b.language == "java"):
        names.append(re.findall(r"public class (\w+)", block.code)[0])
        (folder / f"{names[-1]}.java").write_text(block.code)
    sources = [path for path in sorted((ROOT / "sdk" / "java" / "src" / "main" / "java").rglob("*.java"))
               if path.stem != "module-info"]
    run(["javac", "-J-XX:TieredStopAtLevel=1", "-d", "classes", *sources, *[f"{name}.java" for name in names]], folder,
        environment)
    for name in names:
        assert run(["java", "-XX:TieredStopAtLevel=1", "-cp", "classes", name], folder, environment).strip()


def test_bodies_are_taken(demo: dict[str, str]) -> None:
    sent = [(b.said["call"], b.code) for found in CHAPTERS.values() for b in found if "call" in b.said]
    assert len(sent) >= 4
    for model, body in sent:
        answer = httpx.post(f"{demo['url']}/api/v1/models/{model}/predictions", content=body, timeout=60,
                            headers={"X-API-Key": demo["api_key"], "Content-Type": "application/json"})
        assert answer.status_code == 200, (model, answer.text)
        assert answer.json()["status"] == "succeeded"


def test_nothing_else_hides_from_being_run() -> None:
    shown = {"json", "http", "text", "env"}
    for slug, found in CHAPTERS.items():
        for block in found:
            if block.language == "console":
                assert all(INSTALLS.match(line) for line in block.code.splitlines()), (slug, block.code)
            elif block.language == "json" and "call" not in block.said:
                json.loads(block.code)
            else:
                assert block.language in shown | {"python", "sh", "javascript", "java"}, (slug, block.language)
