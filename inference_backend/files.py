"""Files of an organization: what the data plane needs of them, and where their bytes lie. No Django here.

`Files` and `Batches` are ports that the jobs package fills. `DiskStore` is the one storage today; another (S3) needs
the same few methods.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from kernel.contracts import Grant

MAX_FILE = 512 << 20
MAX_DIRECT = 64 << 20  # in one request; larger files come in parts
MAX_ORGANIZATION = 5 << 30
PURPOSES = ("batch", "user_data", "vision")
CHUNK = 1 << 20
FILE_ID = re.compile(r"file_[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class FileInfo:
    """One stored file. `id` is what the API shows: file_<32 hex>."""

    id: str
    filename: str
    content_type: str
    purpose: str
    bytes: int
    sha256: str
    created_at: datetime
    expires_at: datetime


class Files(Protocol):
    """The files of organizations. A stranger's file is not_found, like an expired one."""

    async def create(self, org_id: int, *, filename: str, content: bytes, content_type: str,
                     purpose: str) -> FileInfo: ...

    async def get(self, org_id: int, file_id: str) -> FileInfo: ...

    async def read(self, org_id: int, file_id: str, *, limit: int) -> bytes:
        """The content. Raises Problem not_found, or payload_too_large above `limit` bytes."""
        ...

    async def page(self, org_id: int, *, limit: int, after: str, purpose: str) -> tuple[list[FileInfo], bool]: ...

    async def delete(self, org_id: int, file_id: str) -> None: ...


class Batches(Protocol):
    """Batches in the shape of the OpenAI dialect (see `inference_backend.jobs.batches`)."""

    async def create(self, grant: Grant, *, endpoint: str, input_file_id: str,
                     metadata: dict[str, Any]) -> dict[str, Any]: ...

    async def get(self, org_id: int, batch_id: str) -> dict[str, Any]: ...

    async def page(self, org_id: int, *, limit: int, after: str) -> tuple[list[dict[str, Any]], bool]: ...

    async def cancel(self, org_id: int, batch_id: str) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Written:
    bytes: int
    sha256: str


class TooLarge(ValueError):
    """More bytes than were allowed; nothing is kept of them."""


class BlobStore(Protocol):
    """Bytes by name. A name appears with all its bytes or not at all."""

    def put(self, name: str, chunks: Iterable[bytes], *, limit: int) -> Written: ...

    def open(self, name: str) -> BinaryIO: ...

    def delete(self, name: str) -> None: ...

    def older_than(self, seconds: float) -> Iterator[str]: ...


class DiskStore:
    """`BlobStore` in a folder: one file per name, two letters deep."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, name: str, chunks: Iterable[bytes], *, limit: int) -> Written:
        """Writes and syncs, then moves into place. Raises TooLarge."""
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".part-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                for chunk in chunks:
                    size += len(chunk)
                    if size > limit:
                        raise TooLarge(f"more than {limit} bytes")
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        return Written(size, digest.hexdigest())

    def open(self, name: str) -> BinaryIO:
        """Raises FileNotFoundError."""
        return self._path(name).open("rb")

    def delete(self, name: str) -> None:
        """Harmless where there is nothing."""
        self._path(name).unlink(missing_ok=True)

    def older_than(self, seconds: float) -> Iterator[str]:
        """Names that were written longer ago; for the sweep of what no row knows. Abandoned parts go at once."""
        border = time.time() - seconds
        for path in self._root.glob("*/*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < border:
                    if path.name.startswith(".part-"):
                        path.unlink(missing_ok=True)
                    else:
                        yield path.name

    def _path(self, name: str) -> Path:
        if not re.fullmatch(r"[0-9a-f]{32}(\.\d{1,5})?", name):
            raise ValueError("not a blob's name")
        return self._root / name[30:32] / name  # ids are ordered by time: their last letters spread best


def chunks_of(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk
