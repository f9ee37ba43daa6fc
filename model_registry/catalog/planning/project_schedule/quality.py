"""Plans whose least length follows by hand: a chain, and a resource that forces a queue."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    chain = [{"name": f"t{i}", "duration": i, **({"after": [f"t{i - 1}"]} if i > 1 else {})} for i in range(1, 7)]
    queue = [{"name": f"q{i}", "duration": 4, "needs": {"oven": 2}} for i in range(6)]
    one = ask(problem={"tasks": chain}).output["objective"]
    two = ask(problem={"tasks": queue, "resources": {"oven": 5}}).output["objective"]
    return [Measure("excess over the optimum", abs(one - 21) + abs(two - 12), "time units",
                    data="a chain of 1…6 (21) and six batches of 4 two at a time (12)", at_most=0)]
