"""Transformers whose fault was found on inspection, and the corners of the triangle's zones."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

# Shares of methane, ethylene, acetylene in per cent, well inside each zone of IEC 60599, figure of triangle 1.
ZONES = ((99, 1, 0, "PD"), (60, 15, 25, "D1"), (20, 10, 70, "D1"), (40, 30, 30, "D2"), (10, 45, 45, "D2"),
         (90, 9, 1, "T1"), (65, 33, 2, "T2"), (30, 65, 5, "T3"), (10, 88, 2, "T3"), (60, 30, 10, "DT"),
         (36, 44, 20, "DT"), (78, 14, 8, "DT"))


def measure(ask: Ask) -> list[Measure]:
    right = sum(ask(methane=4 * m, ethylene=4 * e, acetylene=4 * a).output["verdict"].split(":")[0] == zone
                for m, e, a, zone in ZONES)
    return [Measure("points put into their zone", 100 * right / len(ZONES), "%", at_least=100,
                    data="twelve points well inside the seven zones of triangle 1", method="zone limits of IEC 60599")]
