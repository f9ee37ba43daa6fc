"""What must hold before anything starts; each fault is one line that says what to do."""

from __future__ import annotations

import fcntl
import shutil
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO


class StartError(RuntimeError):
    """A start that can't work, in one line for the person at the terminal."""


def ports_free(ports: Mapping[str, tuple[str, int]]) -> None:
    """Refuses a taken port by the name of the variable that moves it."""
    for variable, (host, port) in ports.items():
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                raise StartError(
                    f"port {port} is taken: stop what uses it, or choose another with {variable}=… make up"
                ) from None


def only_one(path: Path) -> TextIO:
    """Holds the state folder for this process; a second start on it is refused. Close the file to let go."""
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise StartError("it is running already: make down stops it") from None
    return file


def python_fits() -> None:
    if not (3, 11) <= sys.version_info[:2] < (3, 13):
        raise StartError(f"Python 3.11 or 3.12 is needed, this is {sys.version.split()[0]}")


def triton_fits() -> None:
    """Refuses a machine on which Triton's Python models could not run."""
    from inference_backend.triton.server import TritonError, check_machine

    try:
        check_machine()
    except TritonError as error:
        raise StartError(str(error)) from None


def is_running(path: Path) -> bool:
    """Whether a process holds the state folder by `only_one`."""
    if not path.exists():
        return False
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def frontend_built(manifest_exists: bool) -> None:
    if manifest_exists:
        return
    if shutil.which("node") is None:
        raise StartError("Node 20 or newer is needed to build the pages: install it and run make up again")
    raise StartError("the pages are not built: run make up (or make frontend)")
