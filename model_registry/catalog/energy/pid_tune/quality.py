"""Processes of known gain, time constant and dead time, under noise; and the loop closed with the settings."""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure


def loop(kp: float, ti: float, gain: float, tau: float, dead: float) -> float:
    """Overshoot of the closed loop on a step of the setpoint."""
    dt, y, integral, seen = 0.05, 0.0, 0.0, []
    queue = [0.0] * int(dead / dt)
    for _ in range(int(20 * (tau + dead) / dt)):
        error = 1 - y
        integral += error * dt
        queue.append(kp * (error + integral / ti))
        y += dt * (gain * queue.pop(0) - y) / tau
        seen.append(y)
    return max(seen) - 1 if abs(seen[-1] - 1) < 0.05 else float("inf")


def measure(ask: Ask) -> list[Measure]:
    errors, over = [], []
    for seed, (gain, tau, dead) in enumerate(((2.0, 15.0, 5.0), (-0.5, 8.0, 2.0), (1.0, 4.0, 4.0), (3.0, 30.0, 3.0))):
        rng = np.random.default_rng(seed)
        t = np.arange(200) * 0.5 * tau / 10
        y = 5 + 1.5 * gain * (1 - np.exp(-np.maximum(t - dead, 0) / tau)) + rng.normal(0, 0.01 * abs(gain), 200)
        v = ask(
            response=[5.0] * 10 + y.tolist(), parameters={"seconds": 0.05 * tau, "step_at": 10, "step_size": 1.5}
        ).values
        errors += [abs(v["gain"] / gain - 1), abs(v["time_constant"] / tau - 1), abs(v["dead_time"] / dead - 1)]
        over.append(loop(v["simc_kp"], v["simc_ti"], gain, tau, dead))
    return [
        Measure("largest relative error", max(errors), "", data="4 processes under 1 % noise", at_most=0.06),
        Measure("overshoot of the closed loop", max(over), "", data="the same, with the SIMC settings", at_most=0.15),
    ]
