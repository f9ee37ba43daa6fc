"""Argon2 with a bound: each hash takes 100 MB and a core, so that a crowd of logins would take the machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher

from kernel.problems import Problem

AT_ONCE = 2
WAIT_S = 5.0
_places = BoundedSemaphore(AT_ONCE)


@contextmanager
def place(wait_s: float = WAIT_S) -> Iterator[None]:
    """One of the places for hashing in this process; Problem overloaded where none is free in time."""
    if not _places.acquire(timeout=wait_s):
        raise Problem("overloaded", "too many people log in at this moment; try again", headers={"Retry-After": "5"})
    try:
        yield
    finally:
        _places.release()


class BoundedArgon2(Argon2PasswordHasher):
    """Django's own, AT_ONCE at a time. Hashes are the same: what the plain one stored goes on to work."""

    def encode(self, password: str, salt: str) -> str:
        with place():
            return str(super().encode(password, salt))

    def verify(self, password: str, encoded: str) -> bool:
        with place():
            return bool(super().verify(password, encoded))

    def harden_runtime(self, password: str, encoded: str) -> Any:
        return None
