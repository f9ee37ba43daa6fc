"""Against scikit-image and the definition, and a change at a known place."""

from __future__ import annotations

import cv2
import numpy as np
import skimage.data
from skimage.metrics import structural_similarity

from model_registry.catalog_kit.quality import Ask, Measure, overlap, psnr


def measure(ask: Ask) -> list[Measure]:
    first = skimage.data.camera()[::2, ::2]
    blurred = cv2.GaussianBlur(first, (0, 0), 1.5)
    found = ask(image=first, other=blurred).values
    ssim = structural_similarity(first, blurred, data_range=255)
    stained = first.copy()
    stained[60:90, 100:150] = 255 - stained[60:90, 100:150]
    truth = np.zeros(first.shape, bool)
    truth[60:90, 100:150] = True
    marked = ask(image=first, other=stained).image()
    same = ask(image=first, other=first).values
    return [Measure("error of SSIM", abs(found["ssim"] - ssim), data="camera, blurred", at_most=0.001,
                    method="against scikit-image"),
            Measure("error of PSNR", abs(found["psnr_db"] - psnr(first, blurred)), "dB", at_most=0.01,
                    data="camera, blurred", method="against the definition"),
            Measure("overlap of the marked place", overlap(marked > 96, truth), "IoU", at_least=0.7,
                    data="camera with one inverted patch"),
            Measure("same picture called identical", float(same["identical"]), data="camera", at_least=1)]
