"""Files made here by the libraries at hand, and source files of this Python."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import skimage.data
from PIL import Image

from model_registry.catalog_kit import encode_wav
from model_registry.catalog_kit.quality import Ask, Measure

SQL = b"SELECT c.name, SUM(o.total) AS total FROM orders o JOIN customers c ON c.id = o.customer GROUP BY c.name;\n" * 4
SHELL = b"#!/bin/bash\nset -euo pipefail\nfor f in *.log; do\n  gzip -9 \"$f\" && echo \"packed $f\"\ndone\n"


def files() -> dict[str, list[bytes]]:
    made: dict[str, list[bytes]] = {"sql": [SQL], "shell": [SHELL], "wav": [encode_wav(np.zeros(8000, np.float32),
                                                                                       8000)]}
    for kind in ("png", "jpeg", "webp", "gif", "bmp", "tiff"):
        out = io.BytesIO()
        Image.fromarray(skimage.data.coffee()[:80, :80]).save(out, kind.upper())
        made[kind] = [out.getvalue()]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.txt", "some text " * 50)
    made["zip"] = [archive.getvalue()]
    made["json"] = [json.dumps([{"id": i, "name": f"item {i}", "tags": ["a", "b"]} for i in range(30)]).encode()]
    made["python"] = [Path(m.__file__).read_bytes() for m in (json, zipfile, io)]
    made["html"] = [b"<!DOCTYPE html><html><head><title>x</title></head><body><p>Hello</p></body></html>" * 2]
    made["csv"] = [b"id,name,amount\n" + b"".join(b"%d,item %d,%d.50\n" % (i, i, i * 3) for i in range(60))]
    return made


def samples() -> dict[str, Any]:
    return {"query.sql": SQL}


def measure(ask: Ask) -> list[Measure]:
    pairs = [(kind, ask(file=data).output["labels"][0]["label"]) for kind, group in files().items() for data in group]
    right = sum(kind == found for kind, found in pairs)
    return [Measure("files told right", 100 * right / len(pairs), "%",
                    data=f"{len(pairs)} files of {len(files())} kinds",
                    at_least=88)]
