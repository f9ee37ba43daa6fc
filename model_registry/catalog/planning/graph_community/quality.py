"""Planted groups, and the two sides of Zachary's karate club."""

from __future__ import annotations

import networkx as nx
from sklearn.metrics import adjusted_rand_score

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    planted = nx.planted_partition_graph(5, 30, 0.4, 0.02, seed=3)
    out = ask(graph={"edges": [[str(a), str(b)] for a, b in planted.edges]}).output
    found = {n["id"]: n["group"] for n in out["nodes"]}
    ari = adjusted_rand_score([int(n) // 30 for n in found], list(found.values()))
    club = nx.karate_club_graph()
    q = ask(graph={"edges": [[str(a), str(b)] for a, b in club.edges]}).output["summary"]["modularity"]
    return [
        Measure(
            "adjusted Rand index", ari, "", data="5 planted groups of 30 (0.4 within, 0.02 between)", at_least=0.95
        ),
        Measure("modularity", q, "", data="Zachary's karate club (best known 0.4198)", at_least=0.40),
    ]
