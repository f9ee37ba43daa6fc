"""Listed models in the registry: not callable until fetched; fetched by the command, by a worker and by staff."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from inference_backend.triton import repository
from kernel.contracts import ROUTE_KEY, Route
from model_registry import fetching, hub_tasks, selectors, services, snapshots
from model_registry.catalog_kit.runner import CATALOG
from model_registry.hub.download import Paused
from model_registry.hub.entries import entries, entry
from model_registry.models import Model
from tests.model_registry.hub.standins import Mirror, files_of, mirror

pytestmark = [pytest.mark.django_db, pytest.mark.stack]
NAME = "hub-minilm-l12"
OTHER = "hub-gte-small"


@pytest.fixture
def hub(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """A mirror with two models, a folder of the test's own, and no trial in another process: test_download has it."""
    monkeypatch.setattr("model_registry.hub.fetch._try", lambda entry, stage: None)
    with mirror() as found:
        one = fetching.source
        monkeypatch.setattr(fetching, "source", lambda base="": dataclasses.replace(one(base), pause_s=0.0))
        monkeypatch.setattr(fetching, "entries", lambda: {name: entry(name) for name in (NAME, OTHER)})
        settings.ENV = dataclasses.replace(
            settings.ENV, var=tmp_path, triton_repository=tmp_path / "models", hub_mirror=found.base,
            hub_private_hosts=("127.0.0.1",))
        for name in (NAME, OTHER):
            found.put(entry(name))
            fetching._redis().delete(fetching.KEY.format(model=name))
        fetching.sync_hub(repository_dir=tmp_path / "models")
        yield found


@pytest.fixture
def command(django_capture_on_commit_callbacks: Any) -> Callable[..., str]:
    """`manage.py fetch_model …`: what it prints; what it does after its commit is done too."""
    def run(*words: str) -> str:
        out = io.StringIO()
        with django_capture_on_commit_callbacks(execute=True):
            call_command("fetch_model", *words, stdout=out)
        return out.getvalue()

    return run


def route(name: str) -> Route | None:
    raw = snapshots._redis().get(ROUTE_KEY.format(model=name))
    return Route.load(raw) if raw else None


def test_all_are_listed_and_none_can_be_called(hub: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "entries", entries)
    fetching.sync_hub(repository_dir=tmp_path / "models")
    rows = Model.objects.filter(source="S3")
    assert set(rows.values_list("name", flat=True)) == set(entries())
    assert not any(fetching.is_fetched(row) for row in rows)
    assert not any(selectors.route_for(row) for row in rows)
    assert {row.state for row in rows} == {"active"}
    assert repository.models(tmp_path / "models") == ["host-hub"]
    before = rows.values_list("updated_at", flat=True)
    assert fetching.sync_hub(repository_dir=tmp_path / "models").ready == []
    assert list(before) == list(rows.values_list("updated_at", flat=True))


def test_the_catalogue_leaves_them_alone(hub: Mirror, tmp_path: Path) -> None:
    root = tmp_path / "catalog" / "series"
    root.mkdir(parents=True)
    (root / "forecast_auto").symlink_to(CATALOG / "series" / "forecast_auto")
    services.sync_catalog(root=tmp_path / "catalog", nets_dir=tmp_path / "nets", repository_dir=tmp_path / "models")
    assert selectors.model(NAME).state == "active"
    assert "host-hub" in repository.models(tmp_path / "models")


def test_the_command_fetches_registers_and_is_held_to_what_it_saw(
        hub: Mirror, tmp_path: Path, command: Callable[..., str]) -> None:
    assert "version 1 is callable" in command(NAME)
    net = next(name for name in repository.models(tmp_path / "models") if name.startswith("hub-"))
    found = route(NAME)
    assert found is not None
    assert (found.host, found.nets, found.pool) == ("host-hub", (net,), "cold")
    version = selectors.versions(selectors.model(NAME)).get()
    assert {a.sha256 for a in version.artifacts.all()} == {f.sha256 for f in fetching.recorded(NAME).values()}
    assert {f.revision for f in fetching.recorded(NAME).values()} == {hub.commit}
    listed = json.loads((tmp_path / "models" / "host-hub" / "1" / "entries.json").read_text())["entries"]
    assert Path(listed[NAME], "model.yaml").is_file()
    assert fetching.sync_hub(repository_dir=tmp_path / "models").ready == [NAME]
    assert selectors.versions(selectors.model(NAME)).count() == 1

    # The hub changes its mind: that is refused, unless it is asked for.
    hub.put(entry(NAME), {**files_of(entry(NAME)), "tokenizer.json": files_of(entry(NAME))["tokenizer.json"] + b"\n"})
    with pytest.raises(CommandError, match="hub_mismatch") as caught:
        command(NAME)
    assert caught.value.returncode == 2
    assert "\n" not in str(caught.value)
    command(NAME, "--renew")
    assert [v.number for v in selectors.versions(selectors.model(NAME)) if v.state == "ready"] == [2]


def test_a_model_whose_files_are_lost_is_not_offered_until_it_is_fetched_again(
        hub: Mirror, tmp_path: Path, command: Callable[..., str]) -> None:
    command(NAME)
    shutil.rmtree(tmp_path / "hub")
    assert fetching.sync_hub(repository_dir=tmp_path / "models").lost == [NAME]
    assert route(NAME) is None
    command(NAME)
    assert route(NAME) is not None
    assert selectors.versions(selectors.model(NAME)).count() == 1


def test_offline_the_command_says_so_in_a_line(hub: Mirror, command: Callable[..., str]) -> None:
    with pytest.raises(CommandError, match=r"hub_unreachable.*--mirror") as caught:
        command(NAME, "--mirror", "http://127.0.0.1:9")
    assert caught.value.returncode == 2
    assert "\n" not in str(caught.value)
    assert fetching.progress(NAME).code == "hub_unreachable"


def test_staff_fetch_through_the_api_and_others_find_nothing(
        hub: Mirror, django_user_model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_tasks.fetch_model, "delay", hub_tasks.fetch_model)  # the worker is here
    hub.breaks = [100]
    people = {staff: django_user_model.objects.create(email=f"{staff}@example.com".lower(), is_staff=staff)
              for staff in (False, True)}
    address = f"/api/v1/models/{OTHER}/fetch"
    client = APIClient()
    assert client.post(address).status_code in (401, 403)
    client.force_authenticate(people[False])
    assert (client.post(address).status_code, client.get(address).status_code) == (404, 404)
    client.force_authenticate(people[True])
    assert client.post("/api/v1/models/face-detect/fetch").status_code == 404
    before = client.get(address).json()
    assert (before["state"], before["callable"]) == ("none", False)
    asked = client.post(address)
    assert (asked.status_code, asked["Location"]) == (202, address)
    after = client.get(address).json()
    assert (after["state"], after["callable"], after["percent"], after["problem"]) == ("done", True, 100, None)
    assert after["by"] == f"staff:{people[True].pk}"
    assert [wanted for path, wanted in hub.asked if path.endswith(".onnx")] == [None, "bytes=100-"]


def test_a_turn_that_ends_puts_the_rest_behind_other_work(monkeypatch: pytest.MonkeyPatch) -> None:
    queued: list[tuple[str, str]] = []

    def paused(**_: Any) -> None:
        raise Paused

    monkeypatch.setattr(fetching, "fetch_now", paused)
    monkeypatch.setattr(hub_tasks.fetch_model, "delay", lambda *words: queued.append(words))
    assert hub_tasks.fetch_model(NAME, "staff:1") == "goes on"
    assert queued == [(NAME, "staff:1")]
