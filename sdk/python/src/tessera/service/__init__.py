"""The provider's side: a model of your own, from your machine to the market."""

from tessera.service import steps
from tessera.service.base import Check, CheckFailed, ModelService, Report
from tessera.service.bundle import Bundle, new_key, verify
from tessera.service.kinds import (
    Array,
    Audio,
    Boolean,
    Embedding,
    Image,
    Integer,
    Kind,
    LabelScores,
    Number,
    RowScores,
    Series,
    Table,
    Text,
    Texts,
    kind,
)
from tessera.service.nets import Net, load_model
from tessera.service.remote import Deployment, NotTaken, PushFailed, Version

__all__ = ["Array", "Audio", "Boolean", "Bundle", "Check", "CheckFailed", "Deployment", "Embedding", "Image", "Integer",
           "Kind", "LabelScores", "ModelService", "Net", "NotTaken", "Number", "PushFailed", "Report", "RowScores",
           "Series", "Table", "Text", "Texts", "Version", "kind", "load_model", "new_key", "steps", "verify"]
