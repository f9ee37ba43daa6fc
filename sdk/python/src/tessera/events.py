"""Server-sent events as the API writes them: an id to go on from, a kind, and JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

FINAL = "prediction"  # the last event of a stream: the finished prediction itself


@dataclass(frozen=True)
class Event:
    """One step of a prediction: `kind` is status, progress or prediction, `data` what the server says about it."""

    id: str
    kind: str
    data: Any


class EventParser:
    """Takes a stream line by line and gives each event when its blank line has come."""

    def __init__(self) -> None:
        self.last_id = ""
        self._kind = ""
        self._data: list[str] = []

    def feed(self, line: str) -> Event | None:
        line = line.rstrip("\r\n")
        if not line:
            return self._end()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._kind = value
        elif name == "id":
            self.last_id = value
        return None  # comments keep the connection alive, `retry` is ours to choose

    def _end(self) -> Event | None:
        kind, data = self._kind, self._data
        self._kind, self._data = "", []
        return Event(self.last_id, kind or "message", json.loads("\n".join(data))) if data else None
