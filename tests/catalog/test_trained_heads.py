"""The trained text heads: the same bytes from the same sentences, and data that keeps its promises."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from model_registry.catalog_kit.runner import CATALOG, run_capability
from model_registry.catalog_kit.text_heads import read_sentences
from model_registry.training import text_heads
from model_registry.training.export import METRICS

FOLDERS = sorted(p.parent for p in CATALOG.glob("*/*/train.txt"))
each_head = pytest.mark.parametrize("folder", FOLDERS, ids=[f.name for f in FOLDERS])


def test_training_twice_writes_the_same_bytes_and_the_net_that_is_served(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_heads, "STRENGTHS", (30.0,))
    folder = CATALOG / "text" / "it_ticket_route"
    text_heads.train(folder, tmp_path / "it-ticket-route-head.onnx")
    once = (tmp_path / "it-ticket-route-head.onnx").read_bytes()
    text_heads.train(folder, tmp_path / "it-ticket-route-head.onnx")
    assert (tmp_path / "it-ticket-route-head.onnx").read_bytes() == once
    # Another processor rounds the quantised sentence vectors differently, so the served net is compared by value.
    served = onnx.load(str(text_heads.net_path(folder)))
    for new, old in zip(onnx.load_from_string(once).graph.initializer, served.graph.initializer, strict=True):
        assert np.allclose(numpy_helper.to_array(new), numpy_helper.to_array(old), atol=0.05), new.name


@each_head
def test_the_sentences_are_enough_apart_and_the_net_is_small(folder: Path) -> None:
    texts, labels = read_sentences(folder / "train.txt")
    asked, truth = read_sentences(folder / "heldout.txt")
    assert set(labels) == set(truth)
    assert all(labels.count(k) >= 24 and truth.count(k) >= 10 for k in set(labels))
    normal = {" ".join(t.lower().split()) for t in texts}
    assert len(normal) == len(texts)
    assert not normal & {" ".join(t.lower().split()) for t in asked}
    words = [set(re.findall(r"[a-z]+", t.lower())) for t in texts]
    for sentence in asked:  # written apart: no held-out sentence is a training one with a word changed
        own = set(re.findall(r"[a-z]+", sentence.lower()))
        assert max(len(own & w) / len(own | w) for w in words) < 0.6, sentence
    assert text_heads.net_path(folder).stat().st_size < 20_000
    noted = json.loads((METRICS / f"{folder.name}.json").read_text())
    assert sum(map(sum, noted["confusion_rows_are_truth"])) == len(asked)
    assert noted["accuracy"] > noted["accuracy_of_word_counts"] + 0.1


def test_a_text_of_another_subject_is_pointed_out_and_one_of_its_own_is_not() -> None:
    strange, _ = run_capability("it-ticket-route", {"input": {"text": "Fold the egg whites into the batter and bake."}})
    assert strange["warnings"]
    assert strange["output"]["familiarity"] < 0
    known, _ = run_capability("it-ticket-route", {"input": {"text": "The VPN drops whenever I work from home"}})
    assert not known["warnings"]
    assert known["output"]["labels"][0]["label"] == "network"
