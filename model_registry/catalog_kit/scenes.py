"""Pictures drawn with a known truth, shared by several quality checks and samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FINGERS = ("thumb", "index", "middle", "ring", "little")


def drawn_hand(raised: tuple[int, ...] = (1, 1, 1, 1, 1)) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """A drawn back of a left hand, 480 × 480, and its five fingertips (thumb first) in pixels."""
    import cv2

    tone, ground = (224, 172, 138), (70, 90, 110)
    shade = tuple(int(v * 0.78) for v in tone)
    picture = np.full((480, 480, 3), ground, np.uint8)

    def limb(start: NDArray[np.float64], end: NDArray[np.float64], width: int, colour: tuple[int, ...]) -> None:
        ends = [tuple(int(v) for v in p) for p in (start, end)]
        cv2.line(picture, *ends, colour, width, cv2.LINE_AA)  # type: ignore[call-overload]

    limb(np.array([240.0, 460]), np.array([240.0, 360]), 70, tone)
    palm = np.array([[190, 250], [285, 246], [296, 300], [280, 370], [205, 372], [182, 310]])
    cv2.fillPoly(picture, [palm], tone, cv2.LINE_AA)
    cv2.polylines(picture, [palm], True, tone, 24, cv2.LINE_AA)
    roots = ((278.0, 256), (252.0, 244), (224.0, 246), (196.0, 262))
    ends = ((304.0, 160), (258.0, 120), (216.0, 118), (170.0, 150))
    tips = []
    for root, end, up in zip(roots, ends, raised[1:], strict=True):
        start, tip = np.array(root), np.array(end)
        tip = tip if up else start + (tip - start) * 0.25
        limb(start, tip, 34, shade)
        limb(start, tip, 27, tone)
        tips.append(tip)
        along = (tip - start) / np.linalg.norm(tip - start)
        across = np.array([-along[1], along[0]]) * 9
        for share in (0.4, 0.7) if up else ():
            joint = start + (tip - start) * share
            limb(joint - across, joint + across, 2, shade)
    thumb = np.array([372.0, 262]) if raised[0] else np.array([250.0, 290])
    limb(np.array([292.0, 330]), thumb, 38, shade)
    limb(np.array([292.0, 330]), thumb, 30, tone)
    return cv2.GaussianBlur(picture, (0, 0), 1.5).astype(np.uint8), np.array([thumb, *tips])


def turned(picture: NDArray[np.uint8], angle: float,
           border: tuple[int, int, int] = (128, 128, 128)) -> NDArray[np.uint8]:
    """The picture turned about its middle; positive angles are counter-clockwise, as OpenCV has it."""
    import cv2

    high, wide = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((wide / 2, high / 2), angle, 1)
    return np.asarray(cv2.warpAffine(picture, matrix, (wide, high), flags=cv2.INTER_CUBIC, borderValue=border))



CHINESE_FONTS = ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
                 "/usr/share/fonts/opentype/noto/NotoSerifCJK-Bold.ttc")


def text_page(lines: list[tuple[int, int, str]], size: tuple[int, int], height: int = 24, *,
              chinese: bool = False) -> NDArray[np.uint8]:
    """Black text on white: (x, y, text) each, `height` pixels high; Chinese needs a Noto CJK font on the machine.

    Pages with Chinese are therefore committed beside their entry and drawn anew only by maintainers.
    """
    from pathlib import Path

    from PIL import Image, ImageDraw, ImageFont

    page = Image.new("RGB", size, "white")
    font = ImageFont.load_default(height)
    if chinese:
        found = next(path for path in CHINESE_FONTS if Path(path).is_file())
        font = ImageFont.truetype(found, height)
    pen = ImageDraw.Draw(page)
    for x, y, text in lines:
        pen.text((x, y), text, fill="black", font=font)
    return np.asarray(page)
