"""Few colours by k-means, each as polygons with holes, laid from the largest area to the smallest."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, shrink

LONGEST, MOST_POINTS = 800, 40_000


def run(request: Request) -> Result:
    at_least(request.input["image"], 4)
    image, factor = shrink(request.input["image"], LONGEST)
    high, wide = image.shape[:2]
    labels, colours = _flatten(image, request.parameters["colours"])
    order = np.argsort(-np.bincount(labels.ravel(), minlength=len(colours)))
    shapes = [f'<rect width="{wide}" height="{high}" fill="{_hex(colours[order[0]])}"/>']
    points = 0
    for label in order[1:]:
        area = (labels == label).astype(np.uint8)
        outlines, _ = cv2.findContours(area, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        path = []
        for outline in outlines:
            if cv2.contourArea(outline) < 3:
                continue
            simple = cv2.approxPolyDP(outline, float(request.parameters["detail"]), True)[:, 0]
            points += len(simple)
            path.append("M" + "L".join(f"{x} {y}" for x, y in simple) + "Z")
        if path:
            shapes.append(f'<path fill="{_hex(colours[label])}" fill-rule="evenodd" d="{"".join(path)}"/>')
        if points > MOST_POINTS:
            break
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}">{"".join(shapes)}</svg>'
    warnings = ["too much detail for a drawing; some was left out"] if points > MOST_POINTS else []
    values = {"points": points, "colours": len(colours), "scale": round(factor, 4)}
    return Result({"width": wide, "height": high, "svg": svg, "values": values}, warnings=warnings)


def _flatten(image: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    smooth = cv2.medianBlur(image, 3)
    pixels = smooth.reshape(-1, 3).astype(np.float32)
    drawn = pixels[np.random.default_rng(0).integers(0, len(pixels), min(len(pixels), 8000))]
    count = min(count, len(np.unique(drawn, axis=0)))
    cv2.setRNGSeed(1)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    _, _, centres = cv2.kmeans(drawn, count, None, stop, 3, cv2.KMEANS_PP_CENTERS)
    squares = (pixels**2).sum(1)[:, None] - 2 * pixels @ centres.T + (centres**2).sum(1)
    return squares.argmin(1).reshape(image.shape[:2]), centres


def _hex(colour: np.ndarray) -> str:
    return "#" + "".join(f"{round(float(v)):02x}" for v in colour)
