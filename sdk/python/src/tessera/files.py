"""Files in and out: in one request where they are small, in resumable parts where they are not."""

from __future__ import annotations

import hashlib
import mimetypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from tessera import errors
from tessera._base import Call, LazyModule, Steps, body_of, parse, quote
from tessera._generated.resources import AsyncFilesResource, FilesResource

if TYPE_CHECKING:
    from tessera._generated import models as m
else:
    m = LazyModule("tessera._generated.models")

DIRECT_BYTES = 8 << 20  # above this a file goes in parts, so that a broken line costs one part and progress is seen
Progress = Callable[[int, int], Any]  # bytes sent so far, bytes in all


class UploadInterrupted(errors.TesseraError):
    """An upload that stopped in the middle. `files.upload(…, resume=error.upload_id)` sends only what is missing."""

    def __init__(self, upload_id: str, cause: BaseException) -> None:
        self.upload_id = upload_id
        super().__init__(f"the upload {upload_id} stopped: {cause}")


@contextmanager
def _opened(source: Any, filename: str | None) -> Iterator[tuple[BinaryIO, str, int]]:
    """Path, bytes or open binary file → a seekable file, its name and its size."""
    import io

    if isinstance(source, bytes | bytearray | memoryview):
        yield io.BytesIO(source), filename or "file", len(source)
    elif isinstance(source, str | os.PathLike):
        path = Path(source)
        with path.open("rb") as file:
            yield file, filename or path.name, path.stat().st_size
    else:
        size = source.seek(0, os.SEEK_END)
        source.seek(0)
        yield source, filename or Path(str(getattr(source, "name", "file"))).name, size


def _uploading(source: Any, *, filename: str | None, purpose: str, content_type: str | None,
               expires_after: int | None, on_progress: Progress | None, resume: str | None,
               part_bytes: int | None) -> Steps[m.StoredFile]:
    with _opened(source, filename) as (file, name, size):
        kind = content_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
        tell = on_progress or (lambda sent, of: None)
        if size <= DIRECT_BYTES and resume is None and part_bytes is None:
            form: dict[str, Any] = {"file": (name, file.read(), kind), "purpose": purpose}
            if expires_after is not None:
                form["expires_after"] = str(expires_after)
            tell(0, size)
            stored: m.StoredFile = parse(m.StoredFile, body_of((yield Call("POST", "/api/v1/files", form=form))), None)
            tell(size, size)
            return stored
        whole = hashlib.sha256()
        for chunk in iter(lambda: file.read(1 << 20), b""):
            whole.update(chunk)
        if resume is None:
            asked = {"filename": name, "bytes": size, "content_type": kind, "purpose": purpose,
                     "sha256": whole.hexdigest()}
            upload = parse(m.Upload, body_of((yield Call("POST", "/api/v1/uploads", json=asked))), None)
        else:
            upload = parse(m.Upload, body_of((yield Call("GET", f"/api/v1/uploads/{quote(resume)}"))), None)
            if upload.bytes != size:
                raise errors.TesseraError(f"{resume} is an upload of {upload.bytes} bytes, this file has {size}")
        try:
            yield from _parts(file, upload, size, part_bytes, tell)
            done = yield Call("POST", f"/api/v1/uploads/{quote(upload.id)}/complete",
                              json={"sha256": whole.hexdigest()})
        except errors.TesseraError as error:
            if isinstance(error, errors.APIStatusError) and not error.retryable:
                raise
            raise UploadInterrupted(upload.id, error) from error
        file_id = parse(m.Upload, body_of(done), None).file_id
        stored = parse(m.StoredFile, body_of((yield Call("GET", f"/api/v1/files/{quote(file_id)}"))), None)
        return stored


def _parts(file: BinaryIO, upload: m.Upload, size: int, part_bytes: int | None, tell: Progress) -> Steps[None]:
    here = {part.number: part for part in upload.parts}
    # An upload goes on with parts of the size that it began with.
    length = here[1].bytes if 1 in here and len(here) >= 1 else min(part_bytes or DIRECT_BYTES, upload.max_part_bytes)
    sent = 0
    tell(0, size)
    for number in range(1, -(-size // length) + 1):
        file.seek((number - 1) * length)
        content = file.read(length)
        known = here.get(number)
        if known is None or known.sha256 != hashlib.sha256(content).hexdigest():
            yield Call("PUT", f"/api/v1/uploads/{quote(upload.id)}/parts/{number}", content=content,
                       headers={"Content-Type": "application/octet-stream"})
        sent += len(content)
        tell(sent, size)


class Files(FilesResource):
    """`client.files`: the generated operations, `upload` and `download`."""

    def upload(self, source: Any, *, purpose: str = "user_data", filename: str | None = None,
               content_type: str | None = None, expires_after: int | None = None, on_progress: Progress | None = None,
               resume: str | None = None, part_bytes: int | None = None) -> m.StoredFile:
        """Stores a file: path, bytes or open binary file. Above 8 MiB it goes in parts; `on_progress(sent, of)` is told
        in bytes. Raises UploadInterrupted, whose `upload_id` goes into `resume`."""
        return self._transport.drive(_uploading(
            source, filename=filename, purpose=purpose, content_type=content_type, expires_after=expires_after,
            on_progress=on_progress, resume=resume, part_bytes=part_bytes))

    def download(self, file_id: str, path: str | os.PathLike[str]) -> Path:
        """Writes a file's content to the path, or into it where it is a folder, and returns where."""
        target = _target(Path(path), lambda: self.retrieve(file_id).filename)
        target.write_bytes(self.content(file_id))
        return target


class AsyncFiles(AsyncFilesResource):
    """As `Files`, to await."""

    async def upload(self, source: Any, *, purpose: str = "user_data", filename: str | None = None,
                     content_type: str | None = None, expires_after: int | None = None,
                     on_progress: Progress | None = None, resume: str | None = None,
                     part_bytes: int | None = None) -> m.StoredFile:
        """As `Files.upload`."""
        return await self._transport.drive(_uploading(
            source, filename=filename, purpose=purpose, content_type=content_type, expires_after=expires_after,
            on_progress=on_progress, resume=resume, part_bytes=part_bytes))

    async def download(self, file_id: str, path: str | os.PathLike[str]) -> Path:
        """As `Files.download`."""
        name = (await self.retrieve(file_id)).filename if Path(path).is_dir() else ""
        target = _target(Path(path), lambda: name)
        target.write_bytes(await self.content(file_id))
        return target


def _target(path: Path, name: Callable[[], str]) -> Path:
    # Only the last part of a name that somebody else gave.
    return path / (Path(name()).name or "file") if path.is_dir() else path
