"""What the sandbox remembers: one SQLite file. A request's effects and its idempotency record commit together."""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS object (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, owner TEXT NOT NULL DEFAULT '', created INTEGER NOT NULL, data TEXT NOT NULL,
  seq INTEGER NOT NULL UNIQUE);
CREATE INDEX IF NOT EXISTS object_by_kind ON object (kind, seq);
CREATE INDEX IF NOT EXISTS object_by_owner ON object (kind, owner, seq);
CREATE TABLE IF NOT EXISTS replay (
  key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
  created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS delivery (
  id INTEGER PRIMARY KEY, event TEXT NOT NULL, due_ms INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
REPLAY_FOR_S = 24 * 3600

# Chaos and the clock, all whole numbers; shares are per mille. Settable while it runs.
DEFAULTS = {
    "clock_offset_s": 0, "fault_before": 0, "fault_after": 0, "fault_error": 0, "delay_ms": 0,
    "webhook_drop": 0, "webhook_duplicate": 0, "webhook_delay_ms": 0, "ignore_idempotency": 0,
}

Stored = dict[str, Any]


class Store:
    """One connection behind one lock: a transaction at a time, which is what makes the journal exact."""

    def __init__(self, path: Path | str) -> None:
        if isinstance(path, Path):
            path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)
        self._lock = threading.RLock()
        self._depth = 0
        (last,) = self._db.execute("SELECT coalesce(max(seq), 0) FROM object").fetchone()
        self._seq = int(last)
        self.settings: dict[str, int] = {**DEFAULTS, **dict(self._db.execute("SELECT name, value FROM setting"))}

    @contextmanager
    def transaction(self) -> Iterator[Store]:
        """All or nothing, also under kill -9."""
        with self._lock:
            if self._depth:
                yield self
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield self
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            else:
                self._db.execute("COMMIT")
            finally:
                self._depth = 0

    def close(self) -> None:
        with self._lock:
            self._db.close()

    # -- settings and time

    def set(self, **values: int) -> None:
        with self.transaction():
            for name, value in values.items():
                self.settings[name] = value
                self._db.execute("INSERT INTO setting VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = ?",
                                 (name, value, value))

    def now(self) -> int:
        """Seconds since 1970 by the sandbox's own clock."""
        return int(time.time()) + self.settings["clock_offset_s"]

    # -- objects

    def add(self, prefix: str, kind: str, data: Stored, *, owner: str = "") -> Stored:
        """Stores a new object under an id of Stripe's look; members that start with _ never leave the sandbox."""
        self._seq += 1
        found = {"id": f"{prefix}_{secrets.token_hex(12)}", "object": kind, "created": self.now(), "livemode": False,
                 **data}
        self._db.execute("INSERT INTO object VALUES (?, ?, ?, ?, ?, ?)",
                         (found["id"], kind, owner, found["created"], json.dumps(found), self._seq))
        return found

    def save(self, found: Stored, *, owner: str | None = None) -> Stored:
        self._db.execute("UPDATE object SET data = ?, owner = coalesce(?, owner) WHERE id = ?",
                         (json.dumps(found), owner, found["id"]))
        return found

    def get(self, identifier: str, kind: str) -> Stored | None:
        row = self._db.execute("SELECT data FROM object WHERE id = ? AND kind = ?", (identifier, kind)).fetchone()
        return json.loads(row[0]) if row else None

    def page(self, kind: str, *, owner: str | None = None, created: Any = None, limit: int = 10,
             starting_after: str | None = None, ending_before: str | None = None) -> tuple[list[Stored], bool]:
        """A page, newest first, and whether more follow. `created` is a moment or bounds (gt, gte, lt, lte)."""
        where, values = ["kind = ?"], [kind]
        if owner is not None:
            where.append("owner = ?")
            values.append(owner)
        bounds = created if isinstance(created, dict) else {"eq": created} if created is not None else {}
        signs = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "="}
        for name, bound in bounds.items():
            where.append(f"created {signs[name]} ?")
            values.append(bound)
        for cursor, sign in ((starting_after, "<"), (ending_before, ">")):
            if cursor:
                where.append(f"seq {sign} (SELECT seq FROM object WHERE id = ?)")  # noqa: S608
                values.append(cursor)
        order = "ASC" if ending_before else "DESC"
        rows = self._db.execute(
            f"SELECT data FROM object WHERE {' AND '.join(where)} ORDER BY seq {order} LIMIT ?",  # noqa: S608
            (*values, limit + 1)).fetchall()
        page = [json.loads(row[0]) for row in rows[:limit]]
        return (page[::-1] if ending_before else page), len(rows) > limit

    # -- idempotency

    def replay(self, key: str) -> tuple[str, int, str] | None:
        """(fingerprint, status, body) of an earlier request with this key; Stripe forgets it after a day."""
        self._db.execute("DELETE FROM replay WHERE created < ?", (self.now() - REPLAY_FOR_S,))
        row = self._db.execute("SELECT fingerprint, status, body FROM replay WHERE key = ?", (key,)).fetchone()
        return (row[0], row[1], row[2]) if row else None

    def keep(self, key: str, fingerprint: str, status: int, body: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO replay VALUES (?, ?, ?, ?, ?)",
                         (key, fingerprint, status, body, self.now()))

    # -- deliveries of events

    def enqueue(self, event: str, due_ms: int) -> None:
        self._db.execute("INSERT INTO delivery (event, due_ms) VALUES (?, ?)", (event, due_ms))

    def due(self, now_ms: int) -> list[tuple[int, str, int]]:
        """(delivery, event, tries) of what is to be sent now."""
        with self._lock:
            return self._db.execute("SELECT id, event, tries FROM delivery WHERE due_ms <= ? ORDER BY due_ms LIMIT 20",
                                    (now_ms,)).fetchall()

    def delivered(self, delivery: int) -> None:
        with self._lock:
            self._db.execute("DELETE FROM delivery WHERE id = ?", (delivery,))

    def postpone(self, delivery: int, due_ms: int) -> None:
        with self._lock:
            self._db.execute("UPDATE delivery SET tries = tries + 1, due_ms = ? WHERE id = ?", (due_ms, delivery))


def public(found: Any) -> Any:
    """An object as it leaves the sandbox."""
    if isinstance(found, dict):
        return {key: public(value) for key, value in found.items() if not key.startswith("_")}
    if isinstance(found, list):
        return [public(value) for value in found]
    return found
