"""The Python client of the Tessera AI capability marketplace."""

from tessera import errors, webhooks
from tessera._base import APIModel, AsyncPaginator, Paginator
from tessera._version import __version__
from tessera.client import AIClient, AsyncAIClient, AsyncModel, Model
from tessera.events import Event
from tessera.images import (
    BARCODE_READING,
    FACE_DETECTION,
    OBJECT_DETECTION,
    TEXT_RECOGNITION,
    AnalysisType,
    ImageAnalysis,
)
from tessera.prediction import AsyncPrediction, Prediction, Usage
from tessera.record import Record, save_media

__all__ = ["AIClient", "APIModel", "AnalysisType", "AsyncAIClient", "AsyncModel", "AsyncPaginator", "AsyncPrediction",
           "BARCODE_READING", "Event", "FACE_DETECTION", "ImageAnalysis", "Model", "OBJECT_DETECTION", "Paginator",
           "Prediction", "Record", "TEXT_RECOGNITION", "Usage", "__version__", "errors", "save_media", "webhooks"]
