"""Clear-sky irradiance (Ineichen) on the array, cell temperature (Faiman) and the PVWatts model."""

from __future__ import annotations

import warnings as silenced

import pandas as pd

from model_registry.catalog_kit import InvalidInput, Request, Result

TURBIDITY = 3.0  # Linke turbidity of an average sky; the climatology file would need h5py at run time


def run(request: Request) -> Result:
    with silenced.catch_warnings():
        silenced.simplefilter("ignore")
        import pvlib

        p = request.input["problem"]
        try:
            hours = pd.date_range(p["date"], periods=24, freq="h", tz="UTC") + pd.Timedelta(minutes=30)
        except (ValueError, OverflowError):
            raise InvalidInput("not a date", field="problem/date") from None
        place = pvlib.location.Location(p["latitude"], p["longitude"], altitude=p.get("altitude", 100))
        sun = place.get_solarposition(hours)
        sky = place.get_clearsky(hours, model="ineichen", solar_position=sun, linke_turbidity=TURBIDITY)
        clear = p.get("clearness", 1.0)
        tilt = p.get("tilt", 30)
        azimuth = p.get("azimuth", 180 if p["latitude"] >= 0 else 0)
        # Clouds take the beam first: half of what is lost comes back as diffuse light.
        beam = sky["dni"] * clear
        diffuse = (sky["dhi"] + 0.5 * (sky["dni"] - beam) * pvlib.tools.cosd(sun["apparent_zenith"]).clip(lower=0)) * (
            0.5 + clear / 2
        )
        level = beam * pvlib.tools.cosd(sun["apparent_zenith"]).clip(lower=0) + diffuse
        plane = pvlib.irradiance.get_total_irradiance(
            tilt, azimuth, sun["apparent_zenith"], sun["azimuth"], beam, level, diffuse
        )
        light = plane["poa_global"].fillna(0.0).clip(lower=0)
        cell = pvlib.temperature.faiman(light, p.get("temperature", 20), 1.5)
        power = pvlib.pvsystem.pvwatts_dc(light, cell, p["kwp"], -0.0035) * (1 - p.get("losses", 0.14))
    rows = [
        {
            "hour": h.strftime("%H:%M"),
            "elevation": round(float(e), 3),
            "irradiance": round(float(g), 2),
            "cell_temperature": round(float(c), 2),
            "power_kw": round(max(float(k), 0.0), 5),
        }
        for h, e, g, c, k in zip(hours, sun["apparent_elevation"], light, cell, power, strict=True)
    ]
    return Result(
        {
            "columns": ["hour", "elevation", "irradiance", "cell_temperature", "power_kw"],
            "rows": rows,
            "summary": {
                "kwh": round(sum(r["power_kw"] for r in rows), 4),
                "peak_kw": max(r["power_kw"] for r in rows),
                "plane_kwh_per_m2": round(sum(r["irradiance"] for r in rows) / 1000, 4),
            },
        }
    )
