"""One file over HTTP: in parts, resumed where it broke off, bounded, checked, and moved into place when it is right.

A half-fetched file stays beside its place as `.part`, with what the server called it (`.part.json`), so that the next
attempt, in this process or another, asks only for the rest.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from inference_backend import netguard
from kernel.problems import Problem

HUB = "https://huggingface.co"
HUB_HOSTS = ("huggingface.co", "hf.co")  # and the hosts below them, where the large files are
ATTEMPTS = 5
TIMEOUT_S = 30.0
MAX_BYTES = 2 << 30  # what an ONNX file without external data can hold
SPARE_BYTES = 256 << 20  # left free on the disk

Tell = Callable[[int, int], None]  # bytes so far, bytes in all (0: not known)


class Paused(Exception):
    """The time of this turn is over; what was fetched stays, and the next turn goes on from there."""


class _NotThere(Exception):
    """The hub has no such file at this place."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where files are fetched from: the hub, or a mirror with the same paths."""

    base: str = HUB
    private_hosts: tuple[str, ...] = ()  # may have addresses that are not public (a mirror inside)
    max_bytes: int = MAX_BYTES
    timeout_s: float = TIMEOUT_S
    pause_s: float = 0.5  # before the second attempt; doubled each time

    def url(self, repository: str, revision: str, path: str) -> str:
        return f"{self.base.rstrip('/')}/{repository}/resolve/{revision}/{path}"

    def allowed(self, host: str) -> bool:
        """Whether a file may come from this host, at first or after a redirect."""
        own = {urlsplit(self.base).hostname, *self.private_hosts}
        return host in own or any(host == known or host.endswith(f".{known}") for known in HUB_HOSTS)

    def private(self, host: str) -> bool:
        return host in self.private_hosts


@dataclass(frozen=True, slots=True)
class Seen:
    """What a file is: what its publisher says, or what the first fetch saw. "" and 0: nothing is known."""

    sha256: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Got:
    """A file that lies in place, checked."""

    sha256: str
    size: int
    revision: str  # the commit, where the hub told it


def download(source: Source, url: str, target: Path, *, expected: Seen = Seen(), tell: Tell = lambda done, total: None,
             until: float = float("inf")) -> Got:
    """Brings the file to `target`. A file that is there already and is right is not fetched again.

    Problems: `hub_unreachable` (no connection, or it broke more than ATTEMPTS times without bringing anything),
    `not_found`, `payload_too_large`, `hub_mismatch` (size or SHA-256), `invalid_request` (an address that is not
    fetched from). Raises Paused when `until` (time.monotonic) has come.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    note = target.with_name(target.name + ".json")
    if target.is_file() and expected.sha256 and _sha256(target) == expected.sha256:
        tell(target.stat().st_size, target.stat().st_size)
        return Got(expected.sha256, target.stat().st_size, _noted(note).get("revision", ""))
    part = target.with_name(target.name + ".part")
    failures, last = 0, ""
    while True:
        before = _size(part)
        try:
            revision, linked = _attempt(source, url, part, expected, tell, until)
            break
        except _NotThere:
            raise Problem("not_found", f"the hub has no {url}") from None
        except netguard.Refused as error:
            if "resolve" in str(error):
                raise Problem("hub_unreachable", f"{urlsplit(url).hostname} can't be reached: {error}") from None
            raise Problem("invalid_request", f"{url}: {error}") from None
        except (OSError, http.client.HTTPException) as error:
            if _size(part) > before:
                failures = 0  # it moves: slowly, but it moves
            failures, last = failures + 1, f"{type(error).__name__}: {error}".rstrip(": ")
            if failures >= ATTEMPTS:
                raise Problem("hub_unreachable", f"{urlsplit(url).hostname} can't be reached: {last}") from None
            time.sleep(source.pause_s * 2 ** (failures - 1))
    got = Got(_sha256(part), _size(part), revision)
    _compare(part, got, Seen(expected.sha256 or linked, expected.size), url)
    note.write_text(json.dumps({"revision": revision}), encoding="utf-8")
    os.replace(part, target)
    _state(part).unlink(missing_ok=True)
    return got


def _attempt(source: Source, url: str, part: Path, expected: Seen, tell: Tell, until: float) -> tuple[str, str]:
    """Fetches what is missing; gives the commit and the SHA-256 that the hub names, where it does."""
    have, tag = _size(part), _noted(_state(part)).get("etag", "")
    if have and not tag and not expected.sha256:
        have = 0  # nothing says that the rest would be the rest of the same file
    headers = {"Range": f"bytes={have}-", **({"If-Range": tag} if tag else {})} if have else {}
    with netguard.stream(url, headers=headers, timeout_s=source.timeout_s, allowed=source.allowed,
                         private=source.private) as answer:
        if answer.status in (401, 403, 404, 410):
            raise _NotThere
        if answer.status == 416 and have:
            if answer.last_header("content-range") == f"bytes */{have}":
                return _named(answer)  # it was whole already
            part.unlink()
            raise ConnectionError("the server has no rest of this file; it is fetched anew")
        if answer.status not in (200, 206):
            raise ConnectionError(f"the server answered {answer.status}")
        resumed = answer.status == 206 and answer.last_header("content-range").startswith(f"bytes {have}-")
        if answer.status == 206 and not resumed:
            part.unlink(missing_ok=True)
            raise ConnectionError("the server sent another part than was asked for")
        have = have if resumed else 0
        length = answer.last_header("content-length")
        total = have + int(length) if length.isdecimal() else 0
        _bound(source, total, expected, url, part)
        etag = answer.last_header("etag")
        _state(part).write_text(json.dumps({"etag": "" if etag.startswith("W/") else etag}), encoding="utf-8")
        with part.open("ab" if resumed else "wb") as file:
            while data := answer.read():
                have += len(data)
                _bound(source, have, expected, url, part, whole=False)
                file.write(data)
                tell(have, total)
                if have != total and time.monotonic() > until:
                    raise Paused
        if total and have < total:
            raise ConnectionError(f"the connection broke at {have:,} of {total:,} bytes")
        return _named(answer)


def _named(answer: netguard.Stream) -> tuple[str, str]:
    linked = answer.header("x-linked-etag").strip('"')  # of large files it is their SHA-256
    return answer.header("x-repo-commit"), linked if len(linked) == 64 else ""


def _bound(source: Source, size: int, expected: Seen, url: str, part: Path, *, whole: bool = True) -> None:
    """Refuses what is larger than it may be, before or while it comes."""
    most = min(source.max_bytes, expected.size or source.max_bytes)
    if size > most:
        part.unlink(missing_ok=True)
        if expected.size and expected.size <= source.max_bytes:
            raise Problem("hub_mismatch", f"{url} is larger than the {expected.size:,} bytes that were published")
        raise Problem("payload_too_large", f"{url} is larger than {source.max_bytes:,} bytes")
    if whole and size and shutil.disk_usage(part.parent).free < size - _size(part) + SPARE_BYTES:
        raise Problem("out_of_memory", f"the disk has no room for {size:,} bytes")


def _compare(part: Path, got: Got, expected: Seen, url: str) -> None:
    if (expected.size and got.size != expected.size) or (expected.sha256 and got.sha256 != expected.sha256):
        part.unlink()
        _state(part).unlink(missing_ok=True)
        raise Problem("hub_mismatch", f"{url} is not the file that was published: {got.size:,} bytes with SHA-256 "
                                      f"{got.sha256}, expected {expected.size or 'any'} bytes with "
                                      f"{expected.sha256 or 'any'}")


def _state(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _noted(file: Path) -> dict[str, str]:
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
