"""Versions that nobody sends: made smaller from an earlier one, or fetched from a hub (here a mirror of it)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings

from inference_backend.jobs import files
from kernel.problems import Problem
from model_registry import artifacts, fetching, origins, registration
from model_registry.access import Caller
from model_registry.hub.download import Paused
from model_registry.models import Model, ModelVersion
from tests.flows.own_model_kit import linear_net
from tests.model_registry.hub.standins import Mirror, mirror
from tests.model_registry.test_compression import COLUMNS, LABELS, order_of, wide_net
from tests.model_registry.test_registration import Plane, acme, made, organization, plane, version_of  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.stack]
REPOSITORY = "someone/tiny-net"
NEW = {"task": "text-embedding"}
CARD = b"---\nlicense: apache-2.0\ntags: [onnx]\n---\n# A tiny net\n"


@pytest.fixture
def hub(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:  # noqa: F811
    with mirror() as found:
        monkeypatch.setattr(settings, "ENV", replace(settings.ENV, hub_mirror=found.base,
                                                     hub_private_hosts=("127.0.0.1",)))
        one = fetching.source
        monkeypatch.setattr(fetching, "source", lambda base="": replace(one(base), pause_s=0.0))
        yield found


def put(hub: Mirror, path: str, content: bytes) -> None:
    for revision in ("main", hub.commit):
        hub.files[f"/{REPOSITORY}/resolve/{revision}/{path}"] = content


def checked(version: ModelVersion) -> ModelVersion:
    registration.validate_version(version.pk)
    version.refresh_from_db()
    return version


def test_a_smaller_version_comes_with_what_it_cost(acme: Caller, plane: Plane, tmp_path: Any) -> None:  # noqa: F811
    examples = order_of(tmp_path, "int8_dynamic", examples=8)["examples"]
    model = made(acme)
    first = version_of(
        acme, model, wide_net(), input={"rows": {"kind": "table"}}, output="row_scores", examples=examples,
        preprocess={"X": {"step": "columns", "field": "rows", "columns": COLUMNS}},
        postprocess={"step": "row_labels", "labels": LABELS})
    assert first.state == "ready", first.report
    lines = "\n".join(json.dumps({"input": one["input"]}) for one in examples).encode()
    data = files.create(org_id=acme.org_id, filename="rows.jsonl", chunks=[lines], limit=1 << 20)
    second = checked(origins.begin_compression(
        caller=acme, name=model.name, number=1, method="int8_static", calibration_file_id=data.public_id))
    assert second.state == "ready", second.report
    assert second.report["checks"][0]["id"] == "compression"
    said = second.report["compression"]
    assert (said["of"], said["calibrated_on"], said["items"], said["accuracy"]["items"]) == (1, 8, 8, 8)
    assert said["after"]["bytes"] < 0.4 * said["before"]["bytes"]
    assert said["agreement"] >= 0.9
    assert said["accuracy"]["before"] == 1.0  # the first version's answers are its golden ones
    assert second.lineage["base_model"] == f"{model.name} version 1"
    assert second.artifacts.get().sha256 != first.artifacts.get().sha256
    model.refresh_from_db()
    assert model.traffic == [{"version": 1, "weight": 100, "label": "stable"}]
    assert not artifacts.staging(model.name, 2).exists()

    lossy = checked(origins.begin_compression(
        caller=acme, name=model.name, number=1, method="int8_dynamic", min_agreement=1.01))
    assert (lossy.state, lossy.report["checks"][-1]["code"]) == ("failed", "compression_lossy")
    other = organization("Other")[0]
    for words, code in (({"caller": other}, "model_not_found"), ({"number": 3}, "invalid_state"),
                        ({"method": "int4"}, "validation_error"), ({"data_file_id": "file_0"}, "not_found")):
        with pytest.raises(Problem) as refused:
            origins.begin_compression(**{"caller": acme, "name": model.name, "number": 1, "method": "fp16", **words})
        assert refused.value.code == code, words


def test_a_hubs_net_is_fetched_checked_and_keeps_its_licence(acme: Caller, hub: Mirror) -> None:  # noqa: F811
    net = linear_net([[1, 0], [0, 1]], [0, 0])
    put(hub, "onnx/model.onnx", net)
    put(hub, "README.md", CARD)
    hub.breaks = [len(net) // 2]  # the connection breaks once, and the rest is asked for
    model, version = origins.begin_import(caller=acme, repository=REPOSITORY, revision="main", **NEW)
    assert (model.name, model.card["origin"]["name"], version.state) == ("acme.tiny-net", REPOSITORY, "validating")
    version = checked(version)
    assert version.state == "ready", version.report
    assert version.report["hub"] == {
        "repository": REPOSITORY, "revision": hub.commit, "path": "onnx/model.onnx", "bytes": len(net),
        "sha256": hashlib.sha256(net).hexdigest(), "license": "apache-2.0"}
    assert any(range_ for _, range_ in hub.asked)
    model.refresh_from_db()
    assert (model.license_code, model.visibility, model.public) == ("apache-2.0", "private", False)
    assert version.lineage["base_model"] == f"{REPOSITORY} at main"
    again, second = origins.begin_import(caller=acme, repository=REPOSITORY, path="onnx/model.onnx")
    assert (again.pk, second.number) == (model.pk, 2)


def test_what_a_hub_lacks_or_sends_wrongly_ends_the_version_and_leaves_nothing(
        acme: Caller, hub: Mirror) -> None:  # noqa: F811
    put(hub, "pytorch.onnx", b"\x80\x04pickle")
    for path, code in (("", "not_found"), ("pytorch.onnx", "pickle_refused")):
        model, version = origins.begin_import(caller=acme, repository=REPOSITORY, path=path, **NEW)
        version = checked(version)
        assert (version.state, version.report["checks"][-1]["code"]) == ("failed", code)
        assert not artifacts.staging(model.name, version.number).exists()
        assert not version.artifacts.exists()
    hub.redirects[f"/{REPOSITORY}/resolve/main/away.onnx"] = "http://169.254.169.254/x"
    version = checked(origins.begin_import(caller=acme, repository=REPOSITORY, path="away.onnx")[1])
    assert (version.state, version.report["checks"][-1]["code"]) == ("failed", "invalid_request")
    for words in ({"repository": "../x"}, {"repository": "a/b", "path": "../../etc/x.onnx"},
                  {"repository": "a/b"}, {"repository": "a/b", "revision": "a..b"},
                  {"repository": "a/b", "path": "model.bin"}):
        with pytest.raises(Problem, match="validation_error"):
            origins.begin_import(caller=acme, **words)
    assert Model.objects.filter(owner_id=acme.org_id).count() == 1


def test_a_slow_hub_gives_its_turn_back(
        acme: Caller, hub: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    def slow(*_: Any, **__: Any) -> None:
        raise Paused

    with monkeypatch.context() as slower:
        slower.setattr(origins, "download", slow)
        _, version = origins.begin_import(caller=acme, repository=REPOSITORY, **NEW)
        version = checked(version)
    assert (version.state, version.leased_until, version.attempts) == ("validating", None, 0)
    put(hub, "model.onnx", linear_net([[1, 0], [0, 1]], [0, 0]))
    assert checked(version).state == "ready"


def test_data_that_is_no_data_is_refused_by_its_line(acme: Caller) -> None:  # noqa: F811
    row = files.create(org_id=acme.org_id, filename="x.jsonl", chunks=[b'{"input": {}}\nnonsense\n'], limit=1000)
    with pytest.raises(Problem) as refused:
        origins._lines(acme, "data", row.public_id)
    assert "line 2" in refused.value.errors[0].detail
