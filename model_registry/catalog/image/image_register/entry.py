"""SIFT points, ratio test, robust homography; the first picture is warped onto the second."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import InvalidInput, Request, Result, image_result, shrink, to_grey

LONGEST, LEAST = 1000, 12


def run(request: Request) -> Result:
    image, reference = request.input["image"], request.input["reference"]
    points, scales = [], []
    for field, picture in (("image", image), ("reference", reference)):
        small, factor = shrink(to_grey(picture), LONGEST)
        found, described = cv2.SIFT_create(2000).detectAndCompute(small, None)
        if described is None or len(found) < LEAST:
            raise InvalidInput("too little detail to find common points", field=field)
        points.append((np.array([p.pt for p in found]) / factor, described))
        scales.append(factor)
    pairs = cv2.BFMatcher().knnMatch(points[0][1], points[1][1], k=2)
    good = [p[0] for p in pairs if len(p) == 2 and p[0].distance < 0.75 * p[1].distance]
    if len(good) < LEAST:
        raise InvalidInput(f"only {len(good)} points agree; the pictures may show different things", field="reference")
    here = np.float32([points[0][0][m.queryIdx] for m in good])
    there = np.float32([points[1][0][m.trainIdx] for m in good])
    matrix, inliers = _estimate(request.parameters["model"], here, there, 3 / min(scales))
    if matrix is None or inliers.sum() < LEAST:
        raise InvalidInput("no single shift, turn and tilt explains the points", field="reference")
    mapped = cv2.perspectiveTransform(here[None], matrix)[0]
    error = float(np.sqrt(((mapped - there)[inliers] ** 2).sum(1)).mean())
    warped = cv2.warpPerspective(image, matrix, reference.shape[1::-1])
    return image_result(warped, {
        "matrix": [[round(float(v), 6) for v in row] for row in matrix], "matches": len(good),
        "inliers": int(inliers.sum()), "mean_error_px": round(error, 3)})


def _estimate(model: str, here: np.ndarray, there: np.ndarray, limit: float) -> tuple[np.ndarray | None, np.ndarray]:
    cv2.setRNGSeed(1)
    if model == "homography":
        matrix, inliers = cv2.findHomography(here, there, cv2.USAC_MAGSAC, limit)
    else:
        find = cv2.estimateAffine2D if model == "affine" else cv2.estimateAffinePartial2D
        flat, inliers = find(here, there, method=cv2.RANSAC, ransacReprojThreshold=limit)
        matrix = None if flat is None else np.vstack([flat, [0, 0, 1]])
    return matrix, np.zeros(len(here), bool) if inliers is None else inliers.ravel() > 0
