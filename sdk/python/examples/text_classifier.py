"""A text classifier of your own, from training to 4 replicas that follow the load.

    python text_classifier.py check      # train, and answer the examples on this machine
    python text_classifier.py serve      # on http://127.0.0.1:8010, as the platform will
    python text_classifier.py deploy     # TESSERA_API_KEY and TESSERA_BASE_URL say where
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from tessera.service import Integer, LabelScores, ModelService, Text, load_model, steps

GOOD = ["a wonderful and friendly team", "quick delivery and great value", "i love this great product",
        "excellent service and friendly staff", "works great and looks wonderful", "happy with the excellent quality"]
BAD = ["a terrible and rude team", "late delivery and poor value", "i hate this broken product",
       "awful service and rude staff", "broken and looks terrible", "unhappy with the poor quality"]


def train(path: Path) -> None:
    """Logistic regression over the words of twelve sentences, written as ONNX: split, count, weigh, softmax."""
    from onnx import TensorProto, helper, numpy_helper, save

    texts, truth = GOOD + BAD, np.array([1] * len(GOOD) + [0] * len(BAD))
    words = sorted({word for text in texts for word in text.split()})
    counts = np.array([[text.split().count(word) for word in words] for text in texts], np.float64)
    weights = np.zeros(len(words))
    for _ in range(500):
        weights += 0.5 * (counts.T @ (truth - 1 / (1 + np.exp(-counts @ weights))) / len(truth) - 0.01 * weights)
    both = np.stack([-weights / 2, weights / 2], axis=1).astype(np.float32)
    graph = helper.make_graph([
        helper.make_node("StringSplit", ["text"], ["tokens", "lengths"]),
        helper.make_node("TfIdfVectorizer", ["tokens"], ["counts"], mode="TF", min_gram_length=1, max_gram_length=1,
                         max_skip_count=0, ngram_counts=[0], ngram_indexes=list(range(len(words))),
                         pool_strings=words),
        helper.make_node("MatMul", ["counts", "weights"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=-1),
    ], "text-classifier", [helper.make_tensor_value_info("text", TensorProto.STRING, ["n"])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(both, "weights")])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), path)


class TextClassifier(ModelService):
    """Tells friendly customer texts from unfriendly ones."""

    name = "text-classifier"
    title = "Text classifier"
    task = "text-classification"
    license = {"code": "Apache-2.0", "weights": "Apache-2.0"}
    preprocessing = {"text": steps.texts("input_text")}
    postprocessing = steps.labels("probabilities", ["negative", "positive"])
    examples = [{"input": {"input_text": "great and friendly"}, "parameters": {"top": 1},
                 "output": {"labels": [{"label": "positive"}]}},
                {"input": {"input_text": "rude and terrible"}, "parameters": {"top": 1},
                 "output": {"labels": [{"label": "negative"}]}}]

    def load(self, folder: Path) -> None:
        self.net = load_model(folder / "model.onnx")

    def predict(self, input_text: Text, top: Integer = 2) -> LabelScores:
        return self.run(input_text=input_text, top=top)


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    train(here / "model.onnx")
    service = TextClassifier(here)
    action = sys.argv[1] if len(sys.argv) > 1 else "check"
    if action == "check":
        print(service.check())
    elif action == "serve":
        service.serve()
    elif action == "deploy":
        print(service.deploy(replicas=4, autoscale={"metric": "cpu_utilization", "target": 70, "min": 2, "max": 10}))
    else:
        sys.exit(__doc__)
