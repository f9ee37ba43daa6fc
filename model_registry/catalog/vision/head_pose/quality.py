"""Roll under known turns; yaw against where another net sees the nose; the neutral of a hundred portraits."""

from __future__ import annotations

import cv2
import numpy as np
import skimage.data

from model_registry.catalog_kit import InvalidInput
from model_registry.catalog_kit.people import find_faces
from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.scenes import turned


def portraits() -> list[np.ndarray]:
    """LFW faces of 25 × 25 pixels, enlarged and framed."""
    found = []
    for face in skimage.data.lfw_subset()[:100]:
        grey = (255 * (face - face.min()) / (np.ptp(face) + 1e-9)).astype(np.uint8)
        large = cv2.resize(grey, (150, 150), interpolation=cv2.INTER_CUBIC)
        framed = cv2.copyMakeBorder(large, 60, 60, 60, 60, cv2.BORDER_REPLICATE)
        found.append(np.stack([framed] * 3, -1))
    return found


def measure(ask: Ask) -> list[Measure]:
    picture = skimage.data.astronaut()
    start = ask(image=picture).values["roll"]
    off = [abs(ask(image=turned(picture, angle)).values["roll"] - start + angle) for angle in (-20, -10, 10, 20)]
    mirrored = ask(image=np.ascontiguousarray(picture[:, ::-1])).values
    yaws, noses, pitches = [], [], []
    for portrait in portraits():
        faces = find_faces(ask.nets, portrait)
        try:
            values = ask(image=portrait).values
        except InvalidInput:
            continue
        if faces:
            eyes, nose = faces[0].points[:2], faces[0].points[2]
            yaws.append(values["yaw"])
            pitches.append(values["pitch"])
            noses.append((nose[0] - eyes[:, 0].mean()) / np.hypot(*(eyes[1] - eyes[0])))
    return [Measure("error of roll under known turns", max(off), "°", at_most=3,
                    data="scikit-image astronaut at ±10°, ±20°"),
            Measure("roll against the mirrored picture", abs(start + mirrored["roll"]), "°", at_most=2),
            Measure("correlation of yaw with the nose's offset", float(np.corrcoef(yaws, noses)[0, 1]), at_least=0.7,
                    data=f"{len(yaws)} LFW portraits", method="nose and eyes by BlazeFace, another net"),
            Measure("median pitch of people who look into the camera", float(np.median(pitches)), "°", at_most=3,
                    at_least=-3, data="the same")]
