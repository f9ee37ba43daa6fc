"""How the trained text entries are measured: on sentences written apart, in another voice, beside word counts."""

from __future__ import annotations

from collections import Counter

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.runner import CATALOG
from model_registry.catalog_kit.text_heads import read_sentences

EVERY = 6  # of the other subjects' held-out sentences


def word_baseline(texts: list[str], labels: list[str], asked: list[str]) -> list[str]:
    """TF-IDF of words and word pairs with logistic regression, learned from the same sentences."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    model = make_pipeline(words, LogisticRegression(C=10.0, max_iter=1000))
    return [str(v) for v in model.fit(texts, labels).predict(asked)]


def measure_head(ask: Ask, *, accuracy: float) -> list[Measure]:
    """Accuracy (at least `accuracy`), macro F1, the word model's accuracy, the commonest mistake, and how often
    sentences of other subjects are pointed out."""
    from sklearn.metrics import f1_score

    texts, truth = read_sentences(ask.folder / "heldout.txt")
    answers = [ask(text=text) for text in texts]
    found = [a.output["labels"][0]["label"] for a in answers]
    right = np.array(found) == np.array(truth)
    baseline = word_baseline(*read_sentences(ask.folder / "train.txt"), texts)
    data = f"{len(texts)} sentences written apart from the training set, in another voice"
    mistakes = Counter((t, f) for t, f in zip(truth, found, strict=True) if t != f)
    measures = [
        Measure("accuracy", float(right.mean()), data=data, at_least=accuracy),
        Measure("macro F1", float(f1_score(truth, found, average="macro")), data=data),
        Measure("accuracy of word counts", float(np.mean(np.array(baseline) == np.array(truth))), data=data,
                method="TF-IDF and logistic regression on the same training sentences, for comparison"),
    ]
    if mistakes:
        (was, taken), count = mistakes.most_common(1)[0]
        measures.append(Measure(f"{was} taken for {taken}", count / truth.count(was), data=data,
                                method="the commonest mistake, as a share of its label"))
    others = sorted(f for f in CATALOG.glob("*/*/heldout.txt") if f.parent != ask.folder)
    strange = [t for f in others for t in read_sentences(f)[0][::EVERY]]
    told = np.mean([bool(ask(text=t).warnings) for t in strange])
    alarm = np.mean([bool(a.warnings) for a in answers])
    return [*measures,
            Measure("other subjects pointed out", float(told), at_least=0.5,
                    data=f"{len(strange)} sentences of {len(others)} other text models"),
            Measure("own subject pointed out as strange", float(alarm), data=data)]
