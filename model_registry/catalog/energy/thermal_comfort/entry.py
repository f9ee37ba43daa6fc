"""Predicted mean vote by Fanger's heat balance (ISO 7730, annex D)."""

from __future__ import annotations

import math

from model_registry.catalog_kit import Request, Result


def pmv(air: float, radiant: float, speed: float, humidity: float, met: float, clo: float) -> float:
    vapour = humidity * 10 * math.exp(16.6536 - 4030.183 / (air + 235))
    insulation, heat = 0.155 * clo, met * 58.15
    area = 1.0 + 1.29 * insulation if insulation <= 0.078 else 1.05 + 0.645 * insulation
    forced = 12.1 * math.sqrt(speed)
    air_k, radiant_k = air + 273, radiant + 273
    guess = (air_k + (35.5 - air) / (3.5 * (6.45 * insulation + 0.1))) / 100
    p1 = insulation * area
    p2, p3, p4 = p1 * 3.96, p1 * 100, p1 * air_k
    p5 = 308.7 - 0.028 * heat + p2 * (radiant_k / 100) ** 4
    surface, convection = guess, forced
    for _ in range(150):
        middle = (surface + guess) / 2
        convection = max(forced, 2.38 * abs(100 * middle - air_k) ** 0.25)
        guess, surface = middle, (p5 + p4 * convection - p2 * middle**4) / (100 + p3 * convection)
        if abs(surface - guess) < 1e-5:
            break
    cloth = 100 * surface - 273
    loss = 3.05e-3 * (5733 - 6.99 * heat - vapour) + max(0.0, 0.42 * (heat - 58.15))
    loss += 1.7e-5 * heat * (5867 - vapour) + 0.0014 * heat * (34 - air)
    loss += 3.96 * area * (surface**4 - (radiant_k / 100) ** 4) + area * convection * (cloth - air)
    return (0.303 * math.exp(-0.036 * heat) + 0.028) * (heat - loss)


def run(request: Request) -> Result:
    i, p = request.input, request.parameters
    vote = pmv(i["air"], i["radiant"], i["speed"], i["humidity"], p["activity"], p["clothing"])
    share = 100 - 95 * math.exp(-0.03353 * vote**4 - 0.2179 * vote**2)
    grade = next((n for n, most in (("A", 0.2), ("B", 0.5), ("C", 0.7)) if abs(vote) <= most), "outside")
    warnings = [] if abs(vote) <= 2 else ["beyond ±2 the index is not valid"]
    return Result({"values": [{"name": "PMV", "value": round(vote, 3), "note": "-3 cold … +3 hot"},
                              {"name": "PPD", "value": round(share, 2), "unit": "%"},
                              {"name": "category", "value": grade, "note": "ISO 7730"}]}, warnings=warnings)
