"""The largest convex quadrilateral among outlines of edges and brightness is the page."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, at_least, image_result, shrink, to_grey

LONGEST, LEAST = 700, 0.12


def run(request: Request) -> Result:
    image = request.input["image"]
    at_least(image, 48)
    small, factor = shrink(image, LONGEST)
    corners = _page(small)
    if corners is None:
        raise InvalidInput("no page with four corners found", field="image")
    corners = _ordered(corners) / factor
    top, right, bottom, left = (float(np.hypot(*(corners[(i + 1) % 4] - corners[i]))) for i in range(4))
    wide, high = round((top + bottom) / 2), round((left + right) / 2)
    target = np.float32([[0, 0], [wide - 1, 0], [wide - 1, high - 1], [0, high - 1]])
    flat = cv2.warpPerspective(image, cv2.getPerspectiveTransform(corners.astype(np.float32), target), (wide, high),
                               flags=cv2.INTER_CUBIC)
    if request.parameters["enhance"]:
        ground = cv2.GaussianBlur(cv2.dilate(flat, np.ones((7, 7))), (0, 0), max(wide, high) / 30).astype(np.float32)
        flat = np.clip(flat / np.maximum(ground, 1) * 245, 0, 255)
    return image_result(flat, {"corners": [[round(float(x), 1), round(float(y), 1)] for x, y in corners]})


def _page(image: np.ndarray) -> np.ndarray | None:
    grey = cv2.GaussianBlur(to_grey(image), (0, 0), 2)
    masks = [cv2.dilate(cv2.Canny(grey, low, 3 * low), np.ones((5, 5))) for low in (20, 50)]
    _, bright = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    masks += [bright, 255 - bright]
    best, largest = None, LEAST * grey.size
    for mask in masks:
        for outline in cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)[0]:
            hull = cv2.convexHull(outline)
            area = cv2.contourArea(hull)
            # Ragged outlines are no pages, however square their hull.
            if area <= largest or area > 0.98 * grey.size or cv2.contourArea(outline) < 0.85 * area:
                continue
            for share in (0.02, 0.035, 0.05):
                corners = cv2.approxPolyDP(hull, share * cv2.arcLength(hull, True), True)
                # The outline must fill its hull and its four corners: round things are no pages.
                if len(corners) == 4 and cv2.contourArea(corners) > 0.93 * area:
                    best, largest = corners[:, 0].astype(np.float64), area
                    break
    return best


def _ordered(corners: np.ndarray) -> np.ndarray:
    """Clockwise from the upper left."""
    middle = corners.mean(0)
    turned = corners[np.argsort(np.arctan2(*(corners - middle).T[::-1]))]
    return np.roll(turned, -int(turned.sum(1).argmin()), axis=0)
