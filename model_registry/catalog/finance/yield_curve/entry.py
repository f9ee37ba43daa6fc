"""Bootstrap of a discount curve: simple deposits to one year, annual par swaps beyond."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq

from model_registry.catalog_kit import InvalidInput, Request, Result


def run(request: Request) -> Result:
    quotes = sorted(request.input["problem"]["quotes"], key=lambda q: q["years"])
    times, logs = [0.0], [0.0]
    if len({q["years"] for q in quotes}) != len(quotes):
        raise InvalidInput("two quotes have one term", field="problem/quotes")
    for i, quote in enumerate(quotes):
        years, rate = quote["years"], quote["rate"]
        if years <= 1:
            if 1 + rate * years <= 0:
                raise InvalidInput("the rate gives no positive discount factor", field=f"/input/problem/quotes/{i}")
            found = -math.log(1 + rate * years)
        else:
            if abs(years - round(years)) > 1e-9:
                raise InvalidInput("swaps need whole years", field=f"/input/problem/quotes/{i}/years")
            dates = np.arange(1, round(years) + 1)

            def error(end: float, at: float = years, dates: np.ndarray = dates, rate: float = rate) -> float:
                factors = np.exp(np.interp(dates, [*times, at], [*logs, end]))
                return float(rate * factors.sum() + factors[-1] - 1)

            try:
                found = brentq(error, -30.0, 10.0, xtol=1e-14)
            except ValueError:
                raise InvalidInput("no discount factor fits this swap", field=f"/input/problem/quotes/{i}") from None
        times.append(years)
        logs.append(found)
    rows = []
    for years in sorted({q["years"] for q in quotes} | set(range(1, math.floor(times[-1]) + 1))):
        log = float(np.interp(years, times, logs))
        before = float(np.interp(max(years - 1, 0), times, logs))
        rows.append({"years": years, "discount_factor": round(math.exp(log), 9),
                     "zero_rate": round(math.exp(-log / years) - 1, 9),
                     "forward_rate": round(math.exp(before - log) - 1, 9) if years >= 1 else None})
    return Result({"columns": ["years", "discount_factor", "zero_rate", "forward_rate"], "rows": rows,
                   "summary": {"knots": len(quotes)}})
