"""From afar (blurred) the dots must have the picture's greys; the number of colours must be the one asked for."""

from __future__ import annotations

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure, psnr


def measure(ask: Ask) -> list[Measure]:
    grey = skimage.data.camera()
    dots, hard = (ask(image=grey, parameters={"dither": d}).image() for d in (True, False))
    assert set(np.unique(dots)) == {0, 255}
    far = [psnr(cv2.GaussianBlur(p, (0, 0), 4), cv2.GaussianBlur(grey, (0, 0), 4)) for p in (dots, hard)]
    answer = ask(image=skimage.data.coffee(), parameters={"palette": "own", "colours": 16})
    return [Measure("PSNR from afar", far[0], "dB", data="scikit-image camera, blurred by 4", at_least=28),
            Measure("without dithering", far[1], "dB", data="the same"),
            Measure("error of mean grey", abs(float(dots.mean()) - float(grey.mean())), "of 255", at_most=1.5),
            Measure("colours for 16 asked", answer.values["colours"], data="scikit-image coffee", at_most=16)]
