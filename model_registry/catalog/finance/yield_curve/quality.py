"""Each par swap priced again from the answered discount factors must be worth nothing; a flat curve stays flat."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    quotes = [{"years": 1, "rate": 0.03}, {"years": 2, "rate": 0.033}, {"years": 3, "rate": 0.035},
              {"years": 7, "rate": 0.039}, {"years": 12, "rate": 0.041}]
    factor = {r["years"]: r["discount_factor"] for r in ask(problem={"quotes": quotes}).output["rows"]}
    worth = max(abs(q["rate"] * sum(factor[k] for k in range(1, q["years"] + 1)) + factor[q["years"]] - 1)
                for q in quotes)
    flat = ask(problem={"quotes": [{"years": y, "rate": 0.05} for y in (1, 2, 5, 10)]}).output["rows"]
    return [Measure("largest swap value", worth, "per 1", data="5 quotes priced again", at_most=1e-8),
            Measure("deviation of a flat curve", max(abs(r["zero_rate"] - 0.05) for r in flat), "", data="5 % flat",
                    at_most=1e-8)]
