"""The astronaut, cut from her photograph and put before grounds of known colour: the true mask is roughly known."""

from __future__ import annotations

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure, overlap


def outline(picture: np.ndarray) -> np.ndarray:
    """The person by GrabCut from a hand-drawn rectangle and strokes: another method than the net."""
    labels = np.full(picture.shape[:2], cv2.GC_PR_BGD, np.uint8)
    labels[15:, 20:490] = cv2.GC_PR_FGD
    labels[:200, :90] = labels[:200, 330:] = labels[:15] = cv2.GC_BGD
    labels[40:190, 180:270] = labels[300:, 60:400] = cv2.GC_FGD
    cv2.setRNGSeed(0)
    cv2.grabCut(np.ascontiguousarray(picture[..., ::-1]), labels, None, np.zeros((1, 65)), np.zeros((1, 65)), 5,
                cv2.GC_INIT_WITH_MASK)
    return np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD))


def measure(ask: Ask) -> list[Measure]:
    picture = skimage.data.astronaut()
    person = outline(picture)
    shares = [overlap(ask(image=picture).image(), person)]
    empty = [ask(image=scene).output["coverage"] for scene in (skimage.data.coffee(), skimage.data.coins())]
    for ground in ((60, 90, 60), (200, 200, 210)):
        shares.append(overlap(ask(image=np.where(person[..., None], picture, np.uint8(ground))).image(), person))
    return [Measure("overlap with an outline by another method", float(np.mean(shares)), "IoU", at_least=0.85,
                    data="scikit-image astronaut as she is and before two plain grounds",
                    method="GrabCut with marks set by hand as reference"),
            Measure("person seen where there is none", 100 * max(empty), "% of the picture at most",
                    data="coffee, coins: the net presumes a person")]
