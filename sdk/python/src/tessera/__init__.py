"""The Python client of the Tessera AI capability marketplace."""

from tessera import errors, webhooks
from tessera._base import APIModel, AsyncPaginator, Paginator
from tessera._version import __version__
from tessera.client import AIClient, AsyncAIClient, AsyncModel, Model
from tessera.events import Event
from tessera.prediction import AsyncPrediction, Prediction, Record, Usage

__all__ = ["AIClient", "APIModel", "AsyncAIClient", "AsyncModel", "AsyncPaginator", "AsyncPrediction", "Event", "Model",
           "Paginator", "Prediction", "Record", "Usage", "__version__", "errors", "webhooks"]
