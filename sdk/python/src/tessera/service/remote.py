"""From a bundle to calls: register, upload, wait for the validation, deploy."""

from __future__ import annotations

import json
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tessera import errors
from tessera._base import quote
from tessera.record import Record, record

if TYPE_CHECKING:
    from tessera.client import AIClient
    from tessera.service.base import ModelService

ENDED = frozenset({"ready", "failed", "retired"})
DIRECT_BYTES = 32 << 20  # above this a bundle goes up in parts first


class Version(Record):
    """A version as the platform has it, and `model`, its full name."""

    model: str
    version: int
    label: str
    version_state: str
    digest: str


class Deployment(Record):
    """What runs now: `model`, `version`, `traffic`; where replicas were asked for, `deployment`; where the version
    takes over under guard, `rollout`."""

    model: str
    version: int
    traffic: Record
    deployment: Record | None
    rollout: Record | None


class PushFailed(errors.TesseraError):
    """A version that the platform refused. `report` has its checks; the message says what failed and how to mend it."""

    def __init__(self, version: Version, report: Record) -> None:
        self.version, self.report = version, report
        lines = [f"{c.get('title') or c['id']}: {c.get('detail', '')}" + (f" → {c['fix']}" if c.get("fix") else "")
                 for c in report.get("checks", []) if status_of(c) == "failed"]
        super().__init__(f"{version['model']} version {version['version']} failed:\n" + "\n".join(lines))


def status_of(check: Mapping[str, Any]) -> str:
    """passed, failed, warning or skipped: `check_status` on the wire, `status` in the specification's first edition."""
    return str(check.get("check_status") or check.get("status") or "")


def _ask(client: AIClient, method: str, path: str, body: Any = None, **more: Any) -> Any:
    options = {"json": body, **more} if body is not None else more
    response = client.request(method, f"/api/v1{path}", **options)
    return record(json.loads(response.content)) if response.content else None


def register(client: AIClient, listing: Mapping[str, Any]) -> str:
    """The model's full name; it is registered where it is new, and brought up to date where it is there."""
    try:
        return str(_ask(client, "POST", "/models", dict(listing))["name"])
    except errors.Conflict as taken:
        if taken.code != "name_taken":
            raise
        wanted = str(listing["name"])
        found = client.request("GET", "/api/v1/provider/models").json()["data"]
        own = next((m["name"] for m in found if m["name"] == wanted or m["name"].endswith(f".{wanted}")), None)
        if own is None:
            raise
        fixed = {"name", "task", "license"}
        changes = {key: value for key, value in listing.items() if key not in fixed}
        if changes:
            _ask(client, "PATCH", f"/models/{quote(own)}", changes)
        return str(own)


def upload(client: AIClient, model: str, path: str | Path, *, manifest: str | None = None,
           on_progress: Callable[[int, int], Any] | None = None) -> Version:
    """Sends a bundle or a bare .onnx or .safetensors as the next version, and returns it as it is then."""
    content = Path(path)
    form: dict[str, Any] = {"manifest": manifest} if manifest is not None else {}
    if content.stat().st_size > DIRECT_BYTES:
        form["file_id"] = client.files.upload(content, purpose="model", on_progress=on_progress).id
        made = _ask(client, "POST", f"/models/{quote(model)}/versions", form)
    else:
        form["file"] = (content.name, content.read_bytes(), "application/octet-stream")
        made = record(client.send_form("POST", f"/api/v1/models/{quote(model)}/versions", form).json())
    return Version({**made, "model": model})


def report(client: AIClient, model: str, version: int) -> Record:
    """The validation's report."""
    found: Record = _ask(client, "GET", f"/models/{quote(model)}/versions/{version}/report")
    return found


def await_version(client: AIClient, version: Version, *, on_progress: Callable[[Version], Any] | None = None,
                  timeout: float = 300.0) -> Version:
    """The version when its validation has ended. Raises PushFailed, PredictionTimeout."""
    end, told, pause = time.monotonic() + timeout, "", 0.3
    path = f"/models/{quote(version['model'])}/versions/{version['version']}"
    while True:
        state = version.get("version_state", "")
        if on_progress is not None and state != told:
            told = state
            on_progress(version)
        if state == "failed":
            raise PushFailed(version, report(client, version["model"], version["version"]))
        if state in ENDED:
            return version
        if time.monotonic() > end:
            raise errors.PredictionTimeout(f"version {version['version']} is still {state}")
        time.sleep(pause)
        pause = min(pause * 1.3, 2.0)
        version = Version({**_ask(client, "GET", path), "model": version["model"]})


def push(service: ModelService, *, client: AIClient | None, on_progress: Callable[[Any], Any] | None,
         signing_key: str | None, timeout: float) -> Version:
    """As `ModelService.push`."""
    with tempfile.TemporaryDirectory() as folder:
        packed = service.pack(Path(folder) / f"{service.name}-{service.version}.zip", signing_key=signing_key)
        with _client(client) as talking:
            model = register(talking, service.listing())
            made = upload(talking, model, packed.path)
            return await_version(talking, made, on_progress=on_progress, timeout=timeout)


def traffic(client: AIClient, model: str) -> Record:
    """What part of the calls each version gets."""
    found: Record = _ask(client, "GET", f"/models/{quote(model)}/traffic")
    return found


def set_traffic(client: AIClient, model: str, weights: Mapping[int, int], *, sticky_by: str | None = None,
                shadow: int | None = None, reason: str = "") -> Record:
    """Gives versions their percents, which sum to 100."""
    now = traffic(client, model)
    labels = {target["version"]: {"label": target["label"]} for target in now.get("targets", []) if target.get("label")}
    body = {"targets": [{"version": version, "weight": weight, **labels.get(version, {})}
                        for version, weight in weights.items() if weight],
            "sticky_by": sticky_by or now.get("sticky_by", "key"), "shadow": shadow, "reason": reason}
    changed: Record = _ask(client, "PUT", f"/models/{quote(model)}/traffic", body)
    return changed


class NotTaken(UserWarning):
    """The platform deployed the version, and places its replicas by itself."""


def scale(client: AIClient, model: str, *, replicas: int | None, autoscale: Mapping[str, Any] | None,
          pool: str | None) -> Record | None:
    """Asks for replicas and how they follow the load. None, and a NotTaken warning, where the platform takes no such
    wish: the deployment itself stands."""
    body = {"replicas": replicas, "autoscale": dict(autoscale) if autoscale else None, "pool": pool}
    wish = {name: value for name, value in body.items() if value is not None}
    try:
        made: Record = _ask(client, "PUT", f"/models/{quote(model)}/deployment", wish)
    except errors.APIStatusError as error:
        if error.status not in (404, 405):  # the model is there: its traffic has just been set
            raise
        warnings.warn(f"{model} is deployed; this platform places replicas by itself and did not take "
                      f"{', '.join(wish)}", NotTaken, stacklevel=2)
        return None
    return made


def give(client: AIClient, model: str, version: int, weight: int) -> Record:
    """Gives a version its percent; the others share the rest as they did before."""
    if not 1 <= weight <= 100:
        raise errors.ConfigurationError(f"weight is 1 to 100 percent, not {weight}")
    if weight == 100:
        set_to = {version: 100}
    else:
        targets = traffic(client, model).get("targets", [])
        others = {t["version"]: t["weight"] for t in targets if t["version"] != version and t["weight"]}
        if not others:
            raise errors.ConfigurationError(f"there is no other version for the other {100 - weight} percent")
        total, rest = sum(others.values()), 100 - weight
        shares = {number: share * rest // total for number, share in others.items()}
        shares[max(others, key=lambda number: others[number])] += rest - sum(shares.values())
        set_to = {**shares, version: weight}
    return set_traffic(client, model, set_to, reason=f"version {version} gets {weight} percent")


def place(client: AIClient, model: str, version: int, *, weight: int, guarded: bool, replicas: int | None,
          autoscale: Mapping[str, Any] | None, pool: str | None) -> Deployment:
    """Gives a version its part of the calls, or has it take over under guard, on as many replicas as are asked for."""
    scaled = rollout = None
    if guarded:
        rollout = _ask(client, "POST", f"/models/{quote(model)}/canary", {"version": version})
    route = traffic(client, model) if guarded else give(client, model, version, weight)
    if replicas is not None or autoscale or pool:
        scaled = scale(client, model, replicas=replicas, autoscale=autoscale, pool=pool)
    return Deployment({"model": model, "version": version, "traffic": route, "deployment": scaled, "rollout": rollout})


def deploy(service: ModelService, *, replicas: int | None, autoscale: Mapping[str, Any] | None, weight: int,
           guarded: bool, pool: str | None, version: int | None, client: AIClient | None,
           on_progress: Callable[[Any], Any] | None) -> Deployment:
    """As `ModelService.deploy`."""
    with _client(client) as talking:
        if version is None:
            made = push(service, client=talking, on_progress=on_progress, signing_key=None, timeout=300.0)
            model, version = made["model"], int(made["version"])
        else:
            model = register(talking, service.listing())
        return place(talking, model, version, weight=weight, guarded=guarded, replicas=replicas, autoscale=autoscale,
                     pool=pool)


class _client:
    """The client that was given, left open; or one of the environment, closed afterwards."""

    def __init__(self, given: AIClient | None) -> None:
        self._given = given

    def __enter__(self) -> AIClient:
        from tessera.client import AIClient

        self._used = self._given or AIClient()
        return self._used

    def __exit__(self, *_: object) -> None:
        if self._given is None:
            self._used.close()
