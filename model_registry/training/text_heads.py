"""Heads over MiniLM's sentence vectors: one softmax layer per text entry, from the sentences in its `train.txt`.

`python -m model_registry.training.text_heads [FOLDER …]` trains every entry that has such a file, or those named. The
sentences were written by hand for this catalogue. `heldout.txt` was written apart and is not read before the net is
written. The regularisation is chosen by cross-validation within the training sentences.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, f1_score
from sklearn.model_selection import StratifiedKFold, cross_val_score

from model_registry.catalog_kit.head_quality import word_baseline
from model_registry.catalog_kit.minilm import embed
from model_registry.catalog_kit.runner import local_nets
from model_registry.catalog_kit.text_heads import read_sentences
from model_registry.training.export import CATALOG, run_net, save_metrics

STRENGTHS = (1.0, 3.0, 10.0, 30.0)
STRANGE = 0.05  # share of the training sentences, seen from the others, that may count as strange

Array = NDArray[Any]


def vectors_of(texts: list[str]) -> Array:
    """One by one as they are served: in a batch the quantised net answers a little differently."""
    return np.concatenate([embed(local_nets(), [text])[0] for text in texts])


def net_path(folder: Path) -> Path:
    """it_tickets → it-tickets-head.onnx in the entry's folder."""
    return folder / f"{folder.name.replace('_', '-')}-head.onnx"


def margin(vectors: Array, labels: Array, kinds: list[str]) -> float:
    """The least cosine to a label's mean at which a sentence is familiar, each sentence left out of its own mean."""
    near = []
    for i in range(len(vectors)):
        rest = np.arange(len(vectors)) != i
        means = np.array([vectors[rest & (labels == k)].mean(axis=0) for k in kinds])
        near.append(float((means / np.linalg.norm(means, axis=1, keepdims=True) @ vectors[i]).max()))
    return float(np.quantile(near, STRANGE))


def save_head(path: Path, weight: Array, bias: Array, centres: Array, least: float) -> None:
    """Two outputs: softmax(x·W + b), and the highest cosine to a label's centre less the margin."""
    constants = {"weight": weight, "bias": bias, "centres": centres, "least": np.array([least])}
    nodes = [helper.make_node("Gemm", ["embedding", "weight", "bias"], ["logits"]),
             helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
             helper.make_node("MatMul", ["embedding", "centres"], ["cosines"]),
             helper.make_node("ReduceMax", ["cosines"], ["nearest"], axes=[1], keepdims=1),
             helper.make_node("Sub", ["nearest", "least"], ["familiarity"])]
    graph = helper.make_graph(
        nodes, path.stem, [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", len(weight)])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", len(bias)]),
         helper.make_tensor_value_info("familiarity", TensorProto.FLOAT, ["n", 1])],
        [numpy_helper.from_array(np.ascontiguousarray(v, np.float32), k) for k, v in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9,
                              producer_name="tessera")
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def train(folder: Path, target: Path | None = None) -> dict[str, Any]:
    """Trains the head of one entry and writes the net; returns what cross-validation chose."""
    texts, names = read_sentences(folder / "train.txt")
    kinds, labels = sorted(set(names)), np.array(names)
    vectors = vectors_of(texts)
    folds = StratifiedKFold(6, shuffle=True, random_state=0)

    def tried(strength: float, scoring: str) -> float:
        model = LogisticRegression(C=strength, max_iter=2000)
        return round(float(cross_val_score(model, vectors, labels, cv=folds, scoring=scoring).mean()), 4)

    best = max(STRENGTHS, key=lambda c: tried(c, "neg_log_loss"))  # the scores are shown: they should mean something
    model = LogisticRegression(C=best, max_iter=2000).fit(vectors, labels)
    means = np.array([vectors[labels == k].mean(axis=0) for k in kinds])
    centres = (means / np.linalg.norm(means, axis=1, keepdims=True)).T
    save_head(target or net_path(folder), model.coef_.T, model.intercept_, centres, margin(vectors, labels, kinds))
    return {"labels": kinds, "train": len(texts), "regularisation": best,
            "cross_validated_accuracy": tried(best, "accuracy")}


def heldout(folder: Path) -> dict[str, Any]:
    """The written net, and word counts, on the sentences that training never saw."""
    texts, truth = read_sentences(folder / "heldout.txt")
    kinds = sorted(set(truth))
    vectors = vectors_of(texts)
    found = [kinds[i] for i in run_net(net_path(folder), {"embedding": vectors}).argmax(axis=1)]
    words = word_baseline(*read_sentences(folder / "train.txt"), texts)
    return {"heldout": len(texts),
            "accuracy": round(float(np.mean(np.array(found) == np.array(truth))), 4),
            "macro_f1": round(float(f1_score(truth, found, average="macro")), 4),
            "accuracy_of_word_counts": round(float(np.mean(np.array(words) == np.array(truth))), 4),
            "confusion_rows_are_truth": confusion_matrix(truth, found, labels=kinds).tolist()}


def main(names: list[str]) -> None:
    for file in sorted(CATALOG.glob("*/*/train.txt")):
        if not names or file.parent.name in names:
            made = train(file.parent)
            save_metrics(file.parent.name, made | heldout(file.parent))


if __name__ == "__main__":
    main(sys.argv[1:])
