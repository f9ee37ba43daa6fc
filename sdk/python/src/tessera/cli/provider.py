"""Your own models: check, serve, push, deploy, traffic, logs."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tessera.cli import _shell as shell
from tessera.cli._shell import Json

if TYPE_CHECKING:
    from tessera.service import ModelService

What = Annotated[str, typer.Argument(help="service.py or service.py:Class; a bundle.zip, .onnx or .safetensors.")]


def add_to(app: typer.Typer) -> None:
    for command in (check, serve, push, deploy, traffic, logs):
        app.command()(command)


def _service(what: str) -> ModelService:
    """The service of a Python file: the class that is named, or the only one in it."""
    from tessera.service import ModelService

    file, _, name = what.partition(":")
    path = Path(file)
    if not path.is_file():
        raise shell.Stop(shell.USAGE, f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise shell.Stop(shell.USAGE, f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # annotations are looked up there
    spec.loader.exec_module(module)
    found = {own.__name__: own for own in vars(module).values() if isinstance(own, type)
             and issubclass(own, ModelService) and own.__module__ == path.stem}
    if name and name in found:
        return found[name](path.resolve().parent)
    if name or len(found) != 1:
        raise shell.Stop(shell.USAGE, f"{path} has {', '.join(found) or 'no ModelService'}: write {path}:Class")
    return next(iter(found.values()))(path.resolve().parent)


def check(what: What, as_json: Json = False) -> int:
    """Look at a service before it goes anywhere: 0 where all holds."""
    report = _service(what).check()
    if as_json:
        shell.show_json({"ok": report.ok, "checks": [vars_of(each) for each in report.checks]})
    else:
        shell.out(str(report))
    return shell.OK if report.ok else shell.NO


def vars_of(value: Any) -> dict[str, Any]:
    """A small frozen value as a dict."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def serve(what: What, host: str = "127.0.0.1", port: int = 8010) -> None:
    """Serve it on this machine, as the platform would answer."""
    _service(what).serve(host=host, port=port)


def push(what: What, name: Annotated[str, typer.Option(help="The model, for a file that is no service.")] = "",
         task: Annotated[str, typer.Option(help="Its task, where the model is new.")] = "",
         manifest: Annotated[Path | None, typer.Option(help="manifest.yaml beside a bare net.")] = None,
         wait: Annotated[bool, typer.Option(help="Wait for the validation.")] = True, as_json: Json = False) -> None:
    """Upload a version and wait for its validation. What failed is told with its remedy."""
    from tessera.service import remote

    def told(version: Any) -> None:
        shell.say(f"{version.model} version {version.version}: {version.version_state}")

    with shell.client() as client:
        if what.partition(":")[0].endswith(".py"):
            made = _service(what).push(client=client, on_progress=told)
        else:
            if not name:
                raise shell.Stop(shell.USAGE, "--name is needed for a file that is no service")
            listing = {"name": name, "title": name, "summary": name, "task": task}
            model = remote.register(client, listing) if task else name
            with shell.progress(f"sending {what}") as bar:
                made = remote.upload(client, model, what, on_progress=bar,
                                     manifest=manifest.read_text() if manifest else None)
            if wait:
                made = remote.await_version(client, made, on_progress=told)
    if as_json:
        return shell.show_json(made)
    return shell.out(f"{made.model} {made.version}")


def deploy(what: Annotated[str, typer.Argument(help="service.py[:Class], or a model's name with --version.")],
           version: Annotated[int, typer.Option(help="A version that is there already.")] = 0,
           weight: Annotated[int, typer.Option(help="Percent of the calls.", min=1, max=100)] = 100,
           guarded: Annotated[bool, typer.Option("--guarded", help=(
               "Step by step instead: failures, slowness or wrong examples take it back."))] = False,
           replicas: Annotated[int, typer.Option(min=0)] = 0,
           minimum: Annotated[int, typer.Option("--min", help="Autoscaling: at least.")] = 0,
           maximum: Annotated[int, typer.Option("--max", help="Autoscaling: at most.")] = 0,
           metric: str = "cpu_utilization", target: Annotated[int, typer.Option(help="Of the metric.")] = 70,
           pool: Annotated[str, typer.Option(help="hot, warm or cold")] = "", as_json: Json = False) -> None:
    """Give a version its part of the calls; a service.py is pushed first."""
    from tessera.service import remote

    autoscale = {"metric": metric, "target": target, "min": minimum, "max": maximum} if maximum else None
    with shell.client() as client:
        if what.partition(":")[0].endswith(".py"):
            done: Any = _service(what).deploy(
                replicas or None, autoscale, weight=weight, guarded=guarded, pool=pool or None, version=version or None,
                client=client,
                on_progress=lambda v: shell.say(f"{v.model} version {v.version}: {v.version_state}"))
        else:
            if not version:
                raise shell.Stop(shell.USAGE, "--version is needed with a model's name")
            done = remote.place(client, what, version, weight=weight, guarded=guarded, replicas=replicas or None,
                                autoscale=autoscale, pool=pool or None)
    if as_json:
        return shell.show_json(done)
    if done.rollout:
        shell.say(f"version {done.version} takes over under guard: {done.rollout.rollout_state}")
    return _show_traffic(done.traffic)


def traffic(model: str, weights: Annotated[list[str] | None, typer.Argument(
        metavar="VERSION=PERCENT…", help="1=90 2=10; without any, what is now.")] = None,
        sticky_by: Annotated[str, typer.Option(help="key, organization or none")] = "",
        shadow: Annotated[int, typer.Option(help="A version that gets copies of the calls.")] = 0,
        rollback: Annotated[bool, typer.Option("--rollback", help="As it was before the last change.")] = False,
        as_json: Json = False) -> None:
    """What part of the calls each version gets; change it, or take the last change back."""
    from tessera.record import record
    from tessera.service import remote

    with shell.client() as client:
        if rollback:
            path = f"/api/v1/models/{model}/rollback"
            found = record(json.loads(client.request("POST", path, json={}).content))
        elif weights:
            try:
                parts = {int(version): int(percent) for version, _, percent in (w.partition("=") for w in weights)}
            except ValueError:
                raise shell.Stop(shell.USAGE, "write VERSION=PERCENT, such as 1=90 2=10") from None
            if sum(parts.values()) != 100:
                raise shell.Stop(shell.USAGE, f"the percents sum to {sum(parts.values())}, not 100")
            found = remote.set_traffic(client, model, parts, sticky_by=sticky_by or None, shadow=shadow or None)
        else:
            found = remote.traffic(client, model)
    if as_json:
        return shell.show_json(found)
    return _show_traffic(found)


def _show_traffic(found: Any) -> None:
    shell.table([(target.get("version"), f"{target.get('weight')} %", target.get("label"))
                 for target in found.get("targets", [])], ("version", "calls", "label"))
    if found.get("shadow"):
        shell.say(f"copies go to version {found['shadow']}")


def logs(what: Annotated[str, typer.Argument(help="A job (pred_…), or a model of yours.")],
         version: Annotated[int, typer.Option(help="The model's version, else its newest.")] = 0,
         as_json: Json = False) -> None:
    """A job's steps as they happen, or what the validation of a version saw."""
    from tessera.service import remote

    with shell.client() as client:
        if what.startswith("pred_"):
            for event in client.predictions.events(what):
                if as_json:
                    shell.out(json.dumps({"id": event.id, "event": event.kind, "data": event.data}))
                else:
                    shell.out(f"{event.kind}\t{_brief(event.data)}")
            return None
        number = version or max((v["version"] for v in client.request(
            "GET", f"/api/v1/models/{what}/versions").json()["data"]), default=0)
        if not number:
            raise shell.Stop(shell.MISSING, f"{what} has no version yet")
        found = remote.report(client, what, number)
    if as_json:
        return shell.show_json(found)
    shell.table([(remote.status_of(c), c.get("id"), c.get("detail"), c.get("fix")) for c in found.get("checks", [])],
                ("status", "check", "what", "remedy"))
    for line in found.get("log", []):
        shell.out(str(line))
    return None


def _brief(data: Any) -> str:
    keep = ("status", "stage", "progress")
    return " ".join(str(data[name]) for name in keep if data.get(name) is not None) if isinstance(data, dict) \
        else str(data)
