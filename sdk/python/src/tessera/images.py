"""Several analyses of one image in one call."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tessera.record import Record


class AnalysisType(StrEnum):
    """The analyses that have a name here. Any other task of the catalogue is named by its text."""

    OBJECT_DETECTION = "object_detection"
    TEXT_RECOGNITION = "text_recognition"
    FACE_DETECTION = "face_detection"
    BARCODE_READING = "barcode_reading"
    IMAGE_CLASSIFICATION = "image_classification"
    IMAGE_SEGMENTATION = "image_segmentation"
    POSE_ESTIMATION = "pose_estimation"


OBJECT_DETECTION = AnalysisType.OBJECT_DETECTION
TEXT_RECOGNITION = AnalysisType.TEXT_RECOGNITION
FACE_DETECTION = AnalysisType.FACE_DETECTION
BARCODE_READING = AnalysisType.BARCODE_READING


class ImageAnalysis(Record):
    """`results` by the names that were asked for ({model, version, output, warnings, usage, error}), `detected_objects`
    and `recognized_text` as the two commonest, `usage` of all."""

    id: str
    results: Record
    detected_objects: list[Any]
    recognized_text: str | None
    usage: Record

    def get_detected_objects(self) -> list[Any]:
        """The boxes of object_detection, as the Java client's getDetectedObjects()."""
        return list(self["detected_objects"])

    def get_recognized_text(self) -> str | None:
        """The text of text_recognition; None where it was not asked for."""
        text: str | None = self["recognized_text"]
        return text


class Classification(Record):
    """`predictions` best first ({label, score}), and which model and version they are of."""

    model: str
    version: int
    predictions: list[Any]
    usage: Record
