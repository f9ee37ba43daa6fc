"""k-means on MiniLM vectors, k by the silhouette, names by words that mark a group (class TF-IDF)."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import silhouette_score

from model_registry.catalog_kit import Request, Result
from model_registry.catalog_kit.minilm import embed

WORDS = r"[a-zA-Z][a-zA-Z-]{2,}"


def names(texts: list[str], labels: np.ndarray) -> dict[int, str]:
    groups = sorted(set(labels.tolist()))
    try:
        counter = CountVectorizer(stop_words="english", token_pattern=WORDS)
        counts = counter.fit_transform(
            [" ".join(t for t, g in zip(texts, labels, strict=True) if g == group) for group in groups]
        ).toarray()
    except ValueError:  # no words but stop words
        return {g: f"group {g + 1}" for g in groups}
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    weight = share * np.log(1 + counts.sum() / len(groups) / np.maximum(counts.sum(0), 1))
    words = counter.get_feature_names_out()
    return {
        g: ", ".join(words[i] for i in np.argsort(-weight[k], kind="stable")[:4] if weight[k, i] > 0)
        or f"group {g + 1}"
        for k, g in enumerate(groups)
    }


def run(request: Request) -> Result:
    texts, asked = request.input["texts"], request.parameters["groups"]
    vectors, cut = embed(request.nets, texts)
    best = (-2.0, np.zeros(len(texts), int))
    for k in [min(asked, len(texts))] if asked else range(2, min(13, len(texts) - 1)):
        labels = KMeans(k, n_init=4, random_state=0).fit_predict(vectors)
        if 1 < len(set(labels.tolist())) < len(texts):
            best = max(best, (float(silhouette_score(vectors, labels)), labels), key=lambda b: b[0])
    labels = best[1]
    sizes = np.bincount(labels)
    order = {
        int(g): i
        for i, g in enumerate(sorted(set(labels.tolist()), key=lambda g: (-sizes[g], int(np.argmax(labels == g)))), 1)
    }
    called = names(texts, labels)
    rows = []
    for i, g in enumerate(labels.tolist()):
        centre = vectors[labels == g].mean(0)
        rows.append(
            {
                "index": i,
                "group": order[g],
                "topic": called[g],
                "fit": round(float(vectors[i] @ centre / np.linalg.norm(centre)), 4),
            }
        )
    return Result(
        {
            "columns": ["index", "group", "topic", "fit"],
            "rows": rows,
            "summary": {"groups": len(order), "silhouette": round(best[0], 4), "sizes": [int(sizes[g]) for g in order]},
        },
        warnings=[f"{cut} of the texts were cut at 256 tokens"] if cut else [],
    )
