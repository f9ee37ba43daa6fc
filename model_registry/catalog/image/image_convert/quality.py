"""Size, type, likeness and absence of metadata, read by Pillow from what came back."""

from __future__ import annotations

import io

import numpy as np
import skimage.data
from PIL import Image

from model_registry.catalog_kit.quality import Ask, Measure, psnr


def with_place() -> bytes:
    picture = Image.fromarray(skimage.data.astronaut())
    exif = Image.Exif()
    exif[0x010F] = "Camera maker"
    exif.get_ifd(0x8825)[1] = "N"
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95, exif=exif)
    return out.getvalue()


def measure(ask: Ask) -> list[Measure]:
    sizes, likeness, leaks = {}, [], 0
    for kind in ("webp", "jpeg", "png"):
        answer = ask(image=with_place(), parameters={"format": kind})
        read = Image.open(io.BytesIO(answer.files[0].data))
        assert read.format == kind.upper()
        leaks += len(read.getexif())
        sizes[kind] = len(answer.files[0].data)
        likeness.append(psnr(np.asarray(read.convert("RGB")), skimage.data.astronaut()))
    small = ask(image=with_place(), parameters={"longest": 100}).image()
    assert small.shape == (100, 100, 3)
    return [Measure("PSNR of the worst format", min(likeness), "dB", data="scikit-image astronaut", at_least=32),
            Measure("size as WebP", 100 * sizes["webp"] / len(with_place()), "% of the JPEG 95", at_most=45),
            Measure("metadata tags left", leaks, data="a JPEG with maker and GPS", at_most=0)]
