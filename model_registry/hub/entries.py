"""The hub's models as data: `entries/*.yaml`, strictly read, and the manifest that each becomes.

An entry says what is fetched (repository, revision, files, and size and SHA-256 where they were published) and which
builder runs it. What is not known is left empty, never guessed: the first fetch records it and holds later ones to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from kernel.problems import Problem
from model_registry.hub.builders import BUILDERS
from model_registry.hub.download import Seen
from model_registry.hub.kit import Builder
from model_registry.manifest import NAME, Manifest, folder_name

ENTRIES = Path(__file__).resolve().parent / "entries"
SHA256 = "^[0-9a-f]{64}$"
REPOSITORY = r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$"
REVISION = "^(main|[0-9a-f]{40})$"
PATH = r"^[A-Za-z0-9_][\w.@+-]*(/[A-Za-z0-9_][\w.@+-]*)*$"
CODE_LICENSE = "Apache-2.0"  # of the builders: the house's own
UNTRIED = ("Fetched on demand; it was not run here with its published weights, so its quality is what its publisher "
           "says and no figure of ours stands behind it. ")
MISUSE = "Decisions about people from its answer alone."


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class HubFile(_Strict):
    """One file: its path in the repository (the entry's unless it names another), and what is known of it."""

    path: Annotated[str, Field(pattern=PATH)]
    repository: Annotated[str, Field(pattern=REPOSITORY)] | None = None
    revision: Annotated[str, Field(pattern=REVISION)] | None = None
    sha256: Annotated[str, Field(pattern=SHA256)] | None = None
    size: Annotated[int, Field(ge=1)] | None = None
    optional: bool = False  # some repositories of the kind have none

    @property
    def seen(self) -> Seen:
        return Seen(self.sha256 or "", self.size or 0)


class HubEntry(_Strict):
    """One model of a public hub. `files` is name → file; nets are the names `model`, `encoder`, `decoder`."""

    name: Annotated[str, Field(pattern=NAME)]
    title: Annotated[str, Field(min_length=1, max_length=80)]
    title_zh: Annotated[str, Field(min_length=1, max_length=80)]
    about: Annotated[str, Field(min_length=1, max_length=240)]
    about_zh: Annotated[str, Field(min_length=1, max_length=240)]
    builder: str
    license: Annotated[str, Field(min_length=1, max_length=60)]
    repository: Annotated[str, Field(pattern=REPOSITORY)]
    revision: Annotated[str, Field(pattern=REVISION)] = "main"
    files: dict[str, HubFile]
    outputs: dict[str, list[str]] = {}  # of a net, where not all of its outputs are used
    options: dict[str, Any] = {}
    task: str | None = None
    industry: list[str] = ["developer-tools"]
    tags: list[str] = []
    limits: str = ""
    memory_mb: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.builder not in BUILDERS:
            raise ValueError(f"unknown builder {self.builder}")
        missing = set(self.kind.roles) - set(self.files)
        if missing:
            raise ValueError(f"files: {', '.join(sorted(missing))} is missing")
        return self

    @property
    def kind(self) -> Builder:
        return BUILDERS[self.builder]

    @property
    def folder(self) -> str:
        return folder_name(self.name)

    def place(self, name: str) -> tuple[str, str, str]:
        """Repository, revision and path of a file."""
        file = self.files[name]
        return file.repository or self.repository, file.revision or self.revision, file.path

    @property
    def bytes(self) -> int | None:
        """What is fetched in all, where every size was published."""
        sizes = [file.size for file in self.files.values()]
        return sum(s for s in sizes if s) if all(sizes) else None

    def pinned(self) -> bool:
        """Whether every net is fixed by a commit or by a hash."""
        return all(self.place(role)[1] != "main" or self.files[role].sha256 for role in self.kind.roles)

    def manifest(self, nets: Mapping[str, str] | None = None) -> Manifest:
        """The manifest; `nets` are the names that the fetched nets are served by."""
        kind = self.kind
        served = sorted((nets or {role: net_name(self.name, role, "") for role in kind.roles}).values())
        return Manifest.model_validate({
            "name": self.name, "version": "1.0.0", "title": self.title, "title_zh": self.title_zh,
            "summary": self.about, "summary_zh": self.about_zh, "task": self.task or kind.task, "domain": "hub",
            "industry": self.industry, "tags": ["hub", *self.tags],
            "license": {"code": CODE_LICENSE, "weights": self.license}, "source": "S3", "evidence": "-",
            "family": kind.family, "libraries": list(kind.libraries), "input": kind.input,
            "parameters": kind.parameters, "output": kind.output, "nets": served,
            "serving": {"timeout_ms": kind.timeout_ms, "pool": "cold", "memory_mb": self.memory_mb or 256},
            "pricing": {"unit": kind.unit, "amount": kind.amount, "currency": "USD", "free_per_month": 100},
            "card": {"use": self.about, "limits": UNTRIED + self.limits, "misuse": MISUSE,
                     "origin": {"name": self.repository, "url": f"https://huggingface.co/{self.repository}"}},
        })


def net_name(name: str, role: str, sha256: str) -> str:
    """The name that a fetched net is served by. It carries the hash: other bytes are another net."""
    parts = ["hub", name] if role == "model" else ["hub", name, role]
    return "-".join([*parts, sha256[:8]] if sha256 else parts)


@cache
def entries() -> dict[str, HubEntry]:
    """Every listed model by name."""
    found: dict[str, HubEntry] = {}
    for file in sorted(ENTRIES.glob("*.yaml")):
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        shared = data.get("shared", {})
        for raw in data["entries"]:
            entry = HubEntry.model_validate(_with(shared.get(raw.get("like"), {}), raw))
            if entry.name in found:
                raise ValueError(f"{file.name}: {entry.name} is listed twice")
            found[entry.name] = entry
    return found


def _with(shared: Mapping[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    """An entry over what it shares with its like; mappings are joined, a text file name stands for its path."""
    joined = {**shared, **{key: value for key, value in raw.items() if key != "like"}}
    for key in ("files", "options", "outputs"):
        if key in shared and key in raw:
            joined[key] = {**shared[key], **raw[key]}
    joined["files"] = {name: {"path": file} if isinstance(file, str) else file
                       for name, file in joined.get("files", {}).items()}
    return joined


def entry(name: str) -> HubEntry:
    """One listed model. Problem model_not_found."""
    found = entries().get(name)
    if found is None:
        raise Problem("model_not_found", f"no hub model is named {name[:64]}")
    return found
