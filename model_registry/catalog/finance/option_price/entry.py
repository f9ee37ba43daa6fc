"""Black-Scholes-Merton: price and greeks, or the volatility that a price implies."""

from __future__ import annotations

from math import exp, log, sqrt

from scipy.optimize import brentq
from scipy.stats import norm

from model_registry.catalog_kit import InvalidInput, Request, Result


def price(s: float, k: float, t: float, r: float, q: float, vol: float, sign: int) -> float:
    """`sign` is 1 for a call and -1 for a put."""
    d1 = (log(s / k) + (r - q + vol**2 / 2) * t) / (vol * sqrt(t))
    d2 = d1 - vol * sqrt(t)
    return float(sign * (s * exp(-q * t) * norm.cdf(sign * d1) - k * exp(-r * t) * norm.cdf(sign * d2)))


def run(request: Request) -> Result:
    i, p = request.input, request.parameters
    s, k, t, r, q = i["spot"], i["strike"], i["years"], p["rate"], p["yield"]
    sign = 1 if p["kind"] == "call" else -1
    vol, quoted = i.get("volatility"), i.get("price")
    if (vol is None) == (quoted is None):
        raise InvalidInput("give either volatility or price", field="volatility")
    if vol is None:
        low, high = (price(s, k, t, r, q, v, sign) for v in (1e-4, 10.0))
        if not low < quoted < high:
            detail = f"no volatility gives this price; it must lie between {low:.6g} and {high:.6g}"
            raise InvalidInput(detail, field="price")
        vol = brentq(lambda v: price(s, k, t, r, q, v, sign) - quoted, 1e-4, 10.0, xtol=1e-12)
    d1 = (log(s / k) + (r - q + vol**2 / 2) * t) / (vol * sqrt(t))
    d2 = d1 - vol * sqrt(t)
    carry, discount, density = exp(-q * t), exp(-r * t), float(norm.pdf(d1))
    theta = (-s * carry * density * vol / (2 * sqrt(t)) + sign * q * s * carry * norm.cdf(sign * d1)
             - sign * r * k * discount * norm.cdf(sign * d2))
    found = (("price", price(s, k, t, r, q, vol, sign), ""), ("volatility", vol, "a year"),
             ("delta", sign * carry * norm.cdf(sign * d1), ""), ("gamma", carry * density / (s * vol * sqrt(t)), ""),
             ("vega", s * carry * density * sqrt(t) / 100, "for one point of volatility"),
             ("theta", theta / 365, "a day"),
             ("rho", sign * k * t * discount * norm.cdf(sign * d2) / 100, "for one point of rate"))
    return Result({"values": [{"name": n, "value": round(float(v), 8), "note": note} for n, v, note in found]})
