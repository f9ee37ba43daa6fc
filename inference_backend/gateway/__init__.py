"""The data plane over HTTP: one plain ASGI application, three dialects, one path."""

from inference_backend.gateway.app import Gateway

__all__ = ["Gateway"]
