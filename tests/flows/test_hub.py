"""On the running product: two models are fetched from a mirror by the command, and answer through the gateway."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.model_registry.hub.standins import WORDS, mirror
from tests.model_registry.hub.test_builders import picture

pytestmark = pytest.mark.stack
ROOT = Path(__file__).resolve().parents[2]
TEXT, IMAGE = "hub-minilm-l12", "hub-resnet50-a1"


def test_a_text_and_an_image_model_answer_after_the_fetch() -> None:
    from model_registry.hub.entries import entry

    demo = json.loads((Path(os.environ["TESSERA_VAR"]) / "demo.json").read_text())
    with httpx.Client(base_url=demo["url"], headers={"X-API-Key": demo["api_key"]}, timeout=60) as api:
        with mirror() as hub:
            for name in (TEXT, IMAGE):
                hub.put(entry(name))
            done = subprocess.run(
                [sys.executable, "manage.py", "fetch_model", TEXT, IMAGE, "--mirror", hub.base, "--renew"], cwd=ROOT,
                env={**os.environ, "TESSERA_HUB_PRIVATE_HOSTS": "127.0.0.1"}, capture_output=True, text=True,
                timeout=120, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        assert done.stdout.count("is callable") == 2

        answer = _call(api, TEXT, {"texts": ["good friday", "the invoice is due"]})
        rows = np.cos(np.array([WORDS.index(w) for w in ("[CLS]", "good", "friday", "[SEP]")])[:, None]
                      * (1 + np.arange(6)[None]) / 3).mean(axis=0)
        assert answer["embeddings"][0] == pytest.approx(rows / np.linalg.norm(rows), abs=1e-4)
        assert answer["dimensions"] == 6

        answer = _call(api, IMAGE, {"image": f"data:image/png;base64,{picture((250, 20, 10))}"})
        scores = (np.array([250, 20, 10]) / 127.5 - 1) @ np.linspace(-1, 1, 3000).reshape(3, 1000)
        shares = np.exp(scores - scores.max())
        assert answer["labels"][0]["score"] == pytest.approx(shares.max() / shares.sum(), rel=1e-3)
        assert (answer["labels"][0]["label"], int(scores.argmax())) == ("O", 0)  # the first name of its configuration

        shown = api.get(f"/api/v1/models/{TEXT}").json()
        assert (shown["source"], shown["example"]["output"]["dimensions"]) == ("S3", 6)
        refused = api.post("/api/v1/models/hub-bge-m3/predictions", json={"input": {"texts": ["x"]}})
        assert refused.status_code == 404


def _call(api: httpx.Client, name: str, given: dict[str, object]) -> dict[str, Any]:
    """The first answer may wait for the route to reach the gateway."""
    for _ in range(40):
        answer = api.post(f"/api/v1/models/{name}/predictions", json={"input": given})
        if answer.status_code not in (404, 403):
            break
        time.sleep(0.25)
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json()["output"])

