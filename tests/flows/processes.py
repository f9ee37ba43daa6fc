"""The processes of the running product under test: found by their state folder, ended by their id."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def of_this_product(*words: str) -> list[int]:
    """Processes of this state folder whose command holds all the words."""
    mark = f"TESSERA_VAR={os.environ['TESSERA_VAR']}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
            if all(any(word.encode() in part for part in command) for word in words) and mark in (
                    entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def kill_workers() -> int:
    """kill -9 of every Celery worker with its children, group by group: none is forked meanwhile; how many groups."""
    groups = {os.getpgid(process) for process in of_this_product("celery", "worker")} - {os.getpgrp()}
    for group in groups:
        os.killpg(group, signal.SIGKILL)
    return len(groups)
