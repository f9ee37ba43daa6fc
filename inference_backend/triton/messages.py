"""The protocol's protobuf messages, for the packages that may not import tritonclient themselves."""

from __future__ import annotations

from tritonclient.grpc import service_pb2 as messages
from tritonclient.grpc import service_pb2_grpc as services

__all__ = ["messages", "services"]
