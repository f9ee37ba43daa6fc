"""Graphs of known chromatic number: odd cycles, complete and bipartite graphs, Mycielski's and Petersen's."""

from __future__ import annotations

import networkx as nx

from model_registry.catalog_kit.quality import Ask, Measure

KNOWN = [(nx.cycle_graph(11), 3), (nx.complete_graph(7), 7), (nx.complete_bipartite_graph(6, 9), 2),
         (nx.petersen_graph(), 3), (nx.mycielski_graph(5), 5), (nx.karate_club_graph(), 5)]


def measure(ask: Ask) -> list[Measure]:
    excess = clashes = 0
    for graph, slots in KNOWN:
        out = ask(graph={"edges": [[str(a), str(b)] for a, b in graph.edges]}).output
        group = {n["id"]: n["group"] for n in out["nodes"]}
        clashes += sum(group[str(a)] == group[str(b)] for a, b in graph.edges)
        excess += out["summary"]["slots"] - slots
    return [Measure("slots above the least", excess, "", data="6 graphs of known chromatic number", at_most=0),
            Measure("clashes", clashes, "", data="the same", at_most=0)]
