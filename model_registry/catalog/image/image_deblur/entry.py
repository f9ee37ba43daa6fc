"""Wiener deconvolution with a Laplacian prior; edges are reflected so that the frame makes no rings."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, at_least, image_result


def run(request: Request) -> Result:
    image, parameters = request.input["image"], request.parameters
    at_least(image, 16)
    kernel = _kernel(parameters["kind"], float(parameters["size"]), float(parameters["angle"]))
    pad = min(max(kernel.shape[0], 16), min(image.shape[:2]) - 1)
    wide = cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_REFLECT).astype(np.float32)
    high, across = (cv2.getOptimalDFTSize(n) for n in wide.shape[:2])
    grown = cv2.copyMakeBorder(wide, 0, high - wide.shape[0], 0, across - wide.shape[1], cv2.BORDER_REFLECT)
    blur = _transfer(kernel, (high, across))
    rough = _transfer(np.float32([[0, -1, 0], [-1, 4, -1], [0, -1, 0]]), (high, across))
    restore = np.conj(blur) / (np.abs(blur) ** 2 + parameters["noise"] * (np.abs(rough) ** 2 + 1))
    sharp = np.stack([np.fft.irfft2(np.fft.rfft2(grown[..., c]) * restore, s=(high, across)) for c in range(3)], -1)
    sharp = sharp[pad:pad + image.shape[0], pad:pad + image.shape[1]]
    return image_result(sharp, {"kernel_pixels": int(kernel.shape[0])})


def _kernel(kind: str, size: float, angle: float) -> np.ndarray:
    reach = int(np.ceil(size * 3 if kind == "gaussian" else size)) + 1
    y, x = np.mgrid[-reach:reach + 1, -reach:reach + 1].astype(np.float32)
    if kind == "gaussian":
        kernel = np.exp(-(x**2 + y**2) / (2 * size**2))
    elif kind == "disc":
        kernel = np.clip(size + 0.5 - np.hypot(x, y), 0, 1)
    else:
        turn = np.deg2rad(angle)
        along, across = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
        kernel = np.clip(size / 2 + 0.5 - np.abs(along), 0, 1) * np.clip(1 - np.abs(across), 0, 1)
    return (kernel / kernel.sum()).astype(np.float32)


def _transfer(kernel: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    padded = np.zeros(shape, np.float32)
    high, wide = (min(k, s) for k, s in zip(kernel.shape, shape, strict=True))
    padded[:high, :wide] = kernel[:high, :wide]
    return np.fft.rfft2(np.roll(padded, (-(kernel.shape[0] // 2), -(kernel.shape[1] // 2)), (0, 1)))
