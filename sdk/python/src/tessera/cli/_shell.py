"""What all commands share: whom to ask, how to print, and which exit code a failure has."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tessera import errors

if TYPE_CHECKING:
    from rich.console import Console

    from tessera.client import AIClient

OK, NO, USAGE, DENIED, MISSING, REFUSED, LIMITED, DOWN = range(8)
EXIT_CODES = """Exit codes: 0 done · 1 the answer is no (a prediction failed, an invoice does not hold) · 2 wrong usage
· 3 not allowed (401, 403) · 4 not there (404) · 5 refused (400, 409, 413, 422) · 6 a limit or payment (402, 429) ·
7 the platform can't be reached or failed · 130 interrupted"""

Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON, nothing else.")]
Limit = Annotated[int, typer.Option(help="At most so many.", min=1)]


class Stop(Exception):
    """Ends the command with this code and word."""

    def __init__(self, code: int, detail: str = "") -> None:
        self.code, self.detail = code, detail
        super().__init__(detail)


def exit_code(error: BaseException) -> int:
    """The exit code of a failure."""
    if isinstance(error, Stop):
        return error.code
    if isinstance(error, errors.APIConnectionError | errors.ServerError | errors.PredictionTimeout
                  | errors.UnreadableAnswer):
        return DOWN
    if isinstance(error, errors.APIStatusError):
        return {401: DENIED, 403: DENIED, 404: MISSING, 402: LIMITED, 429: LIMITED}.get(error.status, REFUSED)
    if isinstance(error, errors.ConfigurationError):
        return USAGE
    return NO if isinstance(error, errors.TesseraError) else USAGE


def config_path() -> Path:
    """Where `tessera login` keeps the key: TESSERA_CONFIG, or the user's configuration folder."""
    given = os.environ.get("TESSERA_CONFIG")
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(given).expanduser() if given else Path(base).expanduser() / "tessera" / "config.json"


def read_config() -> dict[str, str]:
    """{"api_key", "base_url"} as `login` left it; empty where nobody logged in."""
    try:
        found = json.loads(config_path().read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise errors.ConfigurationError(f"{config_path()} can't be read: {error}") from None
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def write_config(values: dict[str, str]) -> Path:
    """Keeps it for the user alone (0600 from its first byte)."""
    path = config_path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(values, file, indent=1)
    fresh.replace(path)
    return path


def client() -> AIClient:
    """The environment first, then what `login` kept. A key goes only to the address that it was kept with."""
    from tessera.client import AIClient

    kept = read_config()
    key, url = os.environ.get("TESSERA_API_KEY"), os.environ.get("TESSERA_BASE_URL")
    if not key and url and kept.get("base_url", "").rstrip("/") != url.rstrip("/"):
        raise errors.ConfigurationError(f"no key for {url}: run tessera login --base-url {url}, or set TESSERA_API_KEY")
    if not key and not kept.get("api_key"):
        raise errors.ConfigurationError("no API key: run tessera login, or set TESSERA_API_KEY")
    return AIClient(key or kept["api_key"], base_url=url or (None if key else kept.get("base_url")))


def err() -> Console:
    """Progress and words go to stderr: stdout is the answer's."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def say(text: str) -> None:
    err().print(text, markup=False, soft_wrap=True)


def out(text: str) -> None:
    sys.stdout.write(text + "\n")


def plain(value: Any) -> Any:
    """Anything of the SDK as JSON values; amounts stay exact as text."""
    from pydantic import BaseModel
    from pydantic_core import to_jsonable_python

    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return to_jsonable_python(value)


def show_json(value: Any) -> None:
    out(json.dumps(plain(value), indent=2, ensure_ascii=False))


def table(rows: Sequence[Sequence[Any]], columns: Sequence[str], *, title: str = "") -> None:
    """Rows for people: aligned on a terminal, tab-separated into a pipe, so that cut and awk see whole values."""
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in cells:
            out("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    made = Table(title=title or None, box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in cells:
        made.add_row(*(Text(cell) for cell in row))  # as text: a model's words are no markup
    Console().print(made)


def facts(pairs: Sequence[tuple[str, Any]]) -> None:
    """Names and values, a line each."""
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        if value not in (None, ""):
            out(f"{name:<{width}}  {value}")


@contextmanager
def progress(label: str) -> Iterator[Any]:
    """A bar on stderr: call what it gives with (done, of). Silent where stderr is no terminal."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    console = err()
    with Progress(TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(),
                  console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(label, total=None)

        def update(done: float, of: float, words: str = "") -> None:
            bar.update(task, completed=done, total=of, description=words or label)

        yield update


def first(found: Any, limit: int) -> list[Any]:
    """At most so many of a list that pages by itself."""
    from itertools import islice

    return list(islice(iter(found), limit))
