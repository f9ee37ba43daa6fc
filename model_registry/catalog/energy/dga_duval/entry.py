"""Duval triangle 1 by its zone limits."""

from __future__ import annotations

from model_registry.catalog_kit import InvalidInput, Request, Result

NAMES = {"PD": "partial discharge", "D1": "discharge of low energy", "D2": "discharge of high energy",
         "DT": "thermal and electrical fault", "T1": "thermal fault below 300 °C", "T2": "thermal fault 300 to 700 °C",
         "T3": "thermal fault above 700 °C"}


def zone(methane: float, ethylene: float, acetylene: float) -> str:
    """The zone of three shares in per cent."""
    if methane >= 98:
        return "PD"
    if acetylene < 4 and ethylene < 20:
        return "T1"
    if acetylene < 4 and ethylene < 50:
        return "T2"
    if acetylene < 15 and ethylene >= 50:
        return "T3"
    if acetylene >= 13 and ethylene < 23:
        return "D1"
    if acetylene >= 29 or (acetylene >= 13 and ethylene < 40):
        return "D2"
    return "DT"


def run(request: Request) -> Result:
    gases = {name: request.input[name] for name in ("methane", "ethylene", "acetylene")}
    total = sum(gases.values())
    if total <= 0:
        raise InvalidInput("at least one gas must be present", field="methane")
    shares = {name: 100 * value / total for name, value in gases.items()}
    code = zone(**shares)
    return Result({"verdict": f"{code}: {NAMES[code]}", "score": None, "checks": [
        {"name": name, "passed": None, "value": round(share, 2), "detail": "per cent of the three gases"}
        for name, share in shares.items()]})
