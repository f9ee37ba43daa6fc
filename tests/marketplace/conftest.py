"""Accounts, a few registry rows made from manifests of the test's own, and the wiring that the product has."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kernel import bus
from kernel.facts import GrantsChanged
from marketplace.accounts import services as accounts
from marketplace.listings import grants
from marketplace.listings import services as listings
from model_registry import services as registry
from model_registry.manifest import parse

MANIFEST = """
name: {name}
version: 1.0.0
title: {title}
title_zh: {title_zh}
summary: {summary}
summary_zh: {summary_zh}
task: {task}
domain: {domain}
industry: [{industry}]
tags: [{tags}]
license: {{code: MIT, weights: MIT}}
source: S1
evidence: R
family: documents
input:
  image: {{kind: image, max_bytes: 1000000}}
parameters:
  threshold: {{kind: number, default: 0.5, minimum: 0, maximum: 1}}
output: key_values
pricing: {{unit: image, amount: "0.15", currency: USD, free_per_month: 100}}
card: {{use: u, limits: l, misuse: m, origin: {{name: o}}}}
"""
ROWS = [
    ("invoice-extract", "Invoice fields", "发票信息提取", "Reads the fields of an invoice.", "读取发票上的字段。",
     "document-extraction", "documents", "finance", "invoice"),
    ("receipt-extract", "Receipt fields", "小票信息提取", "Reads a shop receipt.", "读取购物小票。",
     "document-extraction", "documents", "retail", "receipt"),
    ("face-detect", "Face detection", "人脸检测", "Finds faces in a picture.", "检测图片中的人脸。",
     "face-detection", "vision", "security", "face"),
    ("language.id", "Language", "语种识别", "Names the language of a text.", "识别文本语种。",
     "language-identification", "text", "finance", "language"),
]
NAMES = ("name", "title", "title_zh", "summary", "summary_zh", "task", "domain", "industry", "tags")


def sign_in(client: Any, user: Any) -> Any:
    """A client with a fresh session of this person, as the login page makes it."""
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client


def manifest(row: tuple[str, ...]) -> Any:
    return parse(MANIFEST.format(**dict(zip(NAMES, row, strict=True))))


@pytest.fixture
def shelf(db: None) -> list[str]:
    for row in ROWS:
        registry.register_manifest(manifest=manifest(row), digest="d1")
    listings.stock_shelf()
    return [row[0] for row in ROWS]


@pytest.fixture
def account(db: None) -> Callable[[], Any]:
    numbers = itertools.count()
    return lambda: accounts.sign_up(email=f"Person{next(numbers)}@Example.com", password="correct horse 7")


@pytest.fixture
def wired() -> Iterator[None]:
    """The snapshot listener, as config/wiring.py connects it; other listeners stay as they were."""
    before = list(bus._listeners[GrantsChanged])
    bus.listen(GrantsChanged, grants.on_grants_changed)
    yield
    bus._listeners[GrantsChanged][:] = before
