"""Section 14: files, and batches of calls."""

from __future__ import annotations

import hashlib
import json
from urllib.parse import quote

from tessera_conformance.registry import Skip, check, need, same
from tessera_conformance.target import Target
from tessera_conformance.tensors import alike


def _keep(t: Target, content: bytes, purpose: str) -> dict[str, object]:
    answer = t.http.post("/api/v1/files", headers={"X-API-Key": t.key}, files={"file": ("kit.bin", content)},
                         data={"purpose": purpose})
    if answer.status_code == 403 and "scope" in answer.text:
        raise Skip("the key lacks the scope files")
    same(answer.status_code, 201, f"the status ({answer.text[:100]})")
    return dict(answer.json())


@check("files.round-trip", "14.1")
def round_trip(t: Target) -> None:
    """A file comes back byte for byte, with its size and SHA-256, and is gone when it is deleted."""
    content = t.fresh().encode() * 1000
    file = _keep(t, content, "user_data")
    same((file["bytes"], file["sha256"]), (len(content), hashlib.sha256(content).hexdigest()), "size and hash")
    same(t.good("GET", f"/api/v1/files/{file['id']}/content").content, content, "the content")
    t.good("DELETE", f"/api/v1/files/{file['id']}", status=204)
    same(t.call("GET", f"/api/v1/files/{file['id']}").status_code, 404, "the status after it was deleted")


@check("files.parts", "14.2")
def parts(t: Target) -> None:
    """An upload takes its parts in any order, lists what it has, and checks the whole by SHA-256."""
    content = t.fresh().encode() * 5000
    made = t.allowed("files", "POST", "/api/v1/uploads", status=201, body={
        "filename": "kit.bin", "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}).json()
    root, half = f"/api/v1/uploads/{made['id']}", len(content) // 2
    t.good("PUT", f"{root}/parts/2", body=content[half:])
    same([part["number"] for part in t.document("GET", root)["parts"]], [2], "the parts so far")
    t.good("PUT", f"{root}/parts/1", body=content[:half])
    done = t.document("POST", f"{root}/complete", body={})
    same(t.good("GET", f"/api/v1/files/{done['file_id']}/content").content, content, "the content")


@check("batches.run", "14.3")
def batch(t: Target) -> None:
    """A batch runs each line as a call of its own, and writes outputs and failures apart."""
    lines = [{"custom_id": "good", "input": t.text_input}, {"custom_id": "bad", "input": {}}]
    file = _keep(t, b"".join(json.dumps(line).encode() + b"\n" for line in lines), "batch")
    body = {"input_file_id": file["id"], "model": t.text_name}
    made = t.good("POST", "/api/v1/batches", status=201, body=body).json()
    path = f"/api/v1/batches/{quote(made['id'])}"
    done = t.until(lambda: (seen := t.document("GET", path))["completed_at"] and seen, "the end of the batch", 60)
    same((done["status"], done["counts"]), ("completed", {"total": 2, "succeeded": 1, "failed": 1}), "how it ended")

    def rows(file_id: str) -> list[dict[str, object]]:
        return [json.loads(line) for line in t.good("GET", f"/api/v1/files/{file_id}/content").text.splitlines()]

    [good], [bad] = rows(done["output_file_id"]), rows(done["error_file_id"])
    same((good["custom_id"], bad["custom_id"]), ("good", "bad"), "the ids")
    need(alike(good["response"]["body"]["output"], t.predict().json()["output"], 1e-5), "another output")  # type: ignore[index]
    same(bad["response"]["body"]["code"], "validation_error", "the code of the failure")  # type: ignore[index]
