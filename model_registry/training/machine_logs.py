"""Logs of a machine with a bearing, simulated: what control, operators and maintenance write in the hours before.

Two plants word things differently. Nets learn from the first and are also measured on the second. A log hints at the
state in part of the cases only, often at no more than "the bearing", and now and then at something long repaired.
"""

from __future__ import annotations

import numpy as np

STATES = ("normal", "outer_race", "inner_race", "ball", "imbalance", "misalignment")
HINTED, MISLED, VAGUE = 0.65, 0.2, 0.5  # chance of a hint, of a misleading line, of a hint that fits any bearing fault

USUAL = (
    ("shift handover without remarks", "order {n} started", "tool change on station {n}", "daily checklist completed",
     "ambient temperature {n} C", "speed setpoint changed to {n} rpm", "operator {n} logged on", "batch {n} finished",
     "lamp test passed", "compressed air pressure {n} bar", "door opened and closed", "material refilled at feeder {n}",
     "backup of controller parameters done", "motor current {n} A within limits", "cleaning of the hall finished",
     "light barrier interrupted, acknowledged", "network time synchronised", "stop for lunch break",
     "quality sample {n} taken, fine", "conveyor restarted after blockage"),
    ("team change, nothing special", "job no. {n} running", "recipe {n} loaded", "housekeeping round ok",
     "user {n} signed in at panel", "lot complete, {n} pieces", "air supply steady", "hatch closed again",
     "hopper topped up", "drive draws {n} A", "pause until {n}:00", "specimen {n} passed inspection"),
)
HINTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "bearing": (
        ("bearing temperature at drive end {n} C, rising", "rumbling noise from the bearing housing",
         "grease coming out of the bearing is black", "regreasing interval exceeded by {n} hours",
         "shock pulse reading doubled since last round", "grinding sound heard near the bearing",
         "ultrasound level at bearing {n} dB above baseline", "metal particles found in the lubricant",
         "bearing is hot to the touch", "vibration warning high frequency band"),
        ("pillow block unusually warm", "growling from the roller bearing", "lube looks dirty, shiny specks in it",
         "acceleration envelope alarm level {n}", "overdue lubrication, work order {n}", "squeal at the bearing seat")),
    "normal": (
        ("all readings normal", "machine runs quietly", "vibration round done, values as last month",
         "no findings at the weekly inspection", "bearing replaced last week, running smoothly",
         "thermography without anomalies"),
        ("everything ok, runs like clockwork", "patrol found nothing", "levels same as ever, no action",
         "new bearing behaves well")),
    "outer_race": (
        ("machine stood still for {n} weeks next to the shaker, marks suspected in the outer ring",
         "housing bore measured out of round", "bearing seat in the housing is worn, outer ring turns",
         "water got into the lower half of the bearing housing",
         "outer ring shows a spot in the load zone at endoscopy",
         "steady knocking that does not change over a revolution"),
        ("static ring damaged by standstill marks", "cup loose in its bore", "regular ticking, constant loudness",
         "corrosion on the stationary race after flooding")),
    "inner_race": (
        ("inner ring was heated unevenly when fitted", "shaft seat of the bearing is undersized, ring creeps",
         "knocking that swells and fades once per revolution", "crack suspected in the inner ring after press fit",
         "bearing was mounted with hammer blows on the inner ring",
         "current passage through the shaft, fluting on the inner race"),
        ("cone slips on the journal", "ticking gets louder and softer with each turn",
         "rotating race probably cracked at installation", "tight fit on the shaft, ring overstressed")),
    "ball": (
        ("rolling elements skid at low load", "dent on a ball seen when the cage was turned by hand",
         "hard particles went through the bearing with the grease", "rattling that comes and goes with the cage",
         "cage pocket worn, balls have play", "spalled ball found in a sister machine of the same lot"),
        ("rollers sliding, load too small", "foreign grit rolled over", "intermittent clatter from the separator",
         "pitted rolling element likely")),
    "imbalance": (
        ("dust cake on the fan wheel", "a piece of the impeller blade broke off",
         "balancing weight missing on the rotor",
         "shaking grows with speed", "rotor was cleaned on one side only", "vibration once per turn, mostly radial",
         "impeller replaced, field balancing not done"),
        ("build-up on blades, one flake came loose", "wheel wobbles at full speed", "trim weight lost",
         "heavy spot on rotor, needs balancing")),
    "misalignment": (
        ("coupling replaced, alignment not checked", "rubber crumbs beneath the coupling",
         "motor feet retightened, shims missing", "axial vibration at twice running speed",
         "pipe strain moved the pump after the repair", "coupling guard is warm, insert worn",
         "laser alignment outstanding since the motor was swapped"),
        ("shafts not in line after motor exchange", "elastomer spider shredded", "soft foot at front left",
         "offset of the halves visible by eye")),
}
BEARING = ("outer_race", "inner_race", "ball")


def simulate_log(rng: np.random.Generator, state: str, *, plant: int = 0) -> list[str]:
    """4 to 12 lines, the latest last. `plant` 1 words everything in its own way."""

    def line(of: tuple[str, ...]) -> str:
        return of[int(rng.integers(len(of)))].replace("{n}", str(int(rng.integers(1, 99))))

    def hint(of: str) -> str:
        vague = of in BEARING and rng.random() < VAGUE
        return line(HINTS["bearing" if vague else of][plant])

    lines = [line(USUAL[plant]) for _ in range(int(rng.integers(4, 10)))]
    hints = [hint(state) for _ in range(int(rng.integers(1, 3)))] if rng.random() < HINTED else []
    if rng.random() < MISLED:
        hints.append(hint(STATES[int(rng.integers(len(STATES)))]))
    for text in hints:
        lines.insert(int(rng.integers(len(lines) + 1)), text)
    return lines
