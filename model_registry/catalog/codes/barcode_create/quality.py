"""Codes read back by another decoder than the one that drew them, where there is one, and by the same after wear."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure

TEXTS = {"QRCode": "https://example.org/pay?id=42", "DataMatrix": "PART 4471-B", "Aztec": "ticket 99 seat 12",
         "PDF417": "M1DOE/JOHN E5XK2P", "Code128": "TSR-2026-001", "Code39": "PALLET 7", "EAN13": "4006381333931",
         "UPCA": "036000291452", "ITF": "15400141288763"}


def measure(ask: Ask) -> list[Measure]:
    import zxingcpp

    back, worn = [], []

    def read(sheet: np.ndarray, text: str) -> bool:
        found = [c.text for c in zxingcpp.read_barcodes(np.ascontiguousarray(sheet))]
        return found in ([text], [f"0{text}"])  # a UPC-A is an EAN-13 that begins with 0

    for kind, text in TEXTS.items():
        sheet = ask(text=text, parameters={"format": kind}).image()
        back.append(read(sheet, text))
        spoilt = cv2.GaussianBlur(sheet, (0, 0), 1) * 0.7 + 30
        spoilt = spoilt + np.random.default_rng(0).normal(0, 8, sheet.shape)
        turned = cv2.warpAffine(spoilt.clip(0, 255).astype(np.uint8),
                                cv2.getRotationMatrix2D((sheet.shape[1] / 2, sheet.shape[0] / 2), 7, 1),
                                sheet.shape[::-1], borderValue=200)
        worn.append(read(turned, text))
    other = []
    for version in ("https://example.org/pay?id=42", "0123456789" * 5, "大家好 hello"):
        found = cv2.QRCodeDetector().detectAndDecode(ask(text=version, parameters={"size": 500}).image())[0]
        other.append(found == version)
    return [Measure("codes read back", 100 * float(np.mean(back)), "%", data="nine formats", at_least=100,
                    method="zxing-cpp"),
            Measure("codes read back after wear", 100 * float(np.mean(worn)), "%", at_least=75,
                    data="the same, blurred, faded, noisy, turned by 7°", method="zxing-cpp"),
            Measure("QR codes read by another decoder", 100 * float(np.mean(other)), "%", at_least=60,
                    data="three texts", method="OpenCV")]
