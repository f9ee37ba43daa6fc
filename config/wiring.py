"""The one page where packages meet: fact → listener, port → adapter."""

from __future__ import annotations


def connect() -> None:
    """Called once per process, when every package is loaded."""
