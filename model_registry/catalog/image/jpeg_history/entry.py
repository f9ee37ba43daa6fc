"""Reads the quantisation tables, and looks for gaps in the histograms of DCT coefficients that double saving leaves."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image

from model_registry.catalog_kit import InvalidInput, Request, Result, check

# The luminance table of the standard (ITU-T T.81, K.1), by rows.
STANDARD = np.array([
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
    87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99]).reshape(8, 8)
SUBSAMPLING = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (4, 1): "4:1:1"}
MOST_PIXELS, GAP = 25_000_000, 0.35


def run(request: Request) -> Result:
    try:
        picture = Image.open(io.BytesIO(request.input["file"]), formats=("JPEG",))
        if picture.width * picture.height > MOST_PIXELS:
            raise InvalidInput(f"at most {MOST_PIXELS:,} pixels are accepted", field="file")
        table = np.array(picture.quantization[0]).reshape(8, 8)  # type: ignore[attr-defined]
        factors = picture.layer[0][1:3] if len(picture.layer) > 1 else None  # type: ignore[attr-defined]
        grey = np.asarray(picture.convert("L"), np.float32)
    except InvalidInput:
        raise
    except Exception as error:
        raise InvalidInput("not a readable JPEG", field="file") from error
    quality, off = _quality(table)
    gaps = _gaps(grey, table)
    sampling = "grey" if factors is None else SUBSAMPLING.get(tuple(factors), f"{factors}")
    return Result({"verdict": "saved more than once" if gaps > GAP else "no sign of a second saving", "score": gaps,
                   "checks": [
        check("quality", None, quality, "exact" if off == 0 else f"nearest table, {off:.1f} off on average"),
        check("subsampling", None, sampling, "of the colour planes"),
        check("progressive", None, bool(picture.info.get("progressive")), "how the file is laid out"),
        check("single saving", gaps <= GAP, gaps, f"hollow places in histograms; above {GAP} speaks for two"),
    ]})


def _quality(table: np.ndarray) -> tuple[int, float]:
    """The quality of the standard's scale whose table is nearest, and how far it is."""
    best = (0, np.inf)
    for quality in range(1, 101):
        scale = 5000 / quality if quality < 50 else 200 - 2 * quality
        made = np.clip((STANDARD * scale + 50) // 100, 1, 255)
        off = min(float(np.abs(made - t).mean()) for t in (table, table.T))
        if off < best[1]:
            best = (quality, off)
    return best


def _gaps(grey: np.ndarray, table: np.ndarray) -> float:
    """How hollow the histograms of low frequencies are: 0 for one saving, near 0.5 for a coarser one before."""
    high, wide = (n // 8 * 8 for n in grey.shape)
    if high < 64 or wide < 64:
        return 0.0
    blocks = (grey[:high, :wide] - 128).reshape(high // 8, 8, wide // 8, 8).swapaxes(1, 2).reshape(-1, 8, 8)[:20_000]
    turned = np.stack([cv2.dct(b) for b in blocks])
    found = []
    for u, v in ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0)):
        steps = min(float(table[u, v]), float(table[v, u])) or 1.0
        levels = np.rint(turned[:, u, v] / steps).astype(int)
        counts = np.bincount(levels[np.abs(levels) <= 15] + 15, minlength=31).astype(float)
        side = (counts[:-2] + counts[2:]) / 2
        inner = np.r_[1:12, 17:28]  # not the peak at zero
        full = side[inner] > 12
        if full.sum() >= 4:
            found.append(float(np.maximum(0, 1 - counts[1:-1][inner][full] / side[inner][full]).mean()))
    return round(float(np.mean(found)), 4) if found else 0.0
