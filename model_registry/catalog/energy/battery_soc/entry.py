"""Extended Kalman filter over charge and one RC voltage; the open-circuit curve is a table."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result

# Open-circuit voltage of an NMC cell at 0, 5, 10, 20 … 100 % (rounded from published curves).
OCV = (
    (0.0, 3.00),
    (0.05, 3.35),
    (0.1, 3.45),
    (0.2, 3.55),
    (0.3, 3.61),
    (0.4, 3.65),
    (0.5, 3.70),
    (0.6, 3.78),
    (0.7, 3.88),
    (0.8, 3.97),
    (0.9, 4.07),
    (1.0, 4.20),
)


def run(request: Request) -> Result:
    current, voltage, p = request.input["current"].values, request.input["voltage"].values, request.parameters
    if len(current) != len(voltage):
        raise InvalidInput("current and voltage must be of one length", field="voltage")
    if not 1.5 < float(np.median(voltage)) < 5:
        raise InvalidInput("the voltage of one cell, between 1.5 and 5 V, is needed", field="voltage")
    if float(np.abs(current).max()) > 100 * p["capacity_ah"]:
        raise InvalidInput("the current is above a hundred times the capacity", field="current")
    at, volts = (np.array(v) for v in zip(*OCV, strict=True))
    step, capacity = p["seconds"], 3600 * p["capacity_ah"]
    decay = float(np.exp(-step / p["tau"]))
    start = float(np.interp(voltage[0] + p["r0"] * current[0], volts, at)) if p["start"] < 0 else p["start"]
    state, error = np.array([start, 0.0]), np.diag([0.05**2 if p["start"] < 0 else p["start_error"] ** 2, 1e-4])
    noise, r = np.diag([1e-10 * step, 1e-7 * step]), p["voltage_noise"] ** 2
    move = np.diag([1.0, decay])
    rows = []
    for i, (amps, seen) in enumerate(zip(current, voltage, strict=True)):
        if i:
            state = np.array(
                [state[0] - current[i - 1] * step / capacity, decay * state[1] + p["r1"] * (1 - decay) * current[i - 1]]
            )
            error = move @ error @ move.T + noise
        soc = min(max(state[0], 0.0), 1.0)
        slope = float((np.interp(min(soc + 0.005, 1), at, volts) - np.interp(max(soc - 0.005, 0), at, volts)) / 0.01)
        expected = float(np.interp(soc, at, volts)) - state[1] - p["r0"] * amps
        gradient = np.array([max(slope, 0.05), -1.0])
        gain = error @ gradient / (gradient @ error @ gradient + r)
        state = state + gain * (seen - expected)
        state[0] = min(max(state[0], 0.0), 1.0)
        error = (np.eye(2) - np.outer(gain, gradient)) @ error
        rows.append(
            {"index": i, "soc": round(float(state[0]), 5), "error": round(float(2 * np.sqrt(max(error[0, 0], 0))), 5)}
        )
    every = max(len(rows) // 500, 1)
    return Result(
        {
            "columns": ["index", "soc", "error"],
            "rows": [*rows[::every], *([rows[-1]] if (len(rows) - 1) % every else [])],
            "summary": {"final_soc": rows[-1]["soc"], "charge_moved_ah": round(float(current.sum() * step / 3600), 6)},
        }
    )
