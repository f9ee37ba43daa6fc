"""Links taken out of a real graph and looked for among the pairs that are not linked."""

from __future__ import annotations

import networkx as nx
import numpy as np
from sklearn.metrics import roc_auc_score

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    graph = nx.les_miserables_graph()
    rng = np.random.default_rng(0)
    edges = list(graph.edges)
    hidden = {frozenset(edges[i]) for i in rng.choice(len(edges), len(edges) // 10, replace=False)}
    kept = [[a, b] for a, b in edges if frozenset((a, b)) not in hidden]
    out = ask(graph={"nodes": list(graph), "edges": kept}, parameters={"top": 5000}).output
    score = {frozenset((e["source"], e["target"])): e["score"] for e in out["edges"]}
    absent = [frozenset((a, b)) for a in graph for b in graph if a < b and not graph.has_edge(a, b)]
    truth = [1] * len(hidden) + [0] * len(absent)
    auc = roc_auc_score(truth, [score.get(p, 0.0) for p in [*hidden, *absent]])
    return [Measure("ROC AUC", auc, "", data="Les Misérables, 10 % of its 254 links hidden", at_least=0.85)]
