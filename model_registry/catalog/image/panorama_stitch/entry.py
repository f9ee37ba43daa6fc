"""OpenCV's stitching pipeline: features, bundle adjustment, exposure compensation, seams and blending."""

from __future__ import annotations

import cv2

from model_registry.catalog_kit import InvalidInput, Request, Result, at_least, image_result, shrink

LONGEST = 1200
FAULTS = {
    cv2.Stitcher_ERR_NEED_MORE_IMGS: "too little overlap or too little detail to join the pictures",
    cv2.Stitcher_ERR_HOMOGRAPHY_EST_FAIL: "no consistent way to lay the pictures over each other",
    cv2.Stitcher_ERR_CAMERA_PARAMS_ADJUST_FAIL: "the camera's turn could not be found; try the mode flat",
}


def run(request: Request) -> Result:
    for image in request.input["images"]:
        at_least(image, 64, "images")
    parts = [shrink(image, LONGEST)[0][..., ::-1].copy() for image in request.input["images"]]
    cv2.setRNGSeed(1)
    flat = request.parameters["mode"] == "flat"
    stitcher = cv2.Stitcher_create(cv2.Stitcher_SCANS if flat else cv2.Stitcher_PANORAMA)
    try:
        status, joined = stitcher.stitch(parts)
    except cv2.error:
        raise InvalidInput("the pictures can't be laid over each other", field="images") from None
    if status != cv2.Stitcher_OK:
        raise InvalidInput(FAULTS.get(status, "the pictures can't be joined"), field="images")
    return image_result(joined[..., ::-1], {"pictures": len(parts)})
