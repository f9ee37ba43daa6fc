"""A customer of the running product: signed up through the pages, subscribed and keyed through the API."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "model_registry" / "catalog" / "samples"
SCOPES = ["predict", "billing"]


@dataclass(frozen=True, slots=True)
class Customer:
    """A browser session of a fresh organization, and a key that may call what it subscribed to."""

    session: httpx.Client
    api: httpx.Client
    key: str
    key_id: str

    def subscribe(self, model: str) -> None:
        answer = self.session.post("/api/v1/subscriptions", json={"model": model, "plan": "payg"},
                                   headers=csrf(self.session))
        assert answer.status_code in (200, 201), answer.text

    def usage(self) -> dict[str, dict[str, Any]]:
        """Of this month, by model."""
        answer = self.api.get("/api/v1/usage", params={"group_by": "model"})
        assert answer.status_code == 200, answer.text
        rows = answer.json()["data"]
        found = {row["group"]: row for row in rows}
        assert len(found) == len(rows)
        return found


@pytest.fixture(scope="session")
def demo() -> dict[str, str]:
    """`var/demo.json` of the running instance."""
    return dict(json.loads((Path(os.environ["TESSERA_VAR"]) / "demo.json").read_text()))


@pytest.fixture
def customer(demo: dict[str, str]) -> Iterator[Customer]:
    with httpx.Client(base_url=demo["url"], timeout=60, follow_redirects=True) as session:
        page = session.get("/signup/")
        form = {
            "email": f"{secrets.token_hex(6)}@example.com", "password": "correct horse battery staple",
            "organization": "Flow", "csrfmiddlewaretoken": _form_token(page.text),
        }
        answer = session.post("/signup/", data=form, headers={"Referer": demo["url"] + "/signup/"})
        assert answer.status_code == 200, answer.text[:500]
        assert "/console/" in str(answer.url), answer.text[:2000]
        made = session.post("/api/v1/api-keys", json={"name": "flow", "mode": "live", "scopes": SCOPES},
                            headers=csrf(session))
        assert made.status_code == 201, made.text
        key = made.json()["secret"]
        with httpx.Client(base_url=demo["url"], headers={"X-API-Key": key}, timeout=60) as api:
            yield Customer(session, api, key, str(made.json()["id"]))


def csrf(session: httpx.Client) -> dict[str, str]:
    return {"X-CSRFToken": session.cookies["csrf"], "Referer": str(session.base_url)}


def _form_token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found, "the form carries no token"
    return found[1]
