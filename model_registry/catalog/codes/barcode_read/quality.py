"""Codes of known text, drawn and then turned, blurred, shrunk and crowded."""

from __future__ import annotations

import cv2
import numpy as np
import skimage.data
import zxingcpp

from model_registry.catalog_kit.quality import Ask, Measure

TEXTS = {
    "QRCode": "https://example.org/pay?id=42",
    "DataMatrix": "PART 4471-B",
    "Aztec": "ticket 99 seat 12",
    "PDF417": "M1DOE/JOHN E5XK2P",
    "Code128": "TSR-2026-001",
    "Code39": "PALLET 7",
    "EAN13": "4006381333931",
    "UPCA": "036000291452",
    "ITF": "15400141288763",
}


def drawn(kind: str, text: str) -> np.ndarray:
    square = kind in ("QRCode", "DataMatrix", "Aztec")
    code = np.array(
        zxingcpp.write_barcode(getattr(zxingcpp.BarcodeFormat, kind), text, width=300, height=300 if square else 150)
    )
    return np.pad(code, 60, constant_values=255)


def turned(sheet: np.ndarray, angle: float) -> np.ndarray:
    high, wide = sheet.shape
    return np.asarray(
        cv2.warpAffine(sheet, cv2.getRotationMatrix2D((wide / 2, high / 2), angle, 0.8), (wide, high), borderValue=255)
    )


def measure(ask: Ask) -> list[Measure]:
    random = np.random.default_rng(0)
    wear = {
        "as drawn": lambda s: s,
        "turned by 33°": lambda s: turned(s, 33),
        "blurred and noisy": lambda s: np.clip(
            cv2.GaussianBlur(s, (0, 0), 1.2) + random.normal(0, 20, s.shape), 0, 255
        ).astype(np.uint8),
        "at 60% with JPEG 40": lambda s: cv2.imdecode(
            cv2.imencode(
                ".jpg",
                cv2.resize(s, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA),
                [cv2.IMWRITE_JPEG_QUALITY, 40],
            )[1],
            0,
        ),
    }
    shares = {}
    for name, spoil in wear.items():
        right = [
            [(c["format"], c["text"]) for c in ask(image=np.ascontiguousarray(spoil(drawn(k, t)))).output["codes"]]
            in ([(k, t)], [("EAN13", "0" + t)])
            for k, t in TEXTS.items()
        ]
        shares[name] = 100 * float(np.mean(right))
    false = sum(
        len(ask(image=picture).output["codes"])
        for picture in (skimage.data.brick(), skimage.data.page(), skimage.data.camera(), skimage.data.grass())
    )
    return [
        *(
            Measure(f"codes read, {name}", share, "%", data="nine formats", at_least=100 if name == "as drawn" else 60)
            for name, share in shares.items()
        ),
        Measure("codes seen where there are none", false, data="four photographs of scikit-image", at_most=0),
    ]
