"""Stay points: a stop is a stretch that keeps within a radius for long enough."""

from __future__ import annotations

import datetime as dt
import math
from itertools import pairwise

from model_registry.catalog_kit import InvalidInput, Request, Result


def metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle distance (haversine)."""
    la, lb = math.radians(a[0]), math.radians(b[0])
    h = math.sin((lb - la) / 2) ** 2 + math.cos(la) * math.cos(lb) * math.sin(math.radians(b[1] - a[1]) / 2) ** 2
    return 2 * 6_371_008.8 * math.asin(min(math.sqrt(h), 1.0))


def seconds(value: object, i: int) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        moment = dt.datetime.fromisoformat(str(value))
    except ValueError:
        raise InvalidInput("seconds or an ISO time", field=f"/input/track/{i}/time") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()


def run(request: Request) -> Result:
    p, points = request.parameters, []
    for i, row in enumerate(request.input["track"]):
        at = row["lat"], row["lon"]
        if any(isinstance(v, bool) or not isinstance(v, int | float) for v in at) or not (
            -90 <= at[0] <= 90 and -180 <= at[1] <= 180
        ):
            raise InvalidInput("not a latitude and longitude", field=f"/input/track/{i}")
        now = seconds(row["time"], i)
        if points and now < points[-1][0]:
            raise InvalidInput("the points must be in order of time", field=f"/input/track/{i}/time")
        if points and metres(points[-1][1], at) > p["top_speed"] * max(now - points[-1][0], 1.0):
            continue  # a bad fix
        points.append((now, (float(at[0]), float(at[1]))))
    rows, i = [], 0
    while i < len(points):
        j = i + 1
        while j < len(points) and metres(points[i][1], points[j][1]) <= p["radius"]:
            j += 1
        stayed = points[j - 1][0] - points[i][0]
        if stayed >= p["minutes"] * 60:
            here = [q for _, q in points[i:j]]
            rows.append(
                {
                    "start": points[i][0],
                    "minutes": round(stayed / 60, 3),
                    "points": j - i,
                    "lat": round(sum(q[0] for q in here) / len(here), 6),
                    "lon": round(sum(q[1] for q in here) / len(here), 6),
                }
            )
            i = j
        else:
            i += 1
    travelled = sum(metres(a[1], b[1]) for a, b in pairwise(points))
    dropped = len(request.input["track"]) - len(points)
    return Result(
        {
            "columns": ["start", "minutes", "points", "lat", "lon"],
            "rows": rows,
            "summary": {
                "stops": len(rows),
                "distance_km": round(travelled / 1000, 4),
                "hours": round((points[-1][0] - points[0][0]) / 3600, 4),
            },
        },
        warnings=[f"{dropped} points were dropped: faster than the top speed"] if dropped else [],
    )
