"""Files and resumable uploads: bytes by value, bounds, expiry, and that strangers see nothing."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIRequestFactory

from inference_backend import files as blobs
from inference_backend.files import DiskStore, TooLarge
from inference_backend.jobs import files, files_api
from inference_backend.jobs.models import StoredFile, Upload, UploadPart
from kernel import clock, ids
from kernel.problems import Problem

pytestmark = [pytest.mark.stack, pytest.mark.django_db]

TEXT = b'{"input": {"text": "a"}}\n' * 3


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DiskStore]:
    disk = DiskStore(tmp_path / "objects")
    monkeypatch.setattr(files, "store", lambda: disk)
    yield disk
    clock.set_offset(timedelta(0))


def stored(**changes: Any) -> StoredFile:
    return files.create(**{"org_id": 3, "filename": "a.jsonl", "chunks": (TEXT,), "purpose": "batch"} | changes)


def content(row: StoredFile) -> bytes:
    with files.open_content(row) as file:
        return file.read()


def blobs_of(disk: DiskStore) -> list[str]:
    return sorted(disk.older_than(-10))


def test_a_file_is_kept_by_value() -> None:
    row = stored(filename="../../etc/a.jsonl")
    assert content(row) == TEXT
    assert (row.filename, row.bytes, row.sha256) == ("a.jsonl", len(TEXT), hashlib.sha256(TEXT).hexdigest())
    assert files.file_of(org_id=3, file_id=row.id) == row


def test_a_stranger_and_the_late_see_nothing() -> None:
    row = stored(lifetime_s=3600)
    for org_id, file_id in ((4, row.id), (3, ids.uuid7()), (3, None)):
        with pytest.raises(Problem, match="not_found"):
            files.file_of(org_id=org_id, file_id=file_id)
    clock.set_offset(timedelta(seconds=3601))
    with pytest.raises(Problem, match="not_found"):
        files.file_of(org_id=3, file_id=row.id)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"chunks": ()}, "validation_error"),
        ({"purpose": "fine-tune"}, "validation_error"),
        ({"purpose": "batch_output"}, "validation_error"),
        ({"filename": "/"}, "validation_error"),
        ({"lifetime_s": 10}, "validation_error"),
        ({"limit": 10}, "payload_too_large"),
    ],
)
def test_what_is_refused_leaves_nothing(changes: dict[str, Any], code: str, store: DiskStore) -> None:
    with pytest.raises(Problem) as caught:
        stored(**changes)
    assert caught.value.code == code
    assert (blobs_of(store), StoredFile.objects.count()) == ([], 0)


def test_an_organization_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_ORGANIZATION", len(TEXT) + 10)
    stored()
    with pytest.raises(Problem, match="quota_exceeded"):
        stored()
    stored(org_id=4)


def test_pages_go_on_from_the_last_file() -> None:
    rows = [stored() for _ in range(5)]
    stored(org_id=4)
    first, more = files.files_of(org_id=3, limit=3)
    second, rest = files.files_of(org_id=3, limit=3, after=first[-1].id)
    assert [row.id for row in first + second] == [row.id for row in reversed(rows)]
    assert (more, rest) == (True, False)


def upload(**changes: Any) -> Upload:
    return files.start_upload(**{"org_id": 3, "filename": "big.bin", "size": 10} | changes)


def part(row: Upload, number: int, data: bytes, org_id: int = 3) -> UploadPart:
    return files.put_part(org_id=org_id, upload_id=row.id, number=number, chunks=(data,))


def test_parts_in_any_order_and_again_make_the_file(store: DiskStore, django_capture_on_commit_callbacks: Any) -> None:
    row = upload(sha256=hashlib.sha256(b"0123456789").hexdigest())
    part(row, 2, b"56789")
    part(row, 1, b"xxxxx")
    part(row, 1, b"01234")
    with django_capture_on_commit_callbacks(execute=True):
        done = files.complete_upload(org_id=3, upload_id=row.id)
    assert done.file is not None
    assert content(done.file) == b"0123456789"
    assert files.complete_upload(org_id=3, upload_id=row.id).file_id == done.file_id
    assert blobs_of(store) == [done.file.id.hex]
    with pytest.raises(Problem, match="invalid_state"):
        part(row, 3, b"x")


@pytest.mark.parametrize("parts", [{}, {1: b"01234"}, {1: b"01234", 3: b"56789"}])
def test_an_upload_with_a_gap_is_not_complete(parts: dict[int, bytes]) -> None:
    row = upload()
    for number, data in parts.items():
        part(row, number, data)
    with pytest.raises(Problem, match="invalid_state"):
        files.complete_upload(org_id=3, upload_id=row.id)


def test_another_sum_is_refused_and_can_be_mended() -> None:
    row = upload()
    part(row, 1, b"0123456789")
    with pytest.raises(Problem, match="validation_error"):
        files.complete_upload(org_id=3, upload_id=row.id, sha256="0" * 64)
    assert StoredFile.objects.count() == 0
    assert files.complete_upload(org_id=3, upload_id=row.id).state == "completed"


def test_the_bounds_of_parts() -> None:
    row = upload()
    part(row, 1, b"01234567")
    for number, data, code in ((2, b"abc", "payload_too_large"), (0, b"a", "validation_error"),
                               (2, b"", "validation_error"), (2, b"x" * 11, "payload_too_large")):
        with pytest.raises(Problem, match=code):
            part(row, number, data)
    with pytest.raises(Problem, match="not_found"):
        part(row, 1, b"a", org_id=4)


def test_the_sweep_takes_what_is_late_and_what_nobody_knows(
    store: DiskStore, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    kept, late = stored(), stored(lifetime_s=3600)
    row = upload()
    part(row, 1, b"01234")
    orphan = ids.uuid7().hex
    store.put(orphan, (b"x",), limit=10)
    monkeypatch.setattr(files, "ORPHAN_AGE_S", -10.0)
    assert files.sweep() == 1
    assert blobs_of(store) == sorted([kept.id.hex, late.id.hex, f"{row.id.hex}.1"])
    monkeypatch.setattr(files, "ORPHAN_AGE_S", 3600.0)
    clock.set_offset(timedelta(hours=25))
    with django_capture_on_commit_callbacks(execute=True):
        assert files.sweep() == 2
    assert blobs_of(store) == [kept.id.hex]


def test_a_name_appears_whole_or_not_at_all(store: DiskStore) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise OSError("the connection broke")

    name = ids.uuid7().hex
    with pytest.raises(OSError, match="broke"):
        store.put(name, broken(), limit=100)
    with pytest.raises(TooLarge):
        store.put(name, (b"x" * 101,), limit=100)
    with pytest.raises(FileNotFoundError):
        store.open(name)
    assert blobs_of(store) == []
    for evil in ("../x", "a" * 31, f"{'a' * 32}.x", "a" * 33):
        with pytest.raises(ValueError, match="not a blob"):
            store.put(evil, (b"x",), limit=10)


# ---------------------------------------------------------------- over HTTP


def ask(view: Any, method: str, path: str, *, org: int | None = 3, scopes: tuple[str, ...] = ("files", "predict"),
        data: Any = None, kind: str = "json", **named: Any) -> Any:
    factory = APIRequestFactory()
    made = getattr(factory, method)(path, data, format=kind) if isinstance(data, dict | None) else getattr(
        factory, method)(path, data, content_type=kind)
    made.organization_id = org
    auth = SimpleNamespace(scopes=scopes)
    made._force_auth_user, made._force_auth_token = SimpleNamespace(is_authenticated=True), auth
    return view.as_view()(made, **named)


async def drained(response: Any) -> bytes:
    return b"".join([chunk async for chunk in response.streaming_content])


def test_a_file_over_http() -> None:
    made = ask(files_api.StoredFiles, "post", "/f", kind="multipart",
               data={"file": SimpleUploadedFile("a.jsonl", TEXT), "purpose": "batch"})
    assert made.status_code == 201, made.data
    file_id = made.data["id"]
    assert made.data["bytes"] == len(TEXT)
    assert ask(files_api.StoredFileView, "get", "/f", file_id=file_id).data["sha256"] == made.data["sha256"]
    stranger = ask(files_api.StoredFileView, "get", "/f", org=4, file_id=file_id)
    assert (stranger.status_code, stranger.data["code"]) == (404, "not_found")
    unscoped = ask(files_api.StoredFileView, "get", "/f", scopes=("predict",), file_id=file_id)
    assert (unscoped.status_code, unscoped.data["code"]) == (403, "insufficient_scope")
    page = ask(files_api.StoredFiles, "get", "/f?limit=1").data
    assert [item["id"] for item in page["data"]] == [file_id]
    assert ask(files_api.StoredFileView, "delete", "/f", file_id=file_id).status_code == 204
    assert ask(files_api.StoredFileView, "get", "/f", file_id=file_id).status_code == 404


def test_an_upload_over_http() -> None:
    made = ask(files_api.Uploads, "post", "/u", data={"filename": "a.bin", "bytes": 6})
    assert made.status_code == 201, made.data
    name = made.data["id"]
    for number, data in ((2, b"def"), (1, b"abc")):
        sent = ask(files_api.UploadPartView, "put", "/u", data=data, kind="application/octet-stream",
                   upload_id=name, number=number)
        assert (sent.status_code, sent.data["bytes"]) == (200, 3)
    assert [part["number"] for part in ask(files_api.UploadView, "get", "/u", upload_id=name).data["parts"]] == [1, 2]
    done = ask(files_api.CompleteUpload, "post", "/u", data={}, upload_id=name)
    row = files.file_of(org_id=3, file_id=ids.unprefixed("file", done.data["file_id"]))
    assert content(row) == b"abcdef"


async def test_content_comes_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_api, "CHUNK", 4)
    assert [chunk async for chunk in files_api._chunks(io.BytesIO(b"abcdefgh9"))] == [b"abcd", b"efgh", b"9"]
    assert blobs.CHUNK == 1 << 20


def test_the_content_is_a_download() -> None:
    row = stored(filename="a b.jsonl")
    response = ask(files_api.FileContent, "get", "/f", file_id=row.public_id)
    assert response.status_code == 200
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''a%20b.jsonl"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert asyncio.run(drained(response)) == TEXT
