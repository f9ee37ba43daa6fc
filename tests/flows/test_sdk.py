"""The Python SDK against the running product, with the key that the demo prints."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from tests.flows.conftest import ROOT, SAMPLES

sys.path.insert(0, str(ROOT / "sdk" / "python" / "src"))

from tessera import AIClient, Prediction, errors

pytestmark = pytest.mark.stack


@pytest.fixture
def client(demo: dict[str, str]) -> Iterator[AIClient]:
    with AIClient(demo["api_key"], base_url=demo["url"]) as made:
        yield made


def test_predict_a_picture(client: AIClient) -> None:
    done = client.models.get("face-detect").predict(image=SAMPLES / "astronaut.jpg")
    [box] = done.output.boxes
    assert [box.x, box.y, box.width] == pytest.approx([179, 82, 95], abs=2)
    assert done.usage is not None
    assert (done.status, done.usage.units, done.usage.cost) == ("succeeded", 1, Decimal("0.0015"))


def test_predict_a_text(client: AIClient) -> None:
    sentiment = client.models.get("sentiment-en")
    assert sentiment.predict(text="I love it, wonderful work!").output.verdict == "positive"
    assert sentiment.predict(text="Awful. It broke at once.").output.verdict == "negative"


def test_submit_and_wait(client: AIClient) -> None:
    job = client.models.get("change-points").submit(series=[1.0] * 30 + [4.0] * 30)
    seen: list[tuple[str, float | None]] = []

    def note(state: Prediction) -> Any:
        seen.append((state.status, state.progress))

    done = job.wait(on_progress=note, timeout=20)
    assert (done.status, done.progress, done.output.breaks) == ("succeeded", 1.0, [30])
    assert seen[-1] == ("succeeded", 1.0)
    assert done.usage is not None
    assert done.usage.units == 60


def test_infer_with_tensors(client: AIClient) -> None:
    data = load_digits()
    ink = (data.images[:10] / 16).astype(np.float32)[:, None]
    scores = client.models.get("digit-recognise").infer({"image": ink})["scores"]
    assert scores.shape == (10, 10)
    assert scores.argmax(axis=1).tolist() == data.target[:10].tolist()


def test_failures_are_typed(client: AIClient, demo: dict[str, str]) -> None:
    with pytest.raises(errors.NotFound) as missing:
        client.models.get("no-such-model").predict(text="Good.")
    assert missing.value.code == "model_not_found"
    with AIClient("tsr_live_wrong", base_url=demo["url"]) as stranger, pytest.raises(errors.AuthenticationError):
        stranger.models.get("sentiment-en").predict(text="Good.")
