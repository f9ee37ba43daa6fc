"""Events at an industrial site as a guard's camera, microphone and note have them: drawn, synthesised and written.

Each of the three fails often on its own: the camera looks the wrong way or it's dark, machines drown the sound, the
note says only that something is up. Smoke resembles steam, the drill's siren is the fire's, water hisses like steam.
The notes of `HELD_OUT` were written apart from those of `NOTES`; the second site's cameras and hall sound differ too.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from model_registry.catalog_kit.site_event import RATE, SECONDS

EVENTS = ("fire", "steam_leak", "water_leak", "break_in", "fire_drill", "delivery")
UNSEEN, UNHEARD, VAGUE = 0.3, 0.3, 0.3  # how often each of the three tells nothing
POINTS = int(RATE * SECONDS)

Array = NDArray[Any]
Picture = NDArray[np.uint8]

NOTES: dict[str, tuple[str, ...]] = {
    "fire": ("flames at the paint store, I have called the brigade", "something is burning behind the compressor",
             "bin in the smoking corner is on fire", "pallets are alight next to gate 2",
             "smell of burning and I see a glow",
             "the sorting machine caught fire", "fire on the roof near the solar panels",
             "a forklift battery is burning",
             "used the extinguisher but it flared up again", "black smoke comes out of the switch room"),
    "steam_leak": ("steam is blowing out of a flange in the boiler house",
                   "hot vapour at the heating pipe, area closed off",
                   "safety valve of the boiler lifts and lets off", "white cloud near the autoclave, it's only steam",
                   "steam line in the laundry has burst", "condensate trap is blowing, very loud",
                   "a gasket at the steam header has gone", "can't see a thing for vapour at the steriliser",
                   "scalding jet from the pipe bridge", "the dryer's steam hose came off"),
    "water_leak": ("water is running down the wall of hall 3", "the sprinkler pipe leaks and the floor is flooded",
                   "toilet overflowed, the corridor is under water", "a puddle grows beneath the cooling tower pump",
                   "tap in the kitchen was left on, all wet", "rain comes through the roof onto the racks",
                   "burst main outside the office, water everywhere", "the tank's overflow drips on the cables",
                   "hose of the dishwasher came loose and it's pouring", "basement is filling up with water"),
    "break_in": ("a window in the warehouse was smashed", "someone is climbing over the north fence",
                 "stranger with a torch in the tool store", "door of the office was forced with a crowbar",
                 "two men ran off when I shone the light", "the padlock of the container is cut",
                 "I hear somebody inside although all have gone home", "thieves are at the copper cable drums",
                 "glass on the floor and the drawers are open", "an unknown person hides behind the lorries"),
    "fire_drill": ("evacuation exercise, all staff at the assembly point",
                   "test of the alarm as announced this morning",
                   "people are walking out calmly, it's just a drill", "practice evacuation of the offices is running",
                   "the wardens count heads in the car park, exercise only", "siren test, no action needed",
                   "everyone gathers outside for the yearly rehearsal", "planned alarm, building is being emptied",
                   "school class takes part in the evacuation practice", "drill went fine, staff return to work"),
    "delivery": ("truck with steel coils is backing up to the ramp", "courier brings parcels for the lab",
                 "the tanker for nitrogen has arrived", "lorry from the haulier wants to unload at dock 4",
                 "van with spare parts at the gate, papers are fine", "the caterer delivers the lunch boxes",
                 "container is being set down in the yard", "driver asks where to put twelve pallets",
                 "furniture van reverses to the side entrance", "supplier drops off drums, signed for them"),
}
HELD_OUT: dict[str, tuple[str, ...]] = {
    "fire": ("Blaze in the waste press, fire service alerted at 22:14.", "Waste paper burns in the yard, spreading.",
             "Open flame seen by patrol at transformer 2.", "Cable duct smoulders, thick fumes.",
             "Extinguished a burning rag in the garage.", "Car in bay 9 ablaze."),
    "steam_leak": ("Vapour escaping at joint of high pressure line.", "Boiler 1 relief valve open, plume visible.",
                   "Hissing hot jet at the kettle, fitters informed.", "Pipe in the dye works lets out steam.",
                   "Heat exchanger gasket failed, mist in the aisle.", "Autoclave door not tight, steaming."),
    "water_leak": ("Ceiling drips in the archive, buckets put up.", "Flooding in lift pit, pump requested.",
                   "Wet floor following ruptured supply hose.", "Drain blocked, effluent rises in the yard.",
                   "Radiator leaks, carpet soaked.", "Fountain from the hydrant after collision."),
    "break_in": ("Intruder spotted on the premises, police on the way.",
                 "Pane of side entrance shattered, burglary suspected.",
                 "Fence cut open behind the depot.", "Unauthorised man in the cellar, fled.",
                 "Lock picked, cash box missing.", "Figures with masks at the loading bay after midnight."),
    "fire_drill": ("Exercise as scheduled, personnel leave the building.",
                   "Rehearsal of the emergency plan, no danger.",
                   "Trial alarm in block C, visitors informed.", "Mock evacuation, time taken six minutes.",
                   "Assembly point full, training only.", "False alarm on purpose, monthly check of the horns."),
    "delivery": ("HGV at ramp 3, goods receipt notified.", "Parcel service on site, two boxes.",
                 "Heating oil being brought, hose connected.", "Carrier unloads machines with crane.",
                 "Bakery van at the canteen.", "Trailer reversing, consignment note checked."),
}
NOTHING = (
    ("something is going on at gate 3, going to have a look", "please check camera 7",
     "alarm in sector B, cause unknown",
     "control room asks what is happening there", "on my way to hall 2", "got a call about a disturbance",
     "will report in five minutes", "cannot see much from here"),
    ("Event registered, patrol dispatched.", "Caller reports an incident, details to follow.",
     "Sector D to be inspected.",
     "Unclear situation, checking.", "Sensor triggered, reason not known.", "Standing by."),
)


def note(rng: np.random.Generator, event: str, *, other: bool = False) -> str:
    """A guard's line; at times one that says nothing of the event."""
    lines = NOTHING[other] if rng.random() < VAGUE else (HELD_OUT if other else NOTES)[event]
    return lines[int(rng.integers(len(lines)))]


def _blob(rng: np.random.Generator, picture: Picture, at: tuple[int, int], size: int, colour: tuple[int, ...],
          count: int) -> None:
    for _ in range(count):
        x, y = (int(v + rng.normal(0, size / 2)) for v in at)
        shade = rng.normal(0, 18)
        cv2.circle(picture, (x, y), int(rng.integers(size // 4 + 1, size // 2 + 3)),
                   tuple(int(np.clip(c + shade, 0, 255)) for c in colour), -1, cv2.LINE_AA)


def _person(picture: Picture, x: int, y: int, tall: int, colour: tuple[int, ...]) -> None:
    cv2.ellipse(picture, (x, y), (tall // 6, tall // 3), 0, 0, 360, colour, -1, cv2.LINE_AA)
    cv2.circle(picture, (x, y - tall * 2 // 5), tall // 9 + 1, (205, 165, 135), -1, cv2.LINE_AA)
    cv2.rectangle(picture, (x - tall // 9, y + tall // 4), (x + tall // 9, y + tall * 3 // 5), (45, 45, 60), -1)


def frame(rng: np.random.Generator, event: str, *, other: bool = False) -> Picture:
    """A camera frame of 160 × 120 pixels; at times of a place where nothing shows."""
    tint = rng.uniform(0.8, 1.1, 3) if other else rng.uniform(0.95, 1.05, 3)
    wall = rng.integers(120, 200) * rng.uniform(0.9, 1.05, 3)
    picture = np.full((120, 160, 3), np.clip(wall, 0, 255), np.uint8)
    horizon = int(rng.integers(50, 75))
    picture[horizon:] = np.clip(wall * rng.uniform(0.5, 0.8), 0, 255)
    for _ in range(int(rng.integers(1, 5))):  # crates, machines, doors
        x, y = int(rng.integers(0, 140)), int(rng.integers(horizon - 30, 90))
        colour = tuple(int(c) for c in rng.integers(50, 190, 3))
        cv2.rectangle(picture, (x, y), (x + int(rng.integers(10, 40)), y + int(rng.integers(10, 35))), colour, -1)
    x, y = int(rng.integers(35, 125)), int(rng.integers(60, 95))
    clothes = tuple(int(c) for c in rng.integers(30, 200, 3))
    light = rng.uniform(0.5, 1.1)
    if rng.random() < UNSEEN:
        light = rng.uniform(0.2, 1.1)
    elif event == "fire":
        _blob(rng, picture, (x, y - 30), 26, (95, 90, 90), 14)
        if rng.random() < 0.7:
            _blob(rng, picture, (x, y), 18, (235, 120, 25), 12)
            _blob(rng, picture, (x, y + 3), 9, (250, 220, 90), 8)
    elif event == "steam_leak":
        cv2.line(picture, (x - 40, y), (x + 40, y), (120, 120, 125), 5)
        _blob(rng, picture, (x, y - 18), 24, (150, 152, 155) if rng.random() < 0.4 else (215, 218, 222), 14)
    elif event == "water_leak":
        cv2.ellipse(picture, (x, 104), (int(rng.integers(20, 45)), int(rng.integers(5, 12))), 0, 0, 360,
                    (110, 135, 165), -1, cv2.LINE_AA)
        for drop in range(int(rng.integers(2, 8))):
            cv2.line(picture, (x + 3 * drop - 9, 40), (x + 3 * drop - 9, 100), (150, 170, 195), 1, cv2.LINE_AA)
    elif event == "break_in":
        light = rng.uniform(0.2, 0.6)
        _person(picture, x, y, int(rng.integers(35, 55)), (35, 35, 40))
        for _ in range(8 if rng.random() < 0.5 else 0):
            cv2.line(picture, (30, 30), (30 + int(rng.normal(0, 18)), 30 + int(rng.normal(0, 18))), (235, 240, 245), 1)
    elif event == "fire_drill":
        for _ in range(int(rng.integers(2, 8))):
            _person(picture, int(rng.integers(10, 150)), int(rng.integers(65, 95)), int(rng.integers(25, 45)),
                    tuple(int(c) for c in rng.integers(30, 230, 3)))
    else:
        cv2.rectangle(picture, (x - 35, y - 35), (x + 20, y + 10), clothes, -1)
        cv2.rectangle(picture, (x + 20, y - 18), (x + 36, y + 10), (70, 75, 85), -1)
        for wheel in (x - 22, x + 25):
            cv2.circle(picture, (wheel, y + 11), 7, (20, 20, 20), -1, cv2.LINE_AA)
        if rng.random() < 0.6:
            _person(picture, min(x + 48, 155), y, 32, (60, 80, 120))
    grain = rng.uniform(10, 30) if other else rng.uniform(2, 18)
    seen = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.4, 1.8))) * light * tint
    return np.clip(seen + rng.normal(0, grain, picture.shape), 0, 255).astype(np.uint8)


def _band(rng: np.random.Generator, low: float, high: float) -> Array:
    spectrum = np.fft.rfft(rng.normal(0, 1, POINTS))
    frequencies = np.fft.rfftfreq(POINTS, 1 / RATE)
    spectrum[(frequencies < low) | (frequencies > high)] = 0
    x = np.fft.irfft(spectrum, POINTS)
    return np.asarray(x / x.std())


def _siren(rng: np.random.Generator, t: Array) -> Array:
    low, beat = rng.uniform(450, 800), rng.uniform(0.8, 2)
    pitch = np.where((t * beat + rng.uniform()) % 1 < 0.5, low, low * rng.uniform(1.2, 1.5))
    return np.asarray(np.sign(np.sin(2 * np.pi * np.cumsum(pitch) / RATE)) * 0.7)


def sound(rng: np.random.Generator, event: str, *, other: bool = False) -> Array:
    """Two seconds at 16 kHz, peak 0.9; at times only the hall's hum."""
    t = np.arange(POINTS) / RATE
    hum = sum(np.sin(2 * np.pi * k * rng.uniform(48, 52) * t + rng.uniform(0, 6)) / k for k in range(1, 6))
    hall = hum * rng.uniform(0.2, 1) + _band(rng, 40, rng.uniform(1500, 4000) if other else rng.uniform(400, 2500))
    if rng.random() < UNHEARD:
        x = np.zeros(POINTS)
    elif event == "fire":
        hits = (rng.random(POINTS) < 30 / RATE) * rng.exponential(1, POINTS)
        x = np.convolve(hits, np.exp(-np.arange(200) / 25) * rng.normal(0, 1, 200))[:POINTS] + 0.2 * _band(rng, 80, 700)
        x = x + (_siren(rng, t) if rng.random() < 0.5 else 0)
    elif event == "steam_leak":
        x = _band(rng, rng.uniform(1500, 3500), 7900)
    elif event == "water_leak":
        x = _band(rng, rng.uniform(600, 2000), rng.uniform(5000, 7900))
        x = x * (1 + 0.5 * np.sin(2 * np.pi * rng.uniform(2, 6) * t))
        for _ in range(int(rng.integers(0, 8))):
            at, pitch = rng.uniform(0, 1.9), rng.uniform(900, 2000)
            later = np.maximum(t - at, 0)
            x = x + 3 * (t > at) * np.exp(-later * 45) * np.sin(2 * np.pi * (pitch + 3000 * later) * later)
    elif event == "break_in":
        x, at = 0.1 * _band(rng, 100, 500), rng.uniform(0.1, 1.3)
        later = np.maximum(t - at, 0)
        for _ in range(14):
            x = x + (t > at) * np.exp(-later * rng.uniform(8, 40)) * np.sin(2 * np.pi * rng.uniform(2500, 7500) * later)
    elif event == "fire_drill":
        murmur = _band(rng, 200, 2500) * np.abs(_band(rng, 1, 6))
        x = _siren(rng, t) * (rng.random() < 0.8) + murmur * rng.uniform(0.3, 1)
    else:
        beep = np.sin(2 * np.pi * rng.uniform(900, 1400) * t) * ((t * rng.uniform(1, 2) + rng.uniform()) % 1 < 0.5)
        x = beep * (rng.random() < 0.75) + _band(rng, 40, 250) * rng.uniform(0.5, 1.2)
    level = rng.uniform(-10, 5) if other else rng.uniform(-8, 15)
    mixed = x / (x.std() + 1e-9) * 10 ** (level / 20) * bool(x.any()) + hall / hall.std()
    return np.asarray(0.9 * mixed / np.abs(mixed).max())
