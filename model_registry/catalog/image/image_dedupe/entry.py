"""Perceptual hashes; pictures within the distance of each other, directly or in a chain, form a group."""

from __future__ import annotations

import cv2
import numpy as np

from model_registry.catalog_kit import Request, Result, to_grey


def run(request: Request) -> Result:
    images, limit = request.input["images"], request.parameters["distance"]
    hasher = cv2.img_hash.PHash_create()
    hashes = [np.unpackbits(hasher.compute(np.ascontiguousarray(i[..., ::-1])).ravel()) for i in images]
    plain = [to_grey(i).std() < 2 for i in images]  # a picture of one colour hashes to noise
    group = list(range(len(images)))
    for a in range(len(images)):
        for b in range(a):
            if not (plain[a] or plain[b]) and int((hashes[a] != hashes[b]).sum()) <= limit:
                low, high = sorted((group[a], group[b]))
                group = [low if g == high else g for g in group]
    rows = []
    for index, (image, first) in enumerate(zip(images, group, strict=True)):
        members = [i for i, g in enumerate(group) if g == first]
        largest = max(members, key=lambda i: images[i].shape[0] * images[i].shape[1])
        rows.append({"index": index, "group": first, "copies": len(members), "keep": index == largest,
                     "distance_to_first": int((hashes[index] != hashes[first]).sum()),
                     "width": int(image.shape[1]), "height": int(image.shape[0])})
    groups = len(set(group))
    summary = {"groups": groups, "redundant": len(images) - groups}
    return Result({"columns": list(rows[0]), "rows": rows, "summary": summary})
