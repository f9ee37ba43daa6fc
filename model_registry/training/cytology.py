"""Logistic regression on the Wisconsin diagnostic breast cytology data (569 samples, CC BY 4.0, in scikit-learn)."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from model_registry.training.export import CATALOG, run_net, save_metrics, save_mlp

NET = CATALOG / "health" / "cytology_classify" / "cytology-lr.onnx"


def main() -> None:
    data = load_breast_cancer()
    x, y = data.data, 1 - data.target  # 1 = malignant
    train_x, test_x, train_y, test_y = train_test_split(x, y, test_size=0.3, random_state=0, stratify=y)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000, random_state=0))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    auc = cross_val_score(model, x, y, cv=folds, scoring="roc_auc")
    model.fit(train_x, train_y)
    scaler, regression = model[0], model[1]
    # Two logits (0, w·x + b), so that softmax gives both probabilities.
    weight = np.concatenate([np.zeros_like(regression.coef_), regression.coef_]).T
    bias = np.array([0.0, regression.intercept_[0]])
    save_mlp(NET, name="cytology-lr", input_name="features", output_name="probabilities", input_shape=[30],
             mean=scaler.mean_, scale=scaler.scale_, weights=[weight], biases=[bias])
    p = run_net(NET, {"features": test_x.astype(np.float32)})[:, 1]
    save_metrics("cytology", {
        "train": len(train_x), "test": len(test_x), "test_accuracy": round(float(((p > 0.5) == test_y).mean()), 4),
        "test_auc": round(float(roc_auc_score(test_y, p)), 4),
        "test_sensitivity": round(float((p[test_y == 1] > 0.5).mean()), 4),
        "test_specificity": round(float((p[test_y == 0] <= 0.5).mean()), 4),
        "cv5_auc_mean": round(float(auc.mean()), 4), "cv5_auc_std": round(float(auc.std()), 4),
        "parity": float(np.abs(p - model.predict_proba(test_x)[:, 1]).max())})


if __name__ == "__main__":
    main()
