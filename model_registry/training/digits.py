"""A small multilayer perceptron on scikit-learn's 8x8 handwritten digits, with shifted and turned copies."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from model_registry.training.export import CATALOG, run_net, save_metrics, save_mlp

NET = CATALOG / "tables" / "digit_recognise" / "digit-mlp.onnx"
COPIES = 12

Array = NDArray[Any]


def jitter(images: Array, rng: np.random.Generator) -> Array:
    """Each image moved by up to 0.7 pixels, turned by up to 10 degrees and scaled by up to 10 per cent."""
    out = np.empty_like(images)
    centre = np.array([3.5, 3.5])
    for i, image in enumerate(images):
        turn, size = np.deg2rad(rng.uniform(-10, 10)), rng.uniform(0.9, 1.1)
        matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) * size
        out[i] = affine_transform(image, matrix, centre - matrix @ centre + rng.uniform(-0.7, 0.7, 2), order=1)
    return out


def main() -> None:
    data = load_digits()
    x, y = data.images / 16.0, data.target
    train_x, test_x, train_y, test_y = train_test_split(x, y, test_size=0.3, random_state=0, stratify=y)
    rng = np.random.default_rng(0)
    grown = np.concatenate([train_x, *(jitter(train_x, rng) for _ in range(COPIES))]).reshape(-1, 64)
    labels = np.tile(train_y, COPIES + 1)
    model = MLPClassifier((160, 80), alpha=1e-3, max_iter=40, batch_size=128, learning_rate_init=1.5e-3,
                          random_state=0)
    model.fit(grown, labels)
    save_mlp(NET, name="digit-mlp", input_name="image", output_name="scores", input_shape=[1, 8, 8],
             mean=np.zeros(64), scale=np.ones(64), weights=list(model.coefs_), biases=list(model.intercepts_))
    scores = run_net(NET, {"image": test_x[:, None].astype(np.float32)})
    wrong = scores.argmax(1) != test_y
    moved = run_net(NET, {"image": jitter(test_x, rng)[:, None].astype(np.float32)}).argmax(1) == test_y
    save_metrics("digits", {
        "train": len(train_x), "copies": COPIES, "test": len(test_x),
        "test_accuracy": round(float(1 - wrong.mean()), 4),
        "test_errors": int(wrong.sum()), "jittered_test_accuracy": round(float(moved.mean()), 4),
        "parity": float(np.abs(scores - model.predict_proba(test_x.reshape(-1, 64))).max())})


if __name__ == "__main__":
    main()
