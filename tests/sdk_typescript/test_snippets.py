"""What a model's page offers to paste runs as it stands, in every language, and gives the same answer."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TSC = ROOT / "frontend" / "node_modules" / ".bin" / "tsc"
SAMPLES = ROOT / "model_registry" / "catalog" / "samples"
SOURCE = ROOT / "frontend" / "src" / "playground" / "snippets.ts"
pytestmark = [pytest.mark.stack, pytest.mark.skipif(
    not TSC.exists() or shutil.which("node") is None,
    reason="no Node or no TypeScript here: `make frontend` installs it")]

# How each is run: the file's name, the command, and on what (a picture has the longer code). Java needs 15 for it.
RUNS: dict[str, tuple[str, list[str], tuple[str, ...]]] = {
    "curl": ("call.sh", ["bash"], ("image", "text")), "python": ("call.py", [sys.executable], ("text",)),
    "javascript": ("call.mjs", ["node"], ("image", "text")),
    "java": ("Call.java", ["java", "-XX:TieredStopAtLevel=1"], ("image",)),
}


@pytest.fixture(scope="module")
def snippets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    out = tmp_path_factory.mktemp("snippets")
    command: list[Any] = [TSC, SOURCE, "--outDir", out, "--target", "es2022", "--module", "es2022", "--skipLibCheck",
                          "--moduleResolution", "bundler", "--noCheck"]  # the pages' build checks it
    made = subprocess.run(command, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout
    (out / "package.json").write_text('{"type": "module"}')
    demo = json.loads((Path(os.environ["TESSERA_VAR"]) / "demo.json").read_text())
    told = subprocess.run(["node", Path(__file__).with_name("snippets.mjs")], capture_output=True, text=True, env={
        **os.environ, "SNIPPETS": str(out / "snippets.js"), "BASE_URL": demo["url"], "API_KEY": demo["api_key"]})
    assert told.returncode == 0, told.stderr
    return dict(json.loads(told.stdout))


@pytest.mark.parametrize("language", list(RUNS))
def test_a_snippet_runs_as_it_stands(snippets: dict[str, dict[str, str]], language: str, tmp_path: Path) -> None:
    name, command, kinds = RUNS[language]
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]} here")
    shutil.copy(SAMPLES / "astronaut.jpg", tmp_path / "photo.jpg")
    for kind in kinds:
        (tmp_path / name).write_text(snippets[kind][language])
        done = subprocess.run([*command, name], cwd=tmp_path, capture_output=True, text=True, timeout=120, env={
            **os.environ, "PYTHONPATH": str(ROOT / "sdk" / "python" / "src")})
        assert done.returncode == 0, done.stderr[-2000:]
        if kind == "image":
            assert "boxes" in done.stdout, done.stdout + done.stderr
            [x, *_] = re.findall(r"\bx['\"]?: ?([\d.]+)", done.stdout)
            assert float(x) == pytest.approx(179, abs=2)
        else:
            wanted = r"redacted['\"]?: ?.It.{0,2}'s .{1,4}100%.{1,4} — write to (?!jane)"
            assert re.search(wanted, done.stdout), done.stdout
