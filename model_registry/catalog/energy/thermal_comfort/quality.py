"""The table of worked examples in ISO 7730:2005, annex D."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

# Air, radiant temperature, speed, humidity, met, clo, PMV
TABLE = (
    (22.0, 22.0, 0.10, 60, 1.2, 0.5, -0.75),
    (27.0, 27.0, 0.10, 60, 1.2, 0.5, 0.77),
    (27.0, 27.0, 0.30, 60, 1.2, 0.5, 0.44),
    (23.5, 25.5, 0.10, 60, 1.2, 0.5, -0.01),
    (23.5, 25.5, 0.30, 60, 1.2, 0.5, -0.55),
    (19.0, 19.0, 0.10, 40, 1.2, 1.0, -0.60),
    (27.0, 27.0, 0.10, 40, 1.2, 1.0, 1.13),
    (27.0, 27.0, 0.30, 40, 1.2, 1.0, 0.95),
)


def measure(ask: Ask) -> list[Measure]:
    errors = [
        abs(
            ask(air=a, radiant=r, speed=v, humidity=h, parameters={"activity": met, "clothing": clo}).values["PMV"]
            - vote
        )
        for a, r, v, h, met, clo, vote in TABLE
    ]
    return [
        Measure("error of PMV", max(errors), "at most", at_most=0.1, data="eight examples of ISO 7730:2005, annex D")
    ]
