"""Draws a code as a PNG and reads it back before it is given out."""

from __future__ import annotations

import numpy as np
import zxingcpp

from model_registry.catalog_kit import InvalidInput, Request, Result, image_result

LINEAR = ("Code128", "Code39", "EAN13", "UPCA", "ITF")
LEAST_MODULE = 2  # pixels; finer bars are lost by the first blur


def run(request: Request) -> Result:
    text, name, size = request.input["text"], request.parameters["format"], request.parameters["size"]
    try:
        modules = np.array(zxingcpp.write_barcode(getattr(zxingcpp.BarcodeFormat, name), text, width=1, height=1))
    except Exception as fault:  # ZXing raises plain errors for text that a format can't hold
        raise InvalidInput(f"{name} cannot hold this text", field="text") from fault
    if name in LINEAR:
        modules = modules[len(modules) // 2][None]
    module = max(LEAST_MODULE, size // max(modules.shape))
    drawn = modules.repeat(size // 2 if name in LINEAR else module, axis=0).repeat(module, axis=1)
    sheet = np.pad(drawn, 24, constant_values=255)
    read = [found.text for found in zxingcpp.read_barcodes(sheet)]
    if not read:
        raise InvalidInput("the code would be too dense for this size", field="/parameters/size")
    return image_result(sheet, {"read_back": read[0]})
