"""Whose key it is and what it costs: login, keys, usage, verify-invoice."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tessera._base import OMIT
from tessera.cli import _shell as shell
from tessera.cli._shell import Json, Limit

keys = typer.Typer(help="API keys.", no_args_is_help=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    app.command()(login)
    app.command()(logout)
    app.command()(usage)
    app.command("verify-invoice")(verify_invoice)
    app.add_typer(keys, name="keys")


def login(base_url: Annotated[str, typer.Option(help="The platform's address.")] = "",
          as_json: Json = False) -> None:
    """Keep an API key on this machine. It is asked for, or read from a pipe: an argument could be seen."""
    from tessera._transport import DEFAULT_BASE_URL
    from tessera.client import AIClient

    url = base_url or os.environ.get("TESSERA_BASE_URL") or shell.read_config().get("base_url") or DEFAULT_BASE_URL
    key = (typer.prompt("API key", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()).strip()
    if not key:
        raise shell.Stop(shell.USAGE, "no key was given")
    with AIClient(key, base_url=url, max_retries=0) as client:
        client.request("GET", "/v2")  # any key may ask this; a wrong one may not
    path = shell.write_config({"base_url": url, "api_key": key})
    if as_json:
        shell.show_json({"base_url": url, "config": str(path)})
    else:
        shell.say(f"{url} takes this key; it is kept in {path}")


def logout() -> None:
    """Forget the key of this machine."""
    shell.config_path().unlink(missing_ok=True)


@keys.command("list")
def list_keys(limit: Limit = 50, as_json: Json = False) -> None:
    """The organization's keys, without their secrets."""
    with shell.client() as client:
        found = shell.first(client.api_keys.list(), limit)
    if as_json:
        return shell.show_json(found)
    return shell.table([(k.id, k.name, f"{k.prefix}…{k.last4}", k.mode, ",".join(k.scopes),
                         "revoked" if k.revoked_at else k.last_used_at or "never used") for k in found],
                       ("id", "name", "key", "mode", "scopes", "last used"))


@keys.command("create")
def create_key(name: str, mode: Annotated[str, typer.Option(help="live or test")] = "live",
               scope: Annotated[list[str] | None, typer.Option(help="Again for each scope.")] = None,
               as_json: Json = False) -> None:
    """A new key. Its secret is printed once, alone on stdout."""
    with shell.client() as client:
        made = client.api_keys.create(name=name, mode=mode, scopes=scope or OMIT)
    if as_json:
        return shell.show_json(made)
    shell.say(f"key {made.id}, shown only now:")
    return shell.out(made.secret)


@keys.command("rotate")
def rotate_key(key_id: int, as_json: Json = False) -> None:
    """A new secret; the old one is good for its grace."""
    with shell.client() as client:
        made = client.api_keys.rotate(key_id)
    if as_json:
        return shell.show_json(made)
    shell.say(f"key {made.id} takes the place of {key_id}; shown only now:")
    return shell.out(made.secret)


@keys.command("revoke")
def revoke_key(key_id: int, yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False) -> None:
    """End a key at once."""
    if not yes:
        typer.confirm(f"Revoke key {key_id}? Whoever uses it is refused at once.", abort=True, err=True)
    with shell.client() as client:
        client.api_keys.revoke(key_id)


def usage(group_by: Annotated[str, typer.Option(help="model, key, hour or day")] = "model",
          since: Annotated[str, typer.Option("--from", help="A day, 2026-11-01.")] = "",
          until: Annotated[str, typer.Option("--to", help="A day.")] = "",
          as_json: Json = False) -> None:
    """What was called this month, and its price."""
    query = {"group_by": group_by, "from": since or None, "to": until or None}
    with shell.client() as client:
        found: dict[str, Any] = client.request("GET", "/api/v1/usage", query=query).json()
    if as_json:
        return shell.show_json(found)
    return shell.table([(row.get("group"), row.get("unit"), row.get("units"), row.get("events"), row.get("amount"),
                         row.get("currency")) for row in found["data"]],
                       (group_by, "unit", "units", "calls", "amount", ""))


def verify_invoice(
        bundle: Annotated[Path, typer.Argument(help="What GET /api/v1/invoices/{id}/receipts gave.")],
        keys: Annotated[Path, typer.Option(help="/.well-known/tessera-receipt-keys.json, kept earlier.")],
        as_json: Json = False) -> int:
    """Recompute an invoice offline from its signed receipts: 0 where it holds, 1 where not, 2 where unreadable."""
    from tessera.receipts import Forged, verify_invoice

    try:
        published = json.loads(keys.read_text())
        with bundle.open() as lines:
            verdict = verify_invoice((json.loads(line) for line in lines if line.strip()), published)
    except Forged as error:
        if as_json:
            shell.show_json({"holds": False, "forged": str(error)})
        else:
            shell.out(f"FORGED: {error}")
        return shell.NO
    except (OSError, ValueError, KeyError, StopIteration) as error:
        shell.say(f"can't read it: {error!r}")
        return shell.USAGE
    if as_json:
        shell.show_json({"holds": verdict.holds, **{name: getattr(verdict, name) for name in (
            "invoice", "currency", "total", "receipts", "recomputed", "stated", "faults")}})
        return shell.OK if verdict.holds else shell.NO
    for fault in verdict.faults:
        shell.out(f"FAULT: {fault}")
    shell.out(f"{verdict.invoice}: {verdict.receipts} receipts, {verdict.recomputed} lines recomputed, "
              f"{verdict.stated} as stated, total {verdict.total} minor units {verdict.currency}: "
              + ("holds" if verdict.holds else "DOES NOT HOLD"))
    return shell.OK if verdict.holds else shell.NO
