"""Splits the display into digits and looks which of seven places are lit."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, at_least, shrink, to_grey, value_list

LONGEST = 640
# top, upper left, upper right, middle, lower left, lower right, bottom
DIGITS = {"1110111": "0", "0010010": "1", "1011101": "2", "1011011": "3", "0111010": "4", "1101011": "5",
          "1101111": "6",
          "1010010": "7", "1111111": "8", "1111011": "9", "0101111": "6", "1111010": "9", "1110010": "7",
          "0001000": "-"}
PLACES = ((0.3, 0.7, 0.0, 0.16), (0.0, 0.3, 0.16, 0.42), (0.7, 1.0, 0.16, 0.42), (0.3, 0.7, 0.42, 0.58),
          (0.0, 0.3, 0.58, 0.84), (0.7, 1.0, 0.58, 0.84), (0.3, 0.7, 0.84, 1.0))


def run(request: Request) -> Result:
    at_least(request.input["image"], 16)
    grey = to_grey(shrink(request.input["image"], LONGEST)[0])
    wanted = request.parameters["polarity"]
    readings = [_read(255 - grey if kind == "dark" else grey) for kind in ("bright", "dark") if wanted in ("auto",
                                                                                                           kind)]
    text, score = max(readings, key=lambda r: (r[1] * len(r[0].strip("?.")), r[1]))
    if not text.strip("?.-"):
        raise InvalidInput("no seven-segment digits found", field="image")
    number = None if "?" in text or text.count(".") > 1 else float(text)
    return Result({"values": value_list(text=text, number=number, clearness=round(score, 3))},
                  warnings=["some digits are unsure and shown as ?"] if "?" in text else [])


def _read(grey: np.ndarray) -> tuple[str, float]:
    """The text and the share of clear segments, for bright digits on dark."""
    _, lit = cv2.threshold(cv2.GaussianBlur(grey, (0, 0), 1), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    if not 0.02 < lit.mean() / 255 < 0.6:
        return "", 0.0
    # Segments of one digit are closer to each other than digits are: join them upwards first.
    high = int(np.ptp(np.flatnonzero(lit.any(axis=1)))) + 1
    joined = cv2.morphologyEx(lit, cv2.MORPH_CLOSE, np.ones((max(3, high // 5), max(3, high // 16)), np.uint8))
    boxes = [tuple(int(v) for v in s[:4]) for s in cv2.connectedComponentsWithStats(joined)[2][1:] if s[4] > 12]
    tall = max((b[3] for b in boxes), default=0)
    digits = [b for b in boxes if b[3] > 0.6 * tall or (b[2] > 0.25 * tall and b[3] < 0.35 * tall)]
    wide = float(np.median([b[2] for b in digits if b[3] > 0.6 * tall])) if digits else 0.0
    wide = max([wide, *[float(b[2]) for b in digits]])
    top = min((b[1] for b in digits if b[3] > 0.6 * tall), default=0)
    text, clear = "", []
    for x, y, w, h in sorted(boxes):
        if h < 0.3 * tall:
            if w < 0.4 * tall and y > top + 0.7 * tall and w < 0.6 * wide:
                text += "."
            elif 0.25 * tall < w and abs(y + h / 2 - top - tall / 2) < 0.15 * tall:
                text += "-"
            continue
        if h < 0.6 * tall:
            continue
        if w < 0.45 * wide and h / w > 2.5:
            text += "1"
            clear.append(1.0)
            continue
        cell = lit[top:top + tall, max(0, round(x + w - max(w, 0.9 * wide))):x + w] > 0
        shares = [float(cell[round(a * tall):max(round(a * tall) + 1, round(b * tall)),
                             round(c * cell.shape[1]):max(round(c * cell.shape[1]) + 1,
                                                          round(d * cell.shape[1]))].mean())
                  for c, d, a, b in PLACES]
        text += DIGITS.get("".join("1" if s > 0.45 else "0" for s in shares), "?")
        clear.append(float(np.mean([min(1.0, abs(s - 0.45) / 0.3) for s in shares])))
    return text, float(np.mean(clear)) if clear else 0.0
