"""Dijkstra's algorithm."""

from __future__ import annotations

import heapq
from itertools import pairwise

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    graph, start, goal = request.input["graph"], request.input["start"], request.input["goal"]
    for field, node in (("start", start), ("goal", goal)):
        if node not in graph["nodes"]:
            raise InvalidInput(f"{node} is not a node", field=field)
    near: dict[str, list[tuple[str, float]]] = {n: [] for n in graph["nodes"]}
    for a, b, weight in graph["edges"]:
        if weight < 0:
            raise InvalidInput("weights must be zero or more", field="graph")
        near[a].append((b, weight))
        if not request.parameters["directed"]:
            near[b].append((a, weight))
    best, before, queue = {start: 0.0}, {start: start}, [(0.0, start)]
    done: set[str] = set()
    while queue:
        length, node = heapq.heappop(queue)
        if node in done:
            continue
        done.add(node)
        if node == goal:
            break
        for other, weight in near[node]:
            if length + weight < best.get(other, float("inf")):
                best[other], before[other] = length + weight, node
                heapq.heappush(queue, (best[other], other))
    if goal not in done:
        raise InvalidInput("there is no path", field="goal")
    path = [goal]
    while path[-1] != start:
        path.append(before[path[-1]])
    path.reverse()
    on_path = set(path)
    return Result({
        "nodes": [{"id": n, "score": 1.0 if n in on_path else 0.0} for n in graph["nodes"]],
        "edges": [{"source": a, "target": b, "weight": round(best[b] - best[a], 9)}
                  for a, b in pairwise(path)],
        "path": path, "summary": {"length": round(best[goal], 9), "steps": len(path) - 1}})
