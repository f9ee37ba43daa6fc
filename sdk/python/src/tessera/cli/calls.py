"""What is there and calling it: models, show, predict, jobs, batch."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tessera import errors
from tessera._base import OMIT
from tessera.cli import _shell as shell
from tessera.cli._inputs import fields_of
from tessera.cli._outputs import show_output
from tessera.cli._shell import Json, Limit
from tessera.record import save_media

jobs = typer.Typer(help="Predictions that run on the platform.", no_args_is_help=True, rich_markup_mode=None)
batch = typer.Typer(help="Many inputs of one model at once.", no_args_is_help=True, rich_markup_mode=None)
Given = Annotated[list[str] | None, typer.Option("--input", "-i", metavar="FIELD=VALUE", help=(
    "A field: text, a number, JSON, @file, a URL, or - for stdin. Again for each field."))]
Parameters = Annotated[list[str] | None, typer.Option("--param", "-p", metavar="NAME=VALUE", help="A parameter.")]
Save = Annotated[Path, typer.Option(help="The folder for pictures and sounds of the answer.")]


def add_to(app: typer.Typer) -> None:
    app.command()(models)
    app.command()(show)
    app.command()(predict)
    app.add_typer(jobs, name="jobs")
    app.add_typer(batch, name="batch")


def models(search: Annotated[str, typer.Argument(help="Words to look for.")] = "",
           task: Annotated[str, typer.Option(help="object-detection, ocr …")] = "",
           domain: Annotated[str, typer.Option(help="vision, text, audio …")] = "",
           tag: Annotated[str, typer.Option()] = "", limit: Limit = 50, as_json: Json = False) -> None:
    """The capabilities on the shelf."""
    with shell.client() as client:
        found = shell.first(client.models.list(
            limit=min(limit, 100), search=search or OMIT, task=[task] if task else OMIT,
            domain=[domain] if domain else OMIT, tag=[tag] if tag else OMIT), limit)
    if as_json:
        return shell.show_json(found)
    return shell.table([(m.name, m.title, m.task, _price(m.price)) for m in found], ("name", "title", "task", "price"))


def _price(price: Any) -> str:
    data = shell.plain(price)
    return f"{data.get('amount')} {data.get('currency', '')}/{data.get('unit', '')}" if isinstance(data, dict) else ""


def show(model: str, as_json: Json = False) -> None:
    """One capability: what it takes, gives and costs."""
    with shell.client() as client:
        found = client.models.retrieve(model)
        schema = shell.plain(client.models.schema(model))
    if as_json:
        return shell.show_json({**shell.plain(found), "schema": schema})
    shell.facts([("name", found.name), ("title", found.title), ("summary", found.summary), ("task", found.task),
                 ("price", _price(found.price)), ("license", f"{found.license_code} / {found.license_weights}"),
                 ("state", found.model_state)])
    for part in ("input", "parameters"):
        bounds = found.manifest.get(part) or {}
        if bounds:
            shell.out(f"\n{part}:")
            shell.facts([(f"  {name}", " ".join(f"{word}={value}" if word != "kind" else str(value)
                                                for word, value in said.items() if word not in ("title", "title_zh")))
                         for name, said in bounds.items()])
    shell.out(f"\noutput: {found.manifest.get('output')}")
    return None


def predict(model: str, value: Annotated[str, typer.Argument(help="The first field: text, a file, a URL, or - for "
                                                                  "stdin.")] = "",
            given: Given = None, param: Parameters = None,
            version: Annotated[str, typer.Option(help="A version or an alias.")] = "",
            max_cost: Annotated[str, typer.Option(help="Refuse a dearer call.")] = "",
            background: Annotated[bool, typer.Option("--async", help="Don't wait: print the job's id.")] = False,
            save: Save = Path(), as_json: Json = False) -> None:
    """Call a model: `tessera predict face-detect photo.jpg`, `… ocr -i image=@page.png -p language=en`."""
    with shell.client() as client:
        known = client.models.retrieve(model).manifest
        fields = fields_of(known.get("input") or {}, given or [], value)
        parameters = _parameters(known.get("parameters") or {}, param or [])
        options: dict[str, Any] = {"input": fields, "parameters": parameters or None, "version": version or None,
                                   "max_cost": max_cost or None}
        with shell.progress(model) as bar:
            job = client.models.get(model).submit(**options) if background else client.models.get(model).predict(
                **options)
            bar(1, 1)
    if background:
        return shell.show_json(job) if as_json else shell.out(job.id)
    return _finished(job, str(known.get("output", "")), save, as_json)


def _finished(done: Any, output: str, save: Path, as_json: bool) -> None:
    saved = save_media(done.output, save, done.model)
    if as_json:
        shell.show_json(done)
    else:
        show_output(done.output, output)
    for path in saved:
        shell.say(f"saved {path}")
    if done.usage is not None:
        shell.say(f"{done.id}: {done.usage.units} {done.usage.unit}, {done.usage.cost} {done.usage.currency}")


def _parameters(known: dict[str, Any], given: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in given:
        name, equals, text = pair.partition("=")
        if not equals:
            raise shell.Stop(shell.USAGE, f"--param {pair}: write NAME=VALUE")
        kind = known.get(name, {}).get("kind", "")
        if kind in ("text", "choice") and text not in map(str, known[name].get("choices", [text])):
            raise shell.Stop(shell.USAGE, f"{name} is one of {', '.join(map(str, known[name]['choices']))}")
        try:
            found[name] = text if kind == "text" else json.loads(text)
        except ValueError:
            found[name] = text
    return found


@jobs.command("list")
def list_jobs(model: str = "", status: str = "", limit: Limit = 20, as_json: Json = False) -> None:
    """The newest predictions."""
    with shell.client() as client:
        found = shell.first(client.predictions.list(limit=min(limit, 100), model=model or OMIT,
                                                    status=status or OMIT), limit)
    if as_json:
        return shell.show_json(found)
    return shell.table([(p.id, p.model, p.status, f"{p.progress:.0%}" if p.progress is not None else "",
                         p.usage.cost if p.usage else "", p.created_at) for p in found],
                       ("id", "model", "status", "progress", "cost", "created"))


@jobs.command("show")
def show_job(job: str, save: Save = Path(), as_json: Json = False) -> None:
    """A prediction as it is now, and its output where it has one."""
    with shell.client() as client:
        found = client.predictions.retrieve(job)
    if found.status == "succeeded" or as_json:
        return _finished(found, "", save, as_json)
    return shell.facts([("status", found.status), ("progress", found.progress), ("stage", found.stage),
                        ("error", found.error and found.error.detail)])


@jobs.command("wait")
def wait_for_job(job: str, timeout: Annotated[float, typer.Option(help="Seconds.")] = 600.0, save: Save = Path(),
                 as_json: Json = False) -> None:
    """Wait for a prediction's end, with its progress on stderr."""
    with shell.client() as client, shell.progress(job) as bar:
        found = client.predictions.retrieve(job)
        found.wait(lambda now: bar(now.progress or 0, 1, f"{now.model}: {now.status}"), timeout=timeout)
    _finished(found, "", save, as_json)


@jobs.command("cancel")
def cancel_job(job: str, as_json: Json = False) -> None:
    """Stop a prediction. What has not answered yet costs nothing."""
    with shell.client() as client:
        found = client.predictions.cancel(job)
    if as_json:
        return shell.show_json(found)
    return shell.out(found.status)


@batch.command("run")
def run_batch(model: str, lines: Annotated[Path, typer.Argument(help="JSON lines of inputs, or of {custom_id, input, "
                                                                     "parameters}; - for stdin.")],
              to: Annotated[Path | None, typer.Option("--out", help="Where the answers go, else stdout.")] = None,
              param: Parameters = None,
              background: Annotated[bool, typer.Option("--async", help="Don't wait: print the batch's id.")] = False,
              as_json: Json = False) -> int:
    """Run a file of inputs: one JSON answer a line, 1 where any line failed."""
    text = sys.stdin.read() if str(lines) == "-" else lines.read_text()
    rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    if not rows:
        raise shell.Stop(shell.USAGE, f"{lines} has no lines")
    full = all(isinstance(row, dict) and "custom_id" in row and "input" in row for row in rows)
    content = b"".join(json.dumps(row if full else {"custom_id": str(n), "input": row}).encode() + b"\n"
                       for n, row in enumerate(rows))
    with shell.client() as client, shell.progress(f"{model}: {len(rows)} lines") as bar:
        file = client.files.upload(content, filename="batch.jsonl", purpose="batch", on_progress=bar)
        made = client.batches.create(input_file_id=file.id, model=model)
        if background:
            if as_json:
                shell.show_json(made)
            else:
                shell.out(made.id)
            return shell.OK
        made = client.batches.wait(made.id, lambda now: bar(now.progress, 1, f"{model}: {now.status}"))
        found = client.batches.results(made.id)
    order = {(row["custom_id"] if full else str(n)): n for n, row in enumerate(rows)}
    answers = sorted(found, key=lambda line: order.get(line.custom_id, 0))
    written = "".join(json.dumps({"custom_id": a.custom_id, "status": a.status, "output": a.output,
                                  "error": None if a.ok else a.body}, ensure_ascii=False) + "\n" for a in answers)
    failed = sum(not answer.ok for answer in answers)
    if to is not None:
        to.write_text(written)
    if as_json:
        shell.show_json({"batch": made, "lines": [json.loads(line) for line in written.splitlines()]})
    elif to is None:
        sys.stdout.write(written)
    shell.say(f"{made.id} {made.status}: {len(answers) - failed} answered, {failed} failed, "
              f"{made.usage.cost} {made.usage.currency}")
    if not answers:
        raise errors.TesseraError("; ".join(str(shell.plain(fault)) for fault in made.errors) or made.status)
    return shell.NO if failed else shell.OK


@batch.command("list")
def list_batches(limit: Limit = 20, as_json: Json = False) -> None:
    """The newest batches."""
    with shell.client() as client:
        found = shell.first(client.batches.list(), limit)
    if as_json:
        return shell.show_json(found)
    return shell.table([(b.id, b.endpoint, b.status, f"{b.progress:.0%}", b.created_at) for b in found],
                       ("id", "endpoint", "status", "progress", "created"))


@batch.command("show")
def show_batch(batch_id: str, as_json: Json = False) -> None:
    """A batch as it is now."""
    with shell.client() as client:
        found = client.batches.retrieve(batch_id)
    if as_json:
        return shell.show_json(found)
    return shell.facts([("status", found.status), ("progress", f"{found.progress:.0%}"),
                        ("lines", shell.plain(found.counts)), ("output", found.output_file_id),
                        ("errors", found.error_file_id)])


@batch.command("cancel")
def cancel_batch(batch_id: str, as_json: Json = False) -> None:
    """Stop a batch; what ran is delivered."""
    with shell.client() as client:
        found = client.batches.cancel(batch_id)
    return shell.show_json(found) if as_json else shell.out(found.status)
