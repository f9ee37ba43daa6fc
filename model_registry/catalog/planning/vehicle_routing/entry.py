"""Capacitated tours with optional time windows (OR-tools routing)."""

from __future__ import annotations

import math
from itertools import pairwise

from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from model_registry.catalog_kit import InvalidInput, Request, Result

SCALE = 100  # the solver counts in whole numbers: hundredths of the caller's unit
HORIZON = 1_000_000


def run(request: Request) -> Result:
    problem = request.input["problem"]
    stops, vehicles, capacity = problem["stops"], problem["vehicles"], problem["capacity"]
    points = [tuple(problem.get("depot") or (0.0, 0.0)), *((s["x"], s["y"]) for s in stops)]
    demands = [0, *(s.get("demand", 0) for s in stops)]
    for i, stop in enumerate(stops):
        if stop.get("ready", 0) > stop.get("due", HORIZON):
            raise InvalidInput("ready is after due", field=f"/input/problem/stops/{i}")
    matrix = [[round(math.dist(a, b) * SCALE) for b in points] for a in points]
    manager = pywrapcp.RoutingIndexManager(len(points), vehicles, 0)
    model = pywrapcp.RoutingModel(manager)
    travel = model.RegisterTransitCallback(
        lambda i, j: matrix[manager.IndexToNode(i)][manager.IndexToNode(j)])
    model.SetArcCostEvaluatorOfAllVehicles(travel)
    load = model.RegisterUnaryTransitCallback(lambda i: demands[manager.IndexToNode(i)])
    model.AddDimension(load, 0, capacity, True, "load")
    if any("ready" in s or "due" in s for s in stops):
        model.AddDimension(travel, HORIZON * SCALE, 2 * HORIZON * SCALE, False, "time")
        clock = model.GetDimensionOrDie("time")
        for node, stop in enumerate(stops, 1):
            window = clock.CumulVar(manager.NodeToIndex(node))
            window.SetRange(stop.get("ready", 0) * SCALE, stop.get("due", HORIZON) * SCALE)
    # Leaving a stop out costs more than any tour to it, so it happens only where it must.
    penalty = 4 * max(max(row) for row in matrix) + 1
    for node in range(1, len(points)):
        model.AddDisjunction([manager.NodeToIndex(node)], penalty * (len(stops) + 1))
    search = pywrapcp.DefaultRoutingSearchParameters()
    search.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PATH_CHEAPEST_ARC
    search.time_limit.seconds = 8
    if request.parameters["effort"] == "thorough":
        search.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
        search.time_limit.seconds = 2
    solution = model.SolveWithParameters(search)
    if solution is None:
        raise InvalidInput("no plan was found for this problem", field="problem")
    routes, visited = [], set()
    for vehicle in range(vehicles):
        index, tour = model.Start(vehicle), [0]
        while not model.IsEnd(index):
            index = solution.Value(model.NextVar(index))
            tour.append(manager.IndexToNode(index))
        if len(tour) > 2:
            visited.update(tour)
            length = sum(math.dist(points[a], points[b]) for a, b in pairwise(tour))
            routes.append({"vehicle": vehicle, "stops": tour, "distance": round(length, 3),
                           "load": sum(demands[n] for n in tour)})
    unserved = [n for n in range(1, len(points)) if n not in visited]
    warnings = [f"{len(unserved)} stops could not be served"] if unserved else []
    return Result({"routes": routes, "points": [list(p) for p in points], "unserved": unserved,
                   "distance": round(sum(float(str(r["distance"])) for r in routes), 3)}, warnings=warnings)
