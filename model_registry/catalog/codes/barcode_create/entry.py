"""Draws a code as a PNG and reads it back before it is given out."""

from __future__ import annotations

import numpy as np
import zxingcpp

from model_registry.catalog_kit import InvalidInput, Request, Result, encode_png


def run(request: Request) -> Result:
    text, parameters = request.input["text"], request.parameters
    kind = getattr(zxingcpp.BarcodeFormat, parameters["format"])
    size = parameters["size"]
    square = parameters["format"] in ("QRCode", "DataMatrix", "Aztec")
    try:
        drawn = np.array(zxingcpp.write_barcode(kind, text, width=size, height=size if square else size // 2))
    except Exception as fault:  # ZXing raises plain errors for text that a format can't hold
        raise InvalidInput(f"{parameters['format']} cannot hold this text", field="text") from fault
    sheet = np.pad(drawn, 24, constant_values=255)
    read = [found.text for found in zxingcpp.read_barcodes(sheet)]
    if not read:
        raise InvalidInput("the code would be too dense for this size", field="/parameters/size")
    height, width = sheet.shape
    result = Result({"width": width, "height": height, "values": {"read_back": read[0]}})
    result.output["image"] = result.add_media("image/png", encode_png(sheet))
    return result
