"""Ports for a server of a test's own, below the range that the system hands to clients: none is lost meanwhile."""

import os
import random
import socket

FIRST, LAST = 20_000, 30_000
_random = random.Random(os.getpid())


def free_port(neighbours: int = 2) -> int:
    """A free port of the loopback whose next `neighbours` ports are free too."""
    while True:
        port = _random.randrange(FIRST, LAST)
        if all(_free(port + step) for step in range(neighbours + 1)):
            return port


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
