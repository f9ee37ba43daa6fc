"""Years kept out of published series, against the seasonal naive forecast; how often the band holds the truth."""

from __future__ import annotations

import numpy as np
import statsmodels.datasets

from model_registry.catalog_kit.quality import Ask, Measure

# International airline passengers, thousands a month, 1949 to 1960 (Box and Jenkins).
AIR = """
112 118 132 129 121 135 148 148 136 119 104 118 115 126 141 135 125 149 170 170 158 133 114 140
145 150 178 163 172 178 199 199 184 162 146 166 171 180 193 181 183 218 230 242 209 191 172 194
196 196 236 235 229 243 264 272 237 211 180 201 204 188 235 227 234 264 302 293 259 229 203 229
242 233 267 269 270 315 364 347 312 274 237 278 284 277 317 313 318 374 413 405 355 306 271 306
315 301 356 348 355 422 465 467 404 347 305 336 340 318 362 348 363 435 491 505 404 359 310 337
360 342 406 396 420 472 548 559 463 407 362 405 417 391 419 461 472 535 622 606 508 461 390 432
"""


def held_out(ask: Ask, series: np.ndarray, year: int) -> tuple[float, float, float]:
    """Mean absolute percentage error a year ahead, that of the same months a year before, and the band's coverage."""
    end = len(series) - 12 * year
    truth = series[end : end + 12]
    steps = ask(series=series[:end].tolist(), parameters={"horizon": 12, "season": 12}).output["forecast"]
    value, low, high = (np.array([step[name] for step in steps]) for name in ("value", "lower", "upper"))
    wrong, naive = (float(np.mean(np.abs(f / truth - 1))) for f in (value, series[end - 12 : end]))
    return wrong, naive, float(np.mean((low <= truth) & (truth <= high)))


def measure(ask: Ask) -> list[Measure]:
    carbon = statsmodels.datasets.co2.load_pandas().data["co2"].resample("MS").mean().interpolate().to_numpy()
    found = np.array(
        [held_out(ask, np.array(AIR.split(), float), year) for year in (1, 2, 3)]
        + [held_out(ask, carbon[-240:], year) for year in (1, 2)]
    )
    error, naive, cover = found.mean(axis=0)
    data = "last three years of air passengers 1949 to 1960, last two of CO2 at Mauna Loa, each a year ahead"
    return [
        Measure("mean absolute percentage error", 100 * error, "%", data=data, at_most=6),
        Measure("that of the seasonal naive forecast", 100 * naive, "%", data=data),
        Measure("truth within the band of 90%", 100 * cover, "% of months", data=data, at_least=70),
    ]
