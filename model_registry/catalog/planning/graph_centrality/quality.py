"""Graphs whose centralities follow by formula: a star, a path and a directed ring."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    def scores(edges: list[list[str]], kind: str, directed: bool = False) -> dict[str, float]:
        out = ask(graph={"edges": edges}, parameters={"measure": kind, "directed": directed}).output
        return {n["id"]: n["score"] for n in out["nodes"]}

    star = scores([["hub", f"leaf{i}"] for i in range(9)], "betweenness")
    path = scores([[str(i), str(i + 1)] for i in range(6)], "betweenness")
    ring = scores([[str(i), str((i + 1) % 10)] for i in range(10)], "pagerank", directed=True)
    near = scores([["hub", f"leaf{i}"] for i in range(9)], "closeness")
    errors = [abs(star["hub"] - 1), *(abs(path[str(i)] - i * (6 - i) / 15) for i in range(7)),
              *(abs(r - 0.1) for r in ring.values()), abs(near["hub"] - 1), abs(near["leaf0"] - 9 / 17)]
    return [Measure("largest error", max(errors), "", data="star, path and ring by formula", at_most=1e-6)]
