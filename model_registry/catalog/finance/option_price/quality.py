"""Worked examples of textbooks, put-call parity, and greeks against differences."""

from __future__ import annotations

import math

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    def values(spot: float = 100.0, vol: float = 0.25, years: float = 0.7, **p: object) -> dict[str, float]:
        found = ask(
            spot=spot, strike=95.0, years=years, volatility=vol, parameters={"rate": 0.04, "yield": 0.015, **p}
        ).values
        return {name: float(value) for name, value in found.items()}

    hull = [
        abs(
            ask(spot=42, strike=40, years=0.5, volatility=0.2, parameters={"rate": 0.1, "kind": kind}).values["price"]
            - price
        )
        for kind, price in (("call", 4.76), ("put", 0.81))
    ]  # Hull, Options, Futures …, example 15.6
    call, put = values(), values(kind="put")
    parity = abs(call["price"] - put["price"] - (100 * math.exp(-0.015 * 0.7) - 95 * math.exp(-0.04 * 0.7)))
    step = 0.01
    up, down = values(spot=100 + step)["price"], values(spot=100 - step)["price"]
    greeks = [
        abs((up - down) / (2 * step) - call["delta"]),
        abs((up - 2 * call["price"] + down) / step**2 - call["gamma"]),
        abs(values(vol=0.255)["price"] - values(vol=0.245)["price"] - call["vega"]),
    ]
    implied = ask(spot=100.0, strike=95.0, years=0.7, price=call["price"], parameters={"rate": 0.04, "yield": 0.015})
    return [
        Measure(
            "error of the price",
            max(hull),
            "at most",
            data="Hull, Options, Futures and other Derivatives: call 4.76 and put 0.81",
            at_most=0.005,
        ),
        Measure("breach of put-call parity", parity, data="one contract with yield", at_most=1e-6),
        Measure(
            "error of delta, gamma and vega",
            max(greeks),
            "at most",
            method="central differences of the price",
            data="the same contract",
            at_most=1e-3,
        ),
        Measure(
            "error of the implied volatility",
            abs(implied.values["volatility"] - 0.25),
            at_most=1e-6,
            data="the same contract, back from its price",
        ),
    ]
