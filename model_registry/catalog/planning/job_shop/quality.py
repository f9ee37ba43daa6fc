"""Published instances whose optimum is proved."""

from __future__ import annotations

from itertools import pairwise

from model_registry.catalog_kit.quality import Ask, Measure

# Machine and duration in turn for each job: Fisher and Thompson 1963, six jobs on six machines, optimum 55.
FT06 = ("2 1 0 3 1 6 3 7 5 3 4 6", "1 8 2 5 4 10 5 10 0 10 3 4", "2 5 3 4 5 8 0 9 1 1 4 7", "1 5 0 5 2 5 3 3 4 8 5 9",
        "2 9 1 3 4 5 5 4 0 3 3 1", "1 3 3 3 5 9 0 10 4 4 2 1")


def measure(ask: Ask) -> list[Measure]:
    jobs = []
    for number, line in enumerate(FT06):
        values = [int(v) for v in line.split()]
        steps = [{"machine": f"m{m}", "duration": d} for m, d in zip(values[::2], values[1::2], strict=True)]
        jobs.append({"name": f"job{number}", "steps": steps})
    found = ask(problem={"jobs": jobs}).output
    overlaps = 0
    for machine in {item["resource"] for item in found["items"]}:
        spans = sorted((i["start"], i["end"]) for i in found["items"] if i["resource"] == machine)
        overlaps += sum(a[1] > b[0] for a, b in pairwise(spans))
    order = 0
    for job in jobs:
        mine = {i["name"]: i for i in found["items"] if i["name"].startswith(f"{job['name']} ")}
        row = [mine[f"{job['name']} {n}"] for n in range(1, 7)]
        order += sum(a["end"] > b["start"] for a, b in pairwise(row))
    return [Measure("makespan above the optimum", found["objective"] - 55, "of 55", at_most=0,
                    data="FT06, Fisher and Thompson 1963"),
            Measure("broken rules", overlaps + order, data="the same", at_most=0,
                    method="two steps on a machine at once, or a step before its predecessor's end")]
