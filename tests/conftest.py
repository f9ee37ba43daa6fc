"""What every test shares. Unit tests have no sockets; tests of the real stack do."""

from __future__ import annotations

import os

import pytest
from pytest_socket import disable_socket, enable_socket

# As in the hosts: more threads than that fight for the same two cores, and take longer.
for _library in ("OMP", "OPENBLAS"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

NEEDS_SERVICES = ("stack", "browser", "django_db", "enable_socket")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/catalog/" in item.path.as_posix():
            item.add_marker("catalog")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if any(item.get_closest_marker(name) for name in NEEDS_SERVICES):
        enable_socket()
    else:
        disable_socket(allow_unix_socket=True)  # asyncio's own wake-up pair is a Unix socket
