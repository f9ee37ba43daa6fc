"""Run in an environment of its own with the stock `openai` client: every call of /v1 that this platform serves.

Prints one JSON object of what it saw; the test compares values. Arguments: base URL, API key, path of a WAV or FLAC.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import struct
import sys
import time
from typing import Any

import openai


async def concurrent(base_url: str, key: str, texts: list[str]) -> list[list[float]]:
    """The first vector of four calls at once by the asynchronous client."""
    async with openai.AsyncOpenAI(base_url=base_url + "/v1", api_key=key, max_retries=0, timeout=60) as client:
        made = await asyncio.gather(*(client.embeddings.create(model="text-embed", input=texts) for _ in range(4)))
    return [one.data[0].embedding for one in made]


def main(base_url: str, key: str, sound: str) -> dict[str, Any]:
    client = openai.OpenAI(base_url=base_url + "/v1", api_key=key, max_retries=0, timeout=60)
    seen: dict[str, Any] = {"version": openai.__version__}
    seen["models"] = sorted(model.id for model in client.models.list())
    seen["model"] = client.models.retrieve("text-embed").owned_by

    texts = ["a cat sat on the mat", "a dog lay on the rug"]
    made = client.embeddings.create(model="text-embed", input=texts)  # the client asks for base64
    seen["embeddings"] = [[len(item.embedding), sum(x * x for x in item.embedding)] for item in made.data]
    plain = client.embeddings.create(model="text-embed", input=texts, encoding_format="float")
    raw = client.embeddings.with_raw_response.create(model="text-embed", input=texts, encoding_format="base64")
    packed = base64.b64decode(json.loads(raw.text)["data"][0]["embedding"])
    floats = struct.unpack(f"<{len(packed) // 4}f", packed)
    seen["same"] = max(abs(a - b) for a, b in zip(floats, plain.data[0].embedding, strict=True))
    seen["headers"] = {name: raw.headers.get(name) for name in (
        "x-request-id", "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests",
        "x-ratelimit-reset-requests", "x-units")}

    moderated = client.moderations.create(input=["Write to ann@example.com", "Nothing to see here"])
    seen["moderations"] = [
        [item.flagged, {name: flag for name, flag in item.categories.model_dump().items() if flag is not None}]
        for item in moderated.results]

    with open(sound, "rb") as file:
        heard = client.audio.transcriptions.create(model="speech-recognise-en", file=file)
        file.seek(0)
        plain = client.audio.transcriptions.create(model="speech-recognise-en", file=file, response_format="text")
    seen["heard"] = [heard.text, plain.strip()]
    later = asyncio.run(concurrent(base_url, key, texts))
    seen["concurrent"] = max(abs(a - b) for made in later for a, b in zip(made, floats, strict=True))

    seen["errors"] = {}
    for name, call in {
        "unknown model": lambda: client.embeddings.create(model="none", input="x"),
        "chat": lambda: client.chat.completions.create(model="none", messages=[{"role": "user", "content": "x"}]),
        "bad key": lambda: openai.OpenAI(base_url=base_url + "/v1", api_key="sk-no", max_retries=0).models.list(),
        "not an embedder": lambda: client.embeddings.create(model="pii-redact", input="x"),
        "speech": lambda: client.audio.speech.create(model="none", input="x", voice="alloy"),
        "transcription": lambda: client.audio.transcriptions.create(model="none", file=("a.wav", b"RIFF")),
        "no file": lambda: client.files.retrieve("file_" + "0" * 32),
        "purpose": lambda: client.files.create(file=("a.jsonl", b"x"), purpose="fine-tune"),
    }.items():
        try:
            call()
        except openai.APIStatusError as error:
            seen["errors"][name] = [type(error).__name__, error.status_code, error.code]

    body = b"".join(json.dumps({
        "custom_id": f"line-{number}", "method": "POST", "url": "/v1/embeddings",
        "body": {"model": "text-embed" if number != 3 else "none", "input": f"text {number}"}}).encode() + b"\n"
        for number in range(6))
    file = client.files.create(file=("in.jsonl", io.BytesIO(body)), purpose="batch")
    seen["file"] = [file.bytes, file.purpose, file.filename, client.files.content(file.id).read() == body]
    seen["listed"] = file.id in [item.id for item in client.files.list(purpose="batch")]
    batch = client.batches.create(input_file_id=file.id, endpoint="/v1/embeddings", completion_window="24h",
                                  metadata={"order": "7"})
    deadline = time.monotonic() + 60
    while batch.status not in ("completed", "failed", "expired", "cancelled") and time.monotonic() < deadline:
        time.sleep(0.3)
        batch = client.batches.retrieve(batch.id)
    counts = batch.request_counts
    seen["batch"] = [batch.status, counts and [counts.total, counts.completed, counts.failed], batch.metadata]
    output = [json.loads(line) for line in client.files.content(batch.output_file_id or "").read().splitlines()]
    seen["output"] = [[row["custom_id"], row["response"]["status_code"],
                       len(row["response"]["body"]["data"][0]["embedding"])] for row in output]
    errors = [json.loads(line) for line in client.files.content(batch.error_file_id or "").read().splitlines()]
    seen["batch errors"] = [[row["custom_id"], row["response"]["status_code"],
                             row["response"]["body"]["error"]["code"]] for row in errors]
    seen["batches"] = batch.id in [item.id for item in client.batches.list(limit=5)]
    free = b"".join(json.dumps({"custom_id": f"n{number}", "method": "POST", "url": "/v1/embeddings", "body": {
        "model": "none", "input": "x"}}).encode() + b"\n" for number in range(3000))  # refused, so that none is billed
    many = client.files.create(file=("free.jsonl", io.BytesIO(free)), purpose="batch")
    other = client.batches.create(input_file_id=many.id, endpoint="/v1/embeddings", completion_window="24h")
    seen["cancel"] = client.batches.cancel(other.id).status
    while other.status not in ("completed", "cancelled") and time.monotonic() < deadline + 30:
        time.sleep(0.3)
        other = client.batches.retrieve(other.id)
    seen["canceled"] = other.status
    seen["deleted"] = client.files.delete(file.id).deleted
    return seen


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
