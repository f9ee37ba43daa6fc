"""A small drawing of what a task returns, seeded by the model's name: cards look distinct without a picture."""

from __future__ import annotations

import random
from functools import lru_cache
from math import cos, sin, tau

STROKE = 'fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"'


def _bar(x: float, y: float, w: float, h: float, opacity: float, r: float = 3) -> str:
    return f'<rect x="{x:.0f}" y="{y:.0f}" width="{w:.0f}" height="{h:.0f}" rx="{r}" fill="currentColor" opacity="{opacity}"/>'  # noqa: E501


def _walk(rng: random.Random, count: int = 48) -> list[tuple[float, float]]:
    phase, wave = rng.random() * tau, rng.uniform(1.5, 3.5)
    return [
        (44 + i * 232 / (count - 1), 50 + 14 * sin(phase + i / count * tau * wave) + rng.uniform(-4, 4))
        for i in range(count)
    ]


def _path(points: list[tuple[float, float]], extra: str = "") -> str:
    return f'<path d="M{" ".join(f"{x:.1f} {y:.1f}" for x, y in points)}" {STROKE} {extra}/>'


def _boxes(rng: random.Random) -> str:
    parts = []
    for i in range(3):
        x, y, w, h = 58 + i * 76, rng.uniform(20, 30), rng.uniform(36, 52), rng.uniform(36, 48)
        parts.append(_bar(x + 8, y + 8, w - 16, h - 16, 0.5 if i == 0 else 0.25, rng.choice([4, 10, 18])))
        for cx, cy, dx, dy in ((x, y, 1, 1), (x + w, y, -1, 1), (x, y + h, 1, -1), (x + w, y + h, -1, -1)):
            parts.append(f'<path d="M{cx:.0f} {cy + 9 * dy:.0f}V{cy:.0f}H{cx + 9 * dx:.0f}" {STROKE}/>')
    return "".join(parts)


def _points(rng: random.Random) -> str:
    joints = [
        (160 + cos(i * tau / 11) * rng.uniform(30, 70), 48 + sin(i * tau / 11) * rng.uniform(18, 34)) for i in range(11)
    ]
    dots = "".join(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="3.5" fill="currentColor"/>' for x, y in joints)
    return _path([*joints, joints[0]], 'opacity=".4"') + dots


def _blob(rng: random.Random) -> str:
    shapes = []
    for cx in (112, 208):
        ring = [
            (cx + cos(i * tau / 14) * rng.uniform(22, 34), 48 + sin(i * tau / 14) * rng.uniform(22, 32))
            for i in range(14)
        ]
        d = " ".join(f"{x:.0f} {y:.0f}" for x, y in ring)
        shapes.append(f'<path d="M{d}Z" fill="currentColor" opacity=".22"/><path d="M{d}Z" {STROKE}/>')
    return "".join(shapes)


def _scores(rng: random.Random) -> str:
    lengths = [rng.uniform(130, 175), rng.uniform(50, 90), rng.uniform(15, 45), rng.uniform(8, 20)]
    return "".join(
        _bar(70, 18 + i * 17, 180, 8, 0.12, 4) + _bar(70, 18 + i * 17, w, 8, 1 if i == 0 else 0.45, 4)
        for i, w in enumerate(lengths)
    )


def _page(rng: random.Random) -> str:
    hit = rng.randrange(4)
    rows = "".join(_bar(94, 24 + i * 13, rng.uniform(60, 128), 5, 0.3, 2) for i in range(5))
    return (
        _bar(78, 12, 164, 84, 0.1, 5)
        + rows
        + f'<rect x="89" y="{19 + hit * 13}" width="140" height="14" rx="3" {STROKE}/>'
    )


def _words(rng: random.Random) -> str:
    parts = []
    for row in range(4):
        x = 54.0
        while x < 256:
            width, hit = min(rng.uniform(16, 46), 268 - x), rng.random() < 0.28
            parts.append(_bar(x, 20 + row * 16 - hit, width, 9 if hit else 6, 0.95 if hit else 0.2))
            x += width + 7
    return "".join(parts)


def _wave(rng: random.Random) -> str:
    a = rng.randrange(8, 20)
    return "".join(
        _bar(
            48 + i * 6,
            48 - (h := rng.uniform(4, 30) * (1 if a <= i < a + 12 else 0.55)),
            3,
            2 * h,
            1 if a <= i < a + 12 else 0.35,
            1.5,
        )
        for i in range(38)
    )


def _forecast(rng: random.Random) -> str:
    points = _walk(rng)
    ahead = points[32:]
    band = [
        *((x, y - 4 - i) for i, (x, y) in enumerate(ahead)),
        *((x, y + 4 + i) for i, (x, y) in reversed(list(enumerate(ahead)))),
    ]
    return (
        f'<path d="M{" ".join(f"{x:.1f} {y:.1f}" for x, y in band)}Z" fill="currentColor" opacity=".18"/>'
        + _path(points[:33], 'opacity=".6"')
        + _path(ahead, 'stroke-dasharray="1 5"')
    )


def _spike(rng: random.Random) -> str:
    points, k = _walk(rng), rng.randrange(16, 38)
    x = points[k][0]
    points[k] = (x, 16)
    return (
        _path(points, 'opacity=".6"') + f'<circle cx="{x:.0f}" cy="16" r="8" fill="currentColor" opacity=".2"/>'
        f'<circle cx="{x:.0f}" cy="16" r="3.5" fill="currentColor"/>'
    )


def _steps(rng: random.Random) -> str:
    levels = [rng.uniform(24, 74) for _ in range(4)]
    return "".join(
        _path([(44 + i * 58, y), (102 + i * 58, y)])
        + (_path([(44 + i * 58, 14), (44 + i * 58, 84)], 'opacity=".3" stroke-dasharray="3 4"') if i else "")
        for i, y in enumerate(levels)
    )


def _grid(rng: random.Random) -> str:
    hit = rng.randrange(4)
    return "".join(
        _bar(58 + c * 42, 18 + r * 16, 36, 10, (0.95 if r == hit else 0.35) if c == 4 else 0.14 if r else 0.28)
        for r in range(4)
        for c in range(5)
    )


def _cloud(rng: random.Random) -> str:
    return "".join(
        f'<circle cx="{rng.gauss(90 + g * 70, 13):.0f}" cy="{rng.gauss(48, 11):.0f}" r="3" fill="currentColor" opacity="{o}"/>'  # noqa: E501
        for g, o in enumerate((1, 0.5, 0.25))
        for _ in range(12)
    )


def _routes(rng: random.Random) -> str:
    stops = [
        (160 + cos(i * tau / 9) * rng.uniform(50, 100), 48 + sin(i * tau / 9) * rng.uniform(18, 36)) for i in range(9)
    ]
    return (
        _path([(160, 48), *stops[:5], (160, 48)])
        + _path([(160, 48), *stops[5:], (160, 48)], 'opacity=".45"')
        + "".join(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="3.5" fill="currentColor"/>' for x, y in [(160, 48), *stops])
    )


def _picture(rng: random.Random) -> str:
    peak = rng.uniform(110, 150)
    return (
        _bar(92, 14, 136, 68, 0.12, 6)
        + f'<path d="M96 78L{peak:.0f} 40L{peak + 26:.0f} 66L{peak + 44:.0f} 52L224 78Z" fill="currentColor" opacity=".5"/>'  # noqa: E501
        f'<circle cx="{rng.uniform(188, 210):.0f}" cy="30" r="7" fill="currentColor"/><path d="M160 10V86" {STROKE}/>'
    )


def _facts(rng: random.Random) -> str:
    return "".join(
        _bar(74, 20 + i * 15, rng.uniform(40, 76), 7, 0.28)
        + _bar(172, 20 + i * 15, rng.uniform(30, 74), 7, 0.95 if i == 1 else 0.5)
        for i in range(4)
    )


DRAWINGS = {
    "boxes": _boxes,
    "keypoints": _points,
    "mask": _blob,
    "image": _picture,
    "label_scores": _scores,
    "ocr": _page,
    "codes": _boxes,
    "segments": _wave,
    "audio": _wave,
    "spans": _words,
    "tokens": _words,
    "ranked": _scores,
    "embedding": _cloud,
    "series_forecast": _forecast,
    "series_points": _spike,
    "breaks": _steps,
    "row_scores": _grid,
    "table": _grid,
    "routes": _routes,
    "plan": _routes,
    "graph": _cloud,
    "key_values": _facts,
    "report": _facts,
}


@lru_cache(maxsize=2048)
def draw(output: str, name: str) -> str:
    """An SVG of 320 × 96 in the current colour."""
    rng = random.Random(name)
    body = DRAWINGS.get(output, _facts)(rng)
    return f'<svg viewBox="0 0 320 96" preserveAspectRatio="xMidYMid slice" aria-hidden="true" focusable="false">{body}</svg>'  # noqa: E501
