"""The sun's height at solar noon by formula, the polar night, a north roof, and the usual yield of a clear day."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    def day(**p: object) -> tuple[list[dict], dict]:
        out = ask(problem={"longitude": -7.5, "kwp": 1, **p}).output
        return out["rows"], out["summary"]

    june, _ = day(latitude=40, date="2026-06-21")
    december, _ = day(latitude=40, date="2026-12-21")
    errors = [abs(max(r["elevation"] for r in june) - 73.4), abs(max(r["elevation"] for r in december) - 26.6)]
    _, night = day(latitude=80, date="2026-12-21")
    _, south = day(latitude=50, date="2026-03-21", tilt=40, azimuth=180)
    _, north = day(latitude=50, date="2026-03-21", tilt=40, azimuth=0)
    _, summer = day(latitude=50, date="2026-06-21", tilt=35)
    return [
        Measure("noon height error", max(errors), "°", data="solstices at 40° N: 73.4 and 26.6", at_most=0.5),
        Measure("yield in the polar night", night["kwh"], "kWh", data="80° N in December", at_most=0),
        Measure("north over south roof", north["kwh"] / south["kwh"], "", data="50° N at the equinox", at_most=0.5),
        Measure(
            "clear midsummer day off 6.5 kWh/kWp",
            abs(summer["kwh"] - 6.5),
            "kWh/kWp",
            data="50° N, typical clear day 6 to 7",
            at_most=0.8,
        ),
    ]
