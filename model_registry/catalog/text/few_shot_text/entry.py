"""Logistic regression on MiniLM vectors of the examples."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score

from model_registry.catalog_kit import InvalidInput, Request, Result
from model_registry.catalog_kit.minilm import embed


def run(request: Request) -> Result:
    examples, texts = request.input["examples"], request.input["texts"]
    for i, row in enumerate(examples):
        if not isinstance(row["text"], str) or not row["text"].strip() or len(row["text"]) > 5000:
            raise InvalidInput("an example needs a text of at most 5,000 characters", field=f"/input/examples/{i}/text")
    labels = [str(r["label"]) for r in examples]
    if len(set(labels)) < 2 or len(set(labels)) > 50:
        raise InvalidInput("between 2 and 50 labels are needed", field="examples")
    vectors, cut = embed(request.nets, [r["text"] for r in examples] + texts)
    known, new = vectors[: len(examples)], vectors[len(examples) :]
    model = LogisticRegression(C=10.0, max_iter=1000, class_weight="balanced").fit(known, labels)
    chances = model.predict_proba(new)
    least = min(labels.count(k) for k in set(labels))
    accuracy = None
    if least >= 3:
        accuracy = round(
            float(
                cross_val_score(
                    LogisticRegression(C=10.0, max_iter=1000, class_weight="balanced"),
                    known,
                    labels,
                    cv=StratifiedKFold(min(5, least), shuffle=True, random_state=0),
                ).mean()
            ),
            4,
        )
    rows = [
        {"index": i, "score": round(float(c.max()), 4), "label": str(model.classes_[int(np.argmax(c))])}
        for i, c in enumerate(chances)
    ]
    warnings = [f"{cut} of the texts were cut at 256 tokens"] if cut else []
    if least < 5:
        warnings.append("fewer than five examples for a label: expect mistakes")
    return Result({"rows": rows, "cross_validated_accuracy": accuracy}, warnings=warnings)
