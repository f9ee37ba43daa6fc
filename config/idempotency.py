"""Idempotency-Key on the POSTs that Django answers: what was made once is not made again, its answer is given again.

Keys are scoped to the organization and the path and live for 24 hours. Only successes are kept, sealed, because some
hold a secret that is shown once; so another key or member of the same organization gets none of them (409). A process
that dies under a call frees its key after `LEASE_S`. Calls of models keep their keys themselves, with what was billed
(inference_backend.gateway.idempotency, and jobs and batches in their own rows): their views take no `OneRun`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from redis.exceptions import RedisError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from inference_backend.files import MAX_DIRECT
from kernel.problems import Problem
from marketplace.accounts.seals import seal, unseal

LEASE_S = 30
KEEP_S = 24 * 3600
MAX_ANSWER = 1 << 20  # a larger answer is not kept: its repeat is refused with 409
FORM_BYTES = MAX_DIRECT + 65_536  # a longer form is refused by its view, before it is read
TOO_LARGE = ""
KEPT_HEADERS = ("Location",)


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of a key: the request that came first, whose it was, and its sealed answer once there is one."""

    digest: bytes
    caller: str
    answer: str | None = None


class Replayed(Exception):
    """The answer that a repeated request had already; DRF's exception handler gives it out."""

    def __init__(self, response: HttpResponse) -> None:
        self.response = response
        super().__init__("answered before")


class OneRun:
    """A throttle to DRF, which asks it when the caller may do what is asked, and before the view does it."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """True where the view is to run. Raises Replayed, or Problem invalid_request, idempotency_key_reused,
        idempotency_in_progress, conflict, overloaded (the store of answers is away)."""
        key = request.META.get("HTTP_IDEMPOTENCY_KEY")
        organization_id = getattr(request._request, "organization_id", None)
        if request.method != "POST" or key is None or organization_id is None:
            return True
        if not 1 <= len(key) <= 255:
            raise Problem("invalid_request", "Idempotency-Key holds 1 to 255 characters")
        digest = _digest(request, view)
        if digest is None:
            return True
        name = "post:" + hashlib.sha256(f"{organization_id}:{request.path}:{key}".encode()).hexdigest()
        mine = Record(digest, str(request.user.pk))
        try:
            known = None if cache.add(name, mine, timeout=LEASE_S) else cache.get(name)
        except (RedisError, OSError) as error:
            raise Problem("overloaded", "idempotent calls can't be told apart at the moment",
                          headers={"Retry-After": "1"}) from error
        if known is not None:
            raise _repeat_of(known, mine)
        request._request.idempotency = name, mine
        return True


class KeepAnswers:
    """Django's middleware: keeps what `OneRun` let through, or frees its key where nothing was made."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        claim: tuple[str, Record] | None = getattr(request, "idempotency", None)
        if claim is not None:
            name, mine = claim
            if 200 <= response.status_code < 300 and isinstance(response, HttpResponse):
                cache.set(name, Record(mine.digest, mine.caller, _packed(response)), timeout=KEEP_S)
            else:
                cache.delete(name)
        return response


def _repeat_of(known: Record, mine: Record) -> Exception:
    if known.digest != mine.digest:
        return Problem("idempotency_key_reused", "this Idempotency-Key was used for another request")
    if known.caller != mine.caller:
        return Problem("conflict", "somebody else of this organization made this request, and has its answer")
    if known.answer is None:
        return Problem("idempotency_in_progress", "the first request with this Idempotency-Key still runs",
                       headers={"Retry-After": "1"})
    if known.answer == TOO_LARGE:
        return Problem("conflict", "this request was answered before; its answer was too large to be kept")
    status, kind, headers, text = json.loads(unseal(known.answer))
    response = HttpResponse(text, status=status, headers={**headers, "Idempotent-Replayed": "true"})
    if kind:
        response.headers["Content-Type"] = kind
    else:
        del response.headers["Content-Type"]
    return Replayed(response)


def _packed(response: HttpResponse) -> str:
    if len(response.content) > MAX_ANSWER:
        return TOO_LARGE
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    return seal(json.dumps([response.status_code, response.headers.get("Content-Type", ""), headers,
                            response.content.decode()]))


def _digest(request: Request, view: Any) -> bytes | None:
    """The hash of what was sent; of a form its fields and files, because each attempt draws its own boundary. None of
    a form that its view will refuse for its length."""
    whole = hashlib.sha256()
    if str(request.content_type).startswith("multipart/") and MultiPartParser in view.parser_classes:
        if int(request.META.get("CONTENT_LENGTH") or 0) > FORM_BYTES:
            return None
        for piece in _pieces(request):
            whole.update(len(piece).to_bytes(8, "big") + piece)
        return whole.digest()
    whole.update(request._request.body)
    return whole.digest()


def _pieces(request: Request) -> Iterator[bytes]:
    files = request.FILES  # parses the form
    for name, values in sorted(request.POST.lists()):
        yield from (name.encode(), *(value.encode() for value in values))
    for name, found in sorted(files.lists()):
        for file in found:
            yield from (name.encode(), str(file.name).encode(), str(file.content_type).encode())
            yield from file.chunks()
            file.seek(0)
