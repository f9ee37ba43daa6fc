"""What the nets of several streams answer when streams agree, are missing, or are all there is."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from kernel.problems import Problem
from model_registry.catalog_kit import encode_png, encode_wav
from model_registry.catalog_kit.runner import run_capability
from model_registry.catalog_kit.vibration import RATE
from model_registry.training.bearing import simulate
from model_registry.training.export import CATALOG, METRICS
from model_registry.training.site_scenes import frame, sound


def site(media: list[bytes], **fields: Any) -> dict[str, Any]:
    return run_capability("site-event", {"input": fields}, media)[0]["output"]


def test_streams_that_are_missing_have_no_weight_and_none_at_all_is_refused() -> None:
    rng = np.random.default_rng(3)
    media = [encode_png(frame(rng, "fire")), encode_wav(sound(rng, "fire"), 16_000)]
    note = "Pallets are burning behind hall 2, flames are a metre high"
    all_three = site(media, text=note, image={"$media": 0}, audio={"$media": 1})
    assert all_three["labels"][0]["label"] == "fire"
    assert min(all_three["weights"].values()) > 0
    only = site([], text=note)
    assert only["labels"][0]["label"] == "fire"
    assert only["weights"] == {"text": 1.0, "image": 0.0, "audio": 0.0}
    heard = site(media, audio={"$media": 1})
    assert heard["weights"] == {"text": 0.0, "image": 0.0, "audio": 1.0}
    assert heard["labels"] != only["labels"]
    with pytest.raises(Problem, match="at least one of text, image and audio"):
        site([])


def test_a_log_that_names_the_fault_helps_a_noisy_signal() -> None:
    rng = np.random.default_rng(8)
    windows = [simulate(rng, 5, snr=-14.0) for _ in range(10)]

    def ask(at: int, **log: Any) -> dict[str, Any]:
        signal, shaft = windows[at]
        body = {"input": {"signal": signal.tolist(), **log}, "parameters": {"rpm": shaft * 60, "rate": RATE}}
        return run_capability("bearing-fault-dual", body)[0]

    def score(answer: dict[str, Any]) -> float:
        return {r["label"]: float(r["score"]) for r in answer["output"]["labels"]}["misalignment"]

    alone = [ask(i) for i in range(10)]
    assert all(a["output"]["weights"] == {"vibration": 1.0, "log": 0.0} for a in alone)
    assert all(any("no log" in w for w in a["warnings"]) for a in alone)
    lines = ["order 17 started", "rubber crumbs beneath the coupling", "coupling replaced, alignment not checked"]
    told = [ask(i, log=lines) for i in range(10)]
    assert all(0 < a["output"]["weights"]["log"] < 1 for a in told)
    gain = np.array([score(t) - score(a) for t, a in zip(told, alone, strict=True)])
    assert gain.min() > -0.02
    assert gain.mean() > 0.05


@pytest.mark.parametrize("net", ["media/site_event/site-event.onnx", "energy/bearing_fault_dual/bearing-dual.onnx"])
def test_the_nets_are_small(net: str) -> None:
    assert (CATALOG / net).stat().st_size < 1_000_000


def test_the_noted_comparison_tells_where_fusion_helps_and_where_it_does_not() -> None:
    dual = json.loads((METRICS / "bearing_dual.json").read_text())["conditions"]
    assert len(dual) == 5
    for condition in dual.values():
        assert set(condition) == {"accuracy", "recall_at_5_percent_false_alarms"}
        assert {"vibration alone", "log alone", "two streams"} < set(condition["accuracy"])
        assert "thresholds" in condition["recall_at_5_percent_false_alarms"]
    events = json.loads((METRICS / "site_event.json").read_text())["accuracy"]
    shifted = events["another site"]
    assert shifted["fused"] > max(shifted[f"{name} alone"] for name in ("text", "image", "audio"))
