"""Files and resumable uploads of organizations: rows in Postgres, bytes in the blob store.

Bytes are written before their row and deleted after it: a crash leaves at most bytes that nobody knows, and the sweep
takes those away.
"""

from __future__ import annotations

import mimetypes
import uuid
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import BinaryIO

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Sum

from inference_backend.files import (
    MAX_FILE,
    MAX_ORGANIZATION,
    PURPOSES,
    DiskStore,
    FileInfo,
    TooLarge,
    chunks_of,
)
from inference_backend.jobs.models import StoredFile, Upload, UploadPart
from kernel import ids
from kernel.clock import now
from kernel.problems import FieldError, Problem

RETENTION = timedelta(days=30)
UPLOAD_LIFETIME = timedelta(hours=24)
MAX_PART = 32 << 20
MAX_PARTS = 1000
MIN_LIFETIME_S, MAX_LIFETIME_S = 3600, 90 * 86_400
ORPHAN_AGE_S = 3600.0


@cache
def store() -> DiskStore:
    return DiskStore(Path(default_storage.location) / "objects")  # type: ignore[attr-defined]


def create(*, org_id: int, filename: str, chunks: Iterable[bytes], content_type: str = "", purpose: str = "user_data",
           lifetime_s: int | None = None, limit: int = MAX_FILE, internal: bool = False) -> StoredFile:
    """Stores a file. Raises Problem validation_error, payload_too_large or quota_exceeded."""
    filename, content_type = _checked(filename, content_type, purpose, internal=internal)
    lifetime = _lifetime(lifetime_s)
    limit = min(limit, MAX_ORGANIZATION - used_bytes(org_id))
    if limit <= 0:
        raise _full()
    file_id = ids.uuid7()
    try:
        written = store().put(file_id.hex, chunks, limit=limit)
    except TooLarge:
        if used_bytes(org_id) + limit >= MAX_ORGANIZATION:
            raise _full() from None
        raise Problem("payload_too_large", f"a file holds at most {limit} bytes here") from None
    if not written.bytes:
        store().delete(file_id.hex)
        raise Problem("validation_error", "the file is empty", errors=[FieldError("/file", "is empty")])
    return StoredFile.objects.create(
        id=file_id, org_id=org_id, filename=filename, content_type=content_type, purpose=purpose,
        bytes=written.bytes, sha256=written.sha256, expires_at=now() + lifetime)


def file_of(*, org_id: int, file_id: uuid.UUID | None) -> StoredFile:
    """The organization's file; a stranger's or an expired one is as unknown as one that never was."""
    row = StoredFile.objects.filter(pk=file_id, org_id=org_id, expires_at__gt=now()).first() if file_id else None
    if row is None:
        raise Problem("not_found", "no such file")
    return row


def open_content(row: StoredFile) -> BinaryIO:
    """The bytes. Raises Problem not_found where they are gone."""
    try:
        return store().open(row.id.hex)
    except FileNotFoundError:
        raise Problem("not_found", "no such file") from None


def files_of(*, org_id: int, limit: int, after: uuid.UUID | None = None,
             purpose: str = "") -> tuple[list[StoredFile], bool]:
    """One page, newest first, from behind the file `after`; and whether there are more."""
    rows = StoredFile.objects.filter(org_id=org_id, expires_at__gt=now())
    if purpose:
        rows = rows.filter(purpose=purpose)
    if after is not None:
        rows = rows.filter(pk__lt=after)  # ids are ordered by time
    page = list(rows.order_by("-pk")[: limit + 1])
    return page[:limit], len(page) > limit


def delete(*, org_id: int, file_id: uuid.UUID | None) -> None:
    row = file_of(org_id=org_id, file_id=file_id)
    name = row.id.hex
    row.delete()
    store().delete(name)


def used_bytes(org_id: int) -> int:
    files = StoredFile.objects.filter(org_id=org_id).aggregate(sum=Sum("bytes"))["sum"] or 0
    parts = UploadPart.objects.filter(upload__org_id=org_id).aggregate(sum=Sum("bytes"))["sum"] or 0
    return int(files + parts)


# ---------------------------------------------------------------- in parts

def start_upload(*, org_id: int, filename: str, size: int, content_type: str = "", purpose: str = "user_data",
                 sha256: str = "") -> Upload:
    """Announces a file that will come in parts."""
    filename, content_type = _checked(filename, content_type, purpose)
    if not 0 < size <= MAX_FILE:
        raise Problem("validation_error", f"bytes must be 1 to {MAX_FILE}",
                      errors=[FieldError("/bytes", f"must be 1 to {MAX_FILE}")])
    if sha256 and (len(sha256) != 64 or set(sha256) - set("0123456789abcdef")):
        raise Problem("validation_error", "sha256 must be 64 hex digits",
                      errors=[FieldError("/sha256", "must be 64 lower-case hex digits")])
    if used_bytes(org_id) + size > MAX_ORGANIZATION:
        raise _full()
    return Upload.objects.create(org_id=org_id, filename=filename, content_type=content_type, purpose=purpose,
                                 bytes=size, sha256=sha256, expires_at=now() + UPLOAD_LIFETIME)


def upload_of(*, org_id: int, upload_id: uuid.UUID | None, lock: bool = False) -> Upload:
    rows = Upload.objects.select_for_update() if lock else Upload.objects
    row = rows.filter(pk=upload_id, org_id=org_id).first() if upload_id else None
    if row is None or (row.state == "open" and row.expires_at <= now()):
        raise Problem("not_found", "no such upload")
    return row


def put_part(*, org_id: int, upload_id: uuid.UUID | None, number: int, chunks: Iterable[bytes]) -> UploadPart:
    """Stores one part; sending it again replaces it. Parts may come in any order and at once."""
    upload = _open_upload(org_id, upload_id)
    if not 1 <= number <= MAX_PARTS:
        raise Problem("validation_error", f"parts are numbered 1 to {MAX_PARTS}",
                      errors=[FieldError("/number", f"must be 1 to {MAX_PARTS}")])
    try:
        written = store().put(f"{upload.id.hex}.{number}", chunks, limit=min(MAX_PART, upload.bytes))
    except TooLarge:
        raise Problem("payload_too_large", f"a part holds at most {min(MAX_PART, upload.bytes)} bytes") from None
    if not written.bytes:
        raise Problem("validation_error", "the part is empty", errors=[FieldError("/", "is empty")])
    with transaction.atomic():
        _open_upload(org_id, upload_id, lock=True)
        others = upload.parts.exclude(number=number).aggregate(sum=Sum("bytes"))["sum"] or 0
        if others + written.bytes > upload.bytes:
            raise Problem("payload_too_large", f"the parts hold more than the {upload.bytes} bytes announced")
        part, _ = UploadPart.objects.update_or_create(
            upload=upload, number=number, defaults={"bytes": written.bytes, "sha256": written.sha256})
    return part


@transaction.atomic
def complete_upload(*, org_id: int, upload_id: uuid.UUID | None, sha256: str = "") -> Upload:
    """Makes the file of the parts; completing again gives the same file.

    Raises Problem invalid_state (bytes are missing, or canceled), validation_error (another sha256).
    """
    upload = upload_of(org_id=org_id, upload_id=upload_id, lock=True)
    if upload.state == "completed":
        return upload
    if upload.state == "canceled":
        raise Problem("invalid_state", "the upload was canceled")
    parts = list(upload.parts.order_by("number"))
    held = sum(part.bytes for part in parts)
    if [part.number for part in parts] != list(range(1, len(parts) + 1)) or held != upload.bytes:
        raise Problem("invalid_state", f"{held} of {upload.bytes} bytes are here, in parts "
                                       f"{', '.join(str(part.number) for part in parts) or 'none'}")
    file_id = ids.uuid7()
    written = store().put(file_id.hex, _joined(upload, parts), limit=upload.bytes)
    wanted = {digest for digest in (sha256, upload.sha256) if digest}
    if written.bytes != upload.bytes or wanted - {written.sha256}:
        store().delete(file_id.hex)
        raise Problem("validation_error", f"the content has sha256 {written.sha256}",
                      errors=[FieldError("/sha256", "is not that of the content")])
    upload.file = StoredFile.objects.create(
        id=file_id, org_id=org_id, filename=upload.filename, content_type=upload.content_type,
        purpose=upload.purpose, bytes=written.bytes, sha256=written.sha256, expires_at=now() + RETENTION)
    upload.state = "completed"
    upload.save(update_fields=["file", "state"])
    _drop_parts(upload)
    return upload


@transaction.atomic
def cancel_upload(*, org_id: int, upload_id: uuid.UUID | None) -> Upload:
    upload = upload_of(org_id=org_id, upload_id=upload_id, lock=True)
    if upload.state == "completed":
        raise Problem("invalid_state", "the upload is complete")
    upload.state = "canceled"
    upload.save(update_fields=["state"])
    _drop_parts(upload)
    return upload


def sweep(*, limit: int = 500) -> int:
    """Deletes expired files, expired uploads and bytes that no row knows; says how many."""
    gone = 0
    for row in StoredFile.objects.filter(expires_at__lte=now())[:limit]:
        name = row.id.hex
        row.delete()
        store().delete(name)
        gone += 1
    for upload in Upload.objects.filter(expires_at__lte=now())[:limit]:
        with transaction.atomic():
            _drop_parts(upload)
            upload.delete()
        gone += 1
    for name in store().older_than(ORPHAN_AGE_S):
        head, _, number = name.partition(".")
        known = (UploadPart.objects.filter(upload_id=uuid.UUID(hex=head), number=int(number)) if number
                 else StoredFile.objects.filter(pk=uuid.UUID(hex=head)))
        if not known.exists():
            store().delete(name)
            gone += 1
    return gone


def info(row: StoredFile) -> FileInfo:
    return FileInfo(row.public_id, row.filename, row.content_type, row.purpose, row.bytes, row.sha256, row.created_at,
                    row.expires_at)


def _open_upload(org_id: int, upload_id: uuid.UUID | None, *, lock: bool = False) -> Upload:
    upload = upload_of(org_id=org_id, upload_id=upload_id, lock=lock)
    if upload.state != "open":
        raise Problem("invalid_state", f"the upload is {upload.state}")
    return upload


def _joined(upload: Upload, parts: list[UploadPart]) -> Iterator[bytes]:
    for part in parts:
        with store().open(f"{upload.id.hex}.{part.number}") as file:
            yield from chunks_of(file)


def _drop_parts(upload: Upload) -> None:
    names = [f"{upload.id.hex}.{number}" for number in upload.parts.values_list("number", flat=True)]
    upload.parts.all().delete()
    transaction.on_commit(lambda: [store().delete(name) for name in names] and None)


def _checked(filename: str, content_type: str, purpose: str, *, internal: bool = False) -> tuple[str, str]:
    name = filename.replace("\\", "/").rpartition("/")[2].replace("\0", "").strip()
    if not name or len(name) > 255:
        raise Problem("validation_error", "filename must have 1 to 255 characters",
                      errors=[FieldError("/filename", "must have 1 to 255 characters")])
    if purpose not in PURPOSES and not internal:
        raise Problem("validation_error", f"purpose must be one of {', '.join(PURPOSES)}",
                      errors=[FieldError("/purpose", f"must be one of {', '.join(PURPOSES)}")])
    guessed = content_type if 0 < len(content_type) < 128 and content_type.isascii() and content_type.isprintable() \
        else mimetypes.guess_type(name)[0]
    return name, guessed or "application/octet-stream"


def _lifetime(seconds: int | None) -> timedelta:
    if seconds is None:
        return RETENTION
    if not MIN_LIFETIME_S <= seconds <= MAX_LIFETIME_S:
        raise Problem("validation_error", f"expires_after is {MIN_LIFETIME_S} to {MAX_LIFETIME_S} seconds", errors=[
            FieldError("/expires_after", f"must be {MIN_LIFETIME_S} to {MAX_LIFETIME_S}")])
    return timedelta(seconds=seconds)


def _full() -> Problem:
    return Problem("quota_exceeded", f"an organization stores at most {MAX_ORGANIZATION >> 30} GiB: delete files first",
                   limit=MAX_ORGANIZATION)
