"""Files, resumable uploads and batches over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, BinaryIO
from urllib.parse import quote

from django.http import StreamingHttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inference_backend.files import CHUNK, MAX_DIRECT
from inference_backend.jobs import batches, files, ports
from inference_backend.jobs import file_serializers as shapes
from inference_backend.jobs.api import PROBLEM, organization_of
from inference_backend.jobs.lists import PAGING, page_size
from inference_backend.jobs.models import StoredFile, Upload
from kernel import ids
from kernel.contracts import Grant
from kernel.problems import FieldError, Problem

IDEMPOTENCY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, description="at most 255 characters")
NOT_FOUND = PROBLEM


class OctetStream(BaseParser):
    """The body as it is: the view reads it in pieces."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return stream


class StoredFiles(APIView):
    parser_classes = [MultiPartParser]

    @extend_schema(operation_id="files_list", tags=["files"], summary="List files",
                   parameters=[*PAGING, OpenApiParameter("purpose", str)],
                   responses={200: shapes.StoredFilePageSerializer})
    def get(self, request: Request) -> Response:
        rows, more = files.files_of(
            org_id=organization_of(request, "files"), limit=page_size(request), after=_cursor(request, "file"),
            purpose=request.query_params.get("purpose", ""))
        return Response(_page([file_document(row) for row in rows], more))

    @extend_schema(operation_id="files_create", tags=["files"], summary="Store a file",
                   request={"multipart/form-data": shapes.FileUploadSerializer},
                   responses={201: shapes.StoredFileSerializer})
    def post(self, request: Request) -> Response:
        org_id = organization_of(request, "files")
        if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_DIRECT + 65_536:
            raise Problem("payload_too_large", f"at most {MAX_DIRECT >> 20} MiB come in one request: use uploads")
        file = request.FILES.get("file")
        if file is None:
            raise Problem("validation_error", "file is required",
                          errors=[FieldError("/file", "must be a file", "required")])
        raw = str(request.data.get("expires_after", ""))
        if raw and not (raw.isascii() and raw.isdigit() and len(raw) < 10):
            raise Problem("validation_error", errors=[FieldError("/expires_after", "must be whole seconds")])
        row = files.create(org_id=org_id, filename=file.name or "file", chunks=file.chunks(CHUNK), limit=MAX_DIRECT,
                           content_type=file.content_type or "", lifetime_s=int(raw) if raw else None,
                           purpose=str(request.data.get("purpose") or "user_data"))
        return Response(file_document(row), status=201, headers={"Location": f"/api/v1/files/{row.public_id}"})


class StoredFileView(APIView):
    @extend_schema(operation_id="files_retrieve", tags=["files"], summary="Get one file's facts",
                   responses={200: shapes.StoredFileSerializer, **NOT_FOUND})
    def get(self, request: Request, file_id: str) -> Response:
        return Response(file_document(_file(request, file_id)))

    @extend_schema(operation_id="files_delete", tags=["files"], summary="Delete a file",
                   responses={204: None, **NOT_FOUND})
    def delete(self, request: Request, file_id: str) -> Response:
        files.delete(org_id=organization_of(request, "files"), file_id=ids.unprefixed("file", file_id))
        return Response(status=204)


class FileContent(APIView):
    @extend_schema(operation_id="files_content", tags=["files"], summary="Get a file's content",
                   responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, **NOT_FOUND})
    def get(self, request: Request, file_id: str) -> StreamingHttpResponse:
        row = _file(request, file_id)
        # Never shown by a browser in our origin, whatever the file says that it is.
        return StreamingHttpResponse(
            _chunks(files.open_content(row)), content_type="application/octet-stream", headers={
                "Content-Length": str(row.bytes), "ETag": f'"{row.sha256}"', "X-Content-Type-Options": "nosniff",
                "Content-Disposition": f"attachment; filename*=utf-8''{quote(row.filename)}"})


class Uploads(APIView):
    @extend_schema(operation_id="uploads_create", tags=["files"], summary="Begin a file that comes in parts",
                   request=shapes.UploadRequestSerializer, responses={201: shapes.UploadSerializer})
    def post(self, request: Request) -> Response:
        body = shapes.UploadRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        upload = files.start_upload(
            org_id=organization_of(request, "files"), filename=given["filename"], size=given["bytes"],
            content_type=given.get("content_type", ""), purpose=given.get("purpose", "user_data"),
            sha256=given.get("sha256", ""))
        return Response(upload_document(upload), status=201, headers={"Location": f"/api/v1/uploads/"
                                                                                  f"{upload.public_id}"})


class UploadView(APIView):
    @extend_schema(operation_id="uploads_retrieve", tags=["files"], summary="See which parts are here",
                   responses={200: shapes.UploadSerializer, **NOT_FOUND})
    def get(self, request: Request, upload_id: str) -> Response:
        return Response(upload_document(files.upload_of(org_id=organization_of(request, "files"),
                                                        upload_id=ids.unprefixed("upload", upload_id))))


class UploadPartView(APIView):
    parser_classes = [OctetStream]

    @extend_schema(operation_id="uploads_put_part", tags=["files"], summary="Send one part",
                   request={"application/octet-stream": OpenApiTypes.BINARY},
                   responses={200: shapes.UploadPartSerializer, **NOT_FOUND},
                   description="Parts are numbered from 1, hold at most 32 MiB, come in any order, and may be sent "
                               "again.")
    def put(self, request: Request, upload_id: str, number: int) -> Response:
        part = files.put_part(org_id=organization_of(request, "files"), number=number,
                              upload_id=ids.unprefixed("upload", upload_id), chunks=_body(request))
        return Response({"number": part.number, "bytes": part.bytes, "sha256": part.sha256})


class CompleteUpload(APIView):
    @extend_schema(operation_id="uploads_complete", tags=["files"], summary="Make the file of its parts",
                   request=shapes.CompleteUploadSerializer, responses={200: shapes.UploadSerializer, **NOT_FOUND})
    def post(self, request: Request, upload_id: str) -> Response:
        digest = request.data.get("sha256", "") if isinstance(request.data, dict) else ""
        return Response(upload_document(files.complete_upload(
            org_id=organization_of(request, "files"), upload_id=ids.unprefixed("upload", upload_id),
            sha256=str(digest or ""))))


class CancelUpload(APIView):
    @extend_schema(operation_id="uploads_cancel", tags=["files"], summary="Give an upload up", request=None,
                   responses={200: shapes.UploadSerializer, **NOT_FOUND})
    def post(self, request: Request, upload_id: str) -> Response:
        return Response(upload_document(files.cancel_upload(org_id=organization_of(request, "files"),
                                                            upload_id=ids.unprefixed("upload", upload_id))))


class Batches(APIView):
    throttle_classes = ()  # keeps its Idempotency-Keys itself

    @extend_schema(operation_id="batches_list", tags=["batches"], summary="List batches", parameters=[*PAGING],
                   responses={200: shapes.BatchPageSerializer})
    def get(self, request: Request) -> Response:
        rows, more = batches.batches_of(org_id=organization_of(request), limit=page_size(request),
                                        after=_cursor(request, "batch"))
        return Response(_page([batches.document(row) for row in rows], more))

    @extend_schema(operation_id="batches_create", tags=["batches"], summary="Run a file of calls",
                   parameters=[IDEMPOTENCY], request=shapes.BatchRequestSerializer,
                   responses={201: shapes.BatchSerializer, **NOT_FOUND},
                   description="Each line is a call of its own: metered, billed and retried by itself, under an id "
                               "made of the batch and its line, so that no line is billed twice.")
    def post(self, request: Request) -> Response:
        organization_of(request)
        body = shapes.BatchRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        if ("model" in given) == ("endpoint" in given):
            raise Problem("validation_error", "send either model or endpoint",
                          errors=[FieldError("/endpoint", "send either model or endpoint", "required")])
        key = request.headers.get("Idempotency-Key")
        if key is not None and not 1 <= len(key) <= 255:
            raise Problem("invalid_request", "Idempotency-Key holds 1 to 255 characters")
        endpoint = given.get("endpoint") or f"/api/v1/models/{given['model']}/predictions"
        batch, replayed = batches.create(
            grant=_grant(request), endpoint=endpoint, metadata=given.get("metadata"), idempotency_key=key,
            input_file_id=ids.unprefixed("file", given["input_file_id"]))
        headers = {"Location": f"/api/v1/batches/{batch.public_id}"}
        if replayed:
            headers["Idempotent-Replayed"] = "true"
        return Response(batches.document(batch), status=201, headers=headers)


class BatchView(APIView):
    @extend_schema(operation_id="batches_retrieve", tags=["batches"], summary="Get one batch",
                   responses={200: shapes.BatchSerializer, **NOT_FOUND})
    def get(self, request: Request, batch_id: str) -> Response:
        return Response(batches.document(batches.batch_of(org_id=organization_of(request),
                                                          batch_id=ids.unprefixed("batch", batch_id))))


class CancelBatch(APIView):
    @extend_schema(operation_id="batches_cancel", tags=["batches"], summary="Cancel a batch", request=None,
                   responses={200: shapes.BatchSerializer, **NOT_FOUND},
                   description="Lines in flight are stopped and not billed; what was delivered stays in the output.")
    def post(self, request: Request, batch_id: str) -> Response:
        return Response(batches.document(batches.cancel(org_id=organization_of(request),
                                                        batch_id=ids.unprefixed("batch", batch_id))))


def file_document(row: StoredFile) -> dict[str, Any]:
    return {"id": row.public_id, "object": "file", "filename": row.filename, "content_type": row.content_type,
            "purpose": row.purpose, "bytes": row.bytes, "sha256": row.sha256, "created_at": row.created_at,
            "expires_at": row.expires_at}


def upload_document(row: Upload) -> dict[str, Any]:
    parts = [{"number": part.number, "bytes": part.bytes, "sha256": part.sha256}
             for part in row.parts.order_by("number")]
    return {"id": row.public_id, "object": "upload", "filename": row.filename, "bytes": row.bytes, "state": row.state,
            "max_part_bytes": files.MAX_PART, "parts": parts, "created_at": row.created_at,
            "file_id": ids.prefixed("file", row.file_id) if row.file_id else None, "expires_at": row.expires_at}


def _file(request: Request, file_id: str) -> StoredFile:
    return files.file_of(org_id=organization_of(request, "files"), file_id=ids.unprefixed("file", file_id))


def _grant(request: Request) -> Grant:
    """What a batch may do: the key's grant as the gateway sees it, or a signed-in member's playground grant."""
    if request.auth is None:
        return ports.playground_grant(request._request)
    return ports.key_grant(request.auth)


def _cursor(request: Request, prefix: str) -> Any:
    text = request.query_params.get("cursor", "")
    found = ids.unprefixed(prefix, text) if text else None
    if text and found is None:
        raise Problem("invalid_cursor", "this cursor is not one of ours")
    return found


def _page(items: list[dict[str, Any]], more: bool) -> dict[str, Any]:
    return {"data": items, "has_more": more, "next_cursor": items[-1]["id"] if more else None}


def _body(request: Request) -> Iterator[bytes]:
    while chunk := request._request.read(CHUNK):
        yield chunk


async def _chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    try:
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk
    finally:
        file.close()


urlpatterns = [
    path("files", StoredFiles.as_view()),
    path("files/<str:file_id>", StoredFileView.as_view()),
    path("files/<str:file_id>/content", FileContent.as_view()),
    path("uploads", Uploads.as_view()),
    path("uploads/<str:upload_id>", UploadView.as_view()),
    path("uploads/<str:upload_id>/parts/<int:number>", UploadPartView.as_view()),
    path("uploads/<str:upload_id>/complete", CompleteUpload.as_view()),
    path("uploads/<str:upload_id>/cancel", CancelUpload.as_view()),
    path("batches", Batches.as_view()),
    path("batches/<str:batch_id>", BatchView.as_view()),
    path("batches/<str:batch_id>/cancel", CancelBatch.as_view()),
]
