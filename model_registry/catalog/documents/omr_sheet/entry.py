"""Finds round outlines of one size, sorts them into rows, and measures how dark each is inside."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, at_least, to_grey


def run(request: Request) -> Result:
    at_least(request.input["image"], 40)
    grey, choices = to_grey(request.input["image"]), request.parameters["choices"]
    ink = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 51, 12)
    bubbles = []
    for outline in cv2.findContours(ink, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]:
        x, y, wide, high = cv2.boundingRect(outline)
        area = cv2.contourArea(cv2.convexHull(outline))
        if 8 <= wide <= 120 and 0.75 < wide / high < 1.33 and 0.68 < area / (wide * high) < 0.9:
            bubbles.append((x + wide / 2, y + high / 2, (wide + high) / 4))
    if len(bubbles) < choices:
        raise InvalidInput("no rows of bubbles found", field="image")
    radius = float(np.median([b[2] for b in bubbles]))
    bubbles = [b for b in bubbles if abs(b[2] / radius - 1) < 0.3]
    rows: list[list[tuple[float, float, float]]] = []
    for bubble in sorted(bubbles, key=lambda b: b[1]):
        if rows and abs(np.mean([b[1] for b in rows[-1]]) - bubble[1]) < radius:
            rows[-1].append(bubble)
        else:
            rows.append([bubble])
    answers, warnings = [], []
    for row in rows:
        row.sort()
        if len(row) % choices:
            continue
        for start in range(0, len(row), choices):
            answers.append((row[start][0], row[start][1], [_darkness(ink, b) for b in row[start:start + choices]]))
    if not answers:
        raise InvalidInput(f"no row has {choices} bubbles", field="/parameters/choices")
    table = []
    for number, (_, _, dark) in enumerate(_in_columns(answers, radius), start=1):
        marked = [i for i, d in enumerate(dark) if d >= request.parameters["fill"]]
        answer = "".join(chr(65 + i) for i in marked)
        note = "blank" if not marked else "several" if len(marked) > 1 else ""
        if note:
            warnings.append(f"question {number}: {note}")
        table.append({"question": number, "answer": answer, "note": note,
                      "darkness": " ".join(f"{d:.2f}" for d in dark)})
    return Result({"columns": ["question", "answer", "note", "darkness"], "rows": table,
                   "summary": {"questions": len(table), "answered": sum(not r["note"] for r in table)}},
                  warnings=warnings[:20])


def _darkness(ink: np.ndarray, bubble: tuple[float, float, float]) -> float:
    """Share of ink in the inner 70% of a bubble."""
    x, y, radius = bubble
    inner = max(2, round(radius * 0.7))
    part = ink[max(0, round(y) - inner):round(y) + inner + 1, max(0, round(x) - inner):round(x) + inner + 1]
    return float((part > 0).mean()) if part.size else 0.0


def _in_columns(answers: list[tuple[float, float, list[float]]],
                radius: float) -> list[tuple[float, float, list[float]]]:
    """Column by column, each from top to bottom."""
    lefts: list[float] = []
    for x, _, _ in sorted(answers):
        if not lefts or x - lefts[-1] > 3 * radius:
            lefts.append(x)
    return sorted(answers, key=lambda a: (min(range(len(lefts)), key=lambda i: abs(lefts[i] - a[0])), a[1]))
