"""A closed tour over points: cheapest arc, then guided local search for a bounded time (OR-tools)."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from ortools.constraint_solver import pywrapcp, routing_enums_pb2
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import pdist, squareform

from model_registry.catalog_kit import InvalidInput, Request, Result

SCALE = 1_000_000  # the solver counts whole numbers: the widest distance becomes this


def run(request: Request) -> Result:
    points = [tuple(map(float, p)) for p in request.input["problem"]["points"]]
    apart = squareform(pdist(np.array(points)))
    widest = float(apart.max())
    if widest == 0:
        raise InvalidInput("all points are one point", field="problem/points")
    matrix = np.rint(apart / widest * SCALE).astype(int).tolist()
    manager = pywrapcp.RoutingIndexManager(len(points), 1, 0)
    model = pywrapcp.RoutingModel(manager)
    travel = model.RegisterTransitCallback(
        lambda i, j: matrix[manager.IndexToNode(i)][manager.IndexToNode(j)])
    model.SetArcCostEvaluatorOfAllVehicles(travel)
    search = pywrapcp.DefaultRoutingSearchParameters()
    search.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PATH_CHEAPEST_ARC
    if request.parameters["effort"] == "thorough":
        search.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
        search.time_limit.FromMilliseconds(1500)
    else:
        search.time_limit.FromMilliseconds(3000)
    solution = model.SolveWithParameters(search)
    if solution is None:
        raise InvalidInput("no tour was found in time", field="problem")
    tour, index = [0], model.Start(0)
    while not model.IsEnd(index):
        index = solution.Value(model.NextVar(index))
        tour.append(manager.IndexToNode(index))
    length = sum(math.dist(points[a], points[b]) for a, b in pairwise(tour))
    tree = float(minimum_spanning_tree(apart).sum())
    return Result({"routes": [{"vehicle": 0, "stops": tour, "distance": round(length, 6), "load": 0}],
                   "points": [list(p) for p in points], "distance": round(length, 6), "unserved": []},
                  warnings=[f"no tour is shorter than {tree:.6g}"] if tree > 0 else [])
