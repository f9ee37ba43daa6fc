"""The frame that the face mesh's own depth spans: eyes across, forehead to chin, and what stands out of both."""

from __future__ import annotations

import math

import numpy as np

from model_registry.catalog_kit import Request, Result, value_list
from model_registry.catalog_kit.people import the_face

RIGHT_EYE, LEFT_EYE, FOREHEAD, CHIN = 33, 263, 10, 152
# The plane from forehead to chin leans by so much on people who look into the camera: the median of the portraits of
# scikit-image's LFW subset.
NEUTRAL_PITCH = 5.5


def run(request: Request) -> Result:
    face = the_face(request.nets, request.input["image"])
    across = face.points[LEFT_EYE] - face.points[RIGHT_EYE]
    across /= np.linalg.norm(across)
    down = face.points[CHIN] - face.points[FOREHEAD]
    down -= across * (across @ down)
    down /= np.linalg.norm(down)
    yaw = math.degrees(math.atan2(across[2], math.hypot(across[0], across[1])))
    pitch = NEUTRAL_PITCH - math.degrees(math.atan2(down[2], math.hypot(down[0], down[1])))
    roll = math.degrees(math.atan2(across[1], across[0]))
    frontal = abs(yaw) < 15 and abs(pitch) < 15 and abs(roll) < 15
    values = value_list(yaw=(round(yaw, 2), "°"), pitch=(round(pitch, 2), "°"), roll=(round(roll, 2), "°"),
                        frontal=frontal)
    return Result({"values": values})
