"""How visible the mark is, and whether it is read after JPEG, noise and other light."""

from __future__ import annotations

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit.quality import Ask, Measure, psnr

PICTURES = (skimage.data.astronaut, skimage.data.coffee, skimage.data.chelsea)


def measure(ask: Ask) -> list[Measure]:
    read = Ask(ask.folder.parent / "watermark_detect", ask.nets)
    seen, survived = [], []
    for load in PICTURES:
        marked = ask(image=load(), text="Tessera 42").image()
        seen.append(psnr(marked, load()))
        noise = np.random.default_rng(0).normal(0, 4, marked.shape)
        changed = [cv2.imdecode(cv2.imencode(".jpg", marked, [cv2.IMWRITE_JPEG_QUALITY, q])[1], cv2.IMREAD_COLOR)
                   for q in (90, 70, 50)]
        changed += [np.clip(marked + noise, 0, 255).astype(np.uint8),
                    np.clip(marked * 1.02 + 6, 0, 255).astype(np.uint8)]
        survived += [read(image=c).output["score"] == 1 for c in changed]
    return [Measure("PSNR of marked pictures, lowest", min(seen), "dB", data="three photographs", at_least=36),
            Measure("marks read after changes", 100 * float(np.mean(survived)), "%", at_least=93,
                    data="JPEG 90, 70 and 50, noise 4, brighter, of three photographs")]
