"""Every rule of a random month counted again, independently of the solver."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    staff = [{"name": f"p{i}", "off": [(3 * i) % 14, (5 * i + 1) % 14]} for i in range(9)]
    shifts = [
        {"name": "early", "needed": 2},
        {"name": "late", "needed": 2},
        {"name": "night", "needed": 1, "night": True},
    ]
    out = ask(problem={"days": 14, "shifts": shifts, "staff": staff}).output
    at = {(i["name"], i["start"]): i["resource"] for i in out["items"]}
    broken = len(out["items"]) - len(at)
    for day in range(14):
        for shift in shifts:
            broken += abs(sum(1 for (_, d), s in at.items() if d == day and s == shift["name"]) - shift["needed"])
    for person in staff:
        broken += sum((person["name"], d) in at for d in person["off"])
        broken += sum(
            at.get((person["name"], d)) == "night" and at.get((person["name"], d + 1)) in ("early", "late")
            for d in range(13)
        )
    loads = out["summary"]["shifts_each"].values()
    return [
        Measure("broken rules", broken, "", data="14 days, 9 people, 3 shifts", at_most=0),
        Measure("most minus least shifts", max(loads) - min(loads), "shifts", data="the same", at_most=1),
    ]
