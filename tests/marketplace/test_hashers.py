"""How passwords are hashed: by Argon2, a few at a time, so that a crowd of logins does not take the machine."""

from __future__ import annotations

import threading
import time

import pytest

from kernel.problems import Problem
from marketplace.accounts import hashers


def test_a_hash_is_argon2_s_and_only_its_password_fits() -> None:
    hasher = hashers.BoundedArgon2()
    encoded = hasher.encode("correct horse 7", "saltsaltsaltsaltsaltsa")
    assert encoded.startswith("argon2$argon2id$")
    assert hasher.verify("correct horse 7", encoded)
    assert not hasher.verify("correct horse 8", encoded)


def test_a_crowd_waits_and_is_told_so() -> None:
    inside, most, lock = 0, 0, threading.Lock()
    free = threading.Event()

    def work() -> None:
        nonlocal inside, most
        with hashers.place(30):
            with lock:
                inside += 1
                most = max(most, inside)
            free.wait(30)
            with lock:
                inside -= 1

    crowd = [threading.Thread(target=work) for _ in range(2 * hashers.AT_ONCE)]
    for one in crowd:
        one.start()
    while most < hashers.AT_ONCE:
        time.sleep(0.001)
    with pytest.raises(Problem) as raised, hashers.place(0.01):
        raise AssertionError("there was a place")
    assert (raised.value.code, raised.value.headers["Retry-After"]) == ("overloaded", "5")
    free.set()
    for one in crowd:
        one.join(30)
    assert most == hashers.AT_ONCE
    with hashers.place(0.01):
        pass
