"""The data plane's way to files and batches: services in a thread, because the gateway's loop knows no ORM."""

from __future__ import annotations

from typing import Any

from inference_backend.files import MAX_DIRECT, FileInfo
from inference_backend.jobs.database import in_thread
from kernel import ids
from kernel.contracts import Grant
from kernel.problems import Problem


class DjangoFiles:
    """`inference_backend.files.Files`."""

    async def create(self, org_id: int, *, filename: str, content: bytes, content_type: str,
                     purpose: str) -> FileInfo:
        from inference_backend.jobs import files

        row = await in_thread(files.create, org_id=org_id, filename=filename, chunks=(content,),
                              content_type=content_type, purpose=purpose, limit=MAX_DIRECT)
        return files.info(row)

    async def get(self, org_id: int, file_id: str) -> FileInfo:
        from inference_backend.jobs import files

        return files.info(await in_thread(files.file_of, org_id=org_id, file_id=ids.unprefixed("file", file_id)))

    async def read(self, org_id: int, file_id: str, *, limit: int) -> bytes:
        return await in_thread(_read, org_id, file_id, limit)

    async def page(self, org_id: int, *, limit: int, after: str, purpose: str) -> tuple[list[FileInfo], bool]:
        from inference_backend.jobs import files

        rows, more = await in_thread(files.files_of, org_id=org_id, limit=limit, after=_after("file", after),
                                     purpose=purpose)
        return [files.info(row) for row in rows], more

    async def delete(self, org_id: int, file_id: str) -> None:
        from inference_backend.jobs import files

        await in_thread(files.delete, org_id=org_id, file_id=ids.unprefixed("file", file_id))


class DjangoBatches:
    """`inference_backend.files.Batches`."""

    async def create(self, grant: Grant, *, endpoint: str, input_file_id: str,
                     metadata: dict[str, Any]) -> dict[str, Any]:
        from inference_backend.jobs import batches

        batch, _ = await in_thread(batches.create, grant=grant, endpoint=endpoint, metadata=metadata,
                                   input_file_id=ids.unprefixed("file", input_file_id))
        return batches.openai_document(batch)

    async def get(self, org_id: int, batch_id: str) -> dict[str, Any]:
        from inference_backend.jobs import batches

        return batches.openai_document(await in_thread(batches.batch_of, org_id=org_id,
                                                       batch_id=ids.unprefixed("batch", batch_id)))

    async def page(self, org_id: int, *, limit: int, after: str) -> tuple[list[dict[str, Any]], bool]:
        from inference_backend.jobs import batches

        rows, more = await in_thread(batches.batches_of, org_id=org_id, limit=limit, after=_after("batch", after))
        return [batches.openai_document(row) for row in rows], more

    async def cancel(self, org_id: int, batch_id: str) -> dict[str, Any]:
        from inference_backend.jobs import batches

        return batches.openai_document(await in_thread(batches.cancel, org_id=org_id,
                                                       batch_id=ids.unprefixed("batch", batch_id)))


def _read(org_id: int, file_id: str, limit: int) -> bytes:
    from inference_backend.jobs import files

    row = files.file_of(org_id=org_id, file_id=ids.unprefixed("file", file_id))
    if row.bytes > limit:
        raise Problem("payload_too_large", f"the file holds {row.bytes} bytes, at most {limit} are taken here")
    with files.open_content(row) as file:
        return file.read()


def _after(prefix: str, text: str) -> Any:
    if not text:
        return None
    found = ids.unprefixed(prefix, text)
    if found is None:
        raise Problem("invalid_cursor", "after is the id of the last item of the page before")
    return found
