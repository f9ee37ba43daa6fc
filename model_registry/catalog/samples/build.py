"""Makes the sample pictures: `python -m model_registry.catalog.samples.build`.

The photographs come with scikit-image (public domain or CC0, see its data/README.txt); codes are drawn here.
hopper.jpg is not made here: Grace Hopper by James S. Davis, US Navy, public domain, as Matplotlib ships it.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import skimage.data
import zxingcpp
from PIL import Image

HERE = Path(__file__).resolve().parent


def codes() -> np.ndarray:
    """A label with a QR code and an EAN-13, slightly turned."""
    sheet = np.full((420, 700), 255, np.uint8)
    for text, kind, x, y, size in (
        ("https://example.org/pay?id=42", zxingcpp.BarcodeFormat.QRCode, 30, 90, (240, 240)),
        ("4006381333931", zxingcpp.BarcodeFormat.EAN13, 310, 130, (290, 160)),
    ):
        drawn = np.array(zxingcpp.write_barcode(kind, text, width=size[0], height=size[1]))
        sheet[y : y + drawn.shape[0], x : x + drawn.shape[1]] = drawn
    turn = cv2.getRotationMatrix2D((350, 210), 4, 1)
    return cv2.warpAffine(sheet, turn, (700, 420), borderValue=255)


def scratched_brick() -> np.ndarray:
    """A brick wall with one bright patch, as a defect of known place (x 150–180, y 100–130)."""
    wall = skimage.data.brick()[:256, :256].copy()
    wall[100:130, 150:180] = 255
    return wall


def main() -> None:
    astronaut = skimage.data.astronaut()
    noise = np.random.default_rng(0).normal(0, 20, astronaut.shape)
    noisy = np.clip(astronaut + noise, 0, 255).astype(np.uint8)
    page = skimage.data.page()
    turn = cv2.getRotationMatrix2D((page.shape[1] / 2, page.shape[0] / 2), 4.3, 1)
    skewed = cv2.warpAffine(page, turn, page.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    pictures = {
        "astronaut.jpg": astronaut, "astronaut-noisy.jpg": noisy, "coffee.jpg": skimage.data.coffee(),
        "coins.png": skimage.data.coins(), "page.png": page, "page-skewed.png": skewed,
        "codes.png": codes(), "brick-defect.png": scratched_brick(), "grass.jpg": grass(),
        "coin-patch.png": skimage.data.coins()[75:130, 50:110],
    }  # fmt: skip
    for name, pixels in pictures.items():
        Image.fromarray(pixels).save(HERE / name, quality=85)


def grass() -> np.ndarray:
    """The cat on its carpet beside a green strip: a known third of the picture is plant-coloured."""
    picture = skimage.data.chelsea().copy()
    strip = np.stack([skimage.data.grass()[:300, :150]] * 3, -1).astype(np.float64)
    picture[:, 301:] = np.clip(strip * (0.45, 0.9, 0.3), 0, 255).astype(np.uint8)
    return picture


if __name__ == "__main__":
    main()
