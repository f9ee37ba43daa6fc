"""A textbook network, and random projects against the longest path found by trying all paths."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def longest(name: str, tasks: dict[str, tuple[int, list[str]]]) -> int:
    duration, after = tasks[name]
    return duration + max((longest(a, tasks) for a in after), default=0)


def measure(ask: Ask) -> list[Measure]:
    random, gaps, slack = np.random.default_rng(0), [], []
    for size in (6, 9, 12):
        tasks = {f"t{i}": (int(random.integers(1, 20)), [f"t{j}" for j in range(i) if random.random() < 0.3])
                 for i in range(size)}
        asked = {"tasks": [{"name": n, "duration": d, "after": a} for n, (d, a) in tasks.items()]}
        found = ask(problem=asked).output
        gaps.append(abs(found["objective"] - max(longest(n, tasks) for n in tasks)))
        # A task's slack is how much longer it can take without moving the end.
        for item in found["items"]:
            duration, after = tasks[item["name"]]
            for extra, moves in ((item["slack"], False), (item["slack"] + 1, True)):
                longer = {**tasks, item["name"]: (int(duration + extra), after)}
                slack.append((max(longest(n, longer) for n in longer) > found["objective"]) != moves)
    return [Measure("error of the project's end", max(gaps), data="three random projects of 6 to 12 tasks", at_most=0,
                    method="all paths tried"),
            Measure("wrong slacks", sum(slack), data="the same", at_most=0,
                    method="each task made longer by its slack, and by one more")]
