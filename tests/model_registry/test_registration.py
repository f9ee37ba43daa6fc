"""Providers' models in the database: who may, what stays as it was, and how a version goes its way."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from inference_backend.triton import repository
from kernel import clock
from kernel.contracts import Route
from kernel.problems import Problem
from marketplace.accounts import services as accounts
from marketplace.accounts.models import AuditEntry, User
from marketplace.listings import grants
from marketplace.listings import selectors as shelf
from model_registry import artifacts, deployment, publication, registration, selectors
from model_registry.access import Caller
from model_registry.models import Artifact, Model, ModelVersion
from model_registry.uploads import sandbox
from tests.flows.own_model_kit import linear_net

pytestmark = [pytest.mark.django_db, pytest.mark.stack]

NET = linear_net([[1, 0], [0, 1], [1, 1], [0, 0]], [0, 0.5])
FOUND: dict[Any, tuple[sandbox.Findings, bytes]] = {}  # by what was sent: see `quick`
CARD = {"use": "Tests.", "limits": "All.", "misuse": "None.", "origin": {"name": "A test"}}


class Plane:
    """Stands where the data plane does: what it is asked for here is said to have happened."""

    def __init__(self) -> None:
        self.refuses: set[int] = set()


@pytest.fixture
def plane(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Plane:
    """A state folder of its own, and probes that answer unless they are told not to. (The flow has the real ones.)"""
    found = Plane()
    monkeypatch.setattr(settings, "ENV", replace(settings.ENV, var=tmp_path, triton_repository=tmp_path / "models"))

    def probe(version: ModelVersion) -> float:
        if version.number in found.refuses:
            raise Problem("model_not_ready", "it does not answer")
        return 1.0

    monkeypatch.setattr(deployment, "probe", probe)
    monkeypatch.setattr(registration, "ring", lambda version_id: None)
    return found


def organization(name: str) -> tuple[Caller, User]:
    user = User.objects.create_user(email=f"{name}@example.com", password=None)
    org = accounts.create_organization(name=name, owner=user)
    return Caller(org.pk, org.slug, user, f"user:{user.pk}"), user


@pytest.fixture
def acme(db: None) -> Caller:
    return organization("Acme")[0]


def made(caller: Caller, name: str = "iris", **words: Any) -> Model:
    return registration.create_model(caller=caller, name=name, title="Iris", summary="Names irises.",
                                     task="tabular-classification", **words)


def version_of(caller: Caller, model: Model, net: bytes = NET, **manifest: Any) -> ModelVersion:
    """One uploaded and checked version."""
    text = json.dumps(manifest) if manifest else None
    version = registration.start_version(caller=caller, name=model.name, files=[("m.onnx", io.BytesIO(net))],
                                         manifest=text)
    registration.validate_version(version.pk)
    version.refresh_from_db()
    return version


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child's checks once, and its findings again for the same bytes: a process a version costs seconds."""
    real = sandbox.examine

    def examine(folder: Path, **words: Any) -> sandbox.Findings:
        key = ((folder / "upload").read_bytes(), words.get("manifest"), str(words.get("signature")))
        if key not in FOUND:
            FOUND[key] = (real(folder, **words), (folder / "net.onnx").read_bytes())
        findings, net = FOUND[key]
        (folder / "net.onnx").write_bytes(net)
        service = {**findings.result["service"], "net": words["net"], "version": words["version"]}
        return replace(findings, result={**findings.result, "service": service})

    monkeypatch.setattr(sandbox, "examine", examine)


def test_names_carry_the_owners_prefix_and_are_taken_once(acme: Caller) -> None:
    assert made(acme).name == "acme.iris"
    for name, code in (("iris", "name_taken"), ("acme.iris", "name_taken"), ("other.iris", "validation_error"),
                       ("-", "validation_error"), ("a" * 80, "validation_error")):
        with pytest.raises(Problem) as refused:
            made(acme, name)
        assert refused.value.code == code, name
    with pytest.raises(Problem) as refused:
        made(acme, "y", pricing={"unit": "call", "amount": "NaN"})
    assert refused.value.code == "validation_error"
    assert AuditEntry.objects.filter(action="model.created", target="model:acme.iris").count() == 1


def test_the_way_of_versions(acme: Caller, plane: Plane, quick: None, django_capture_on_commit_callbacks: Any) -> None:
    model = made(acme, pricing={"unit": "row", "amount": "0.002"})
    stranger = organization("Other")[0]
    first = version_of(acme, model)
    assert (first.state, first.number, first.label) == ("ready", 1, "1.0.0"), first.report
    model.refresh_from_db()
    route = selectors.route_for(model)
    assert route is not None
    assert (route.host, route.own_host, route.owner, route.public, route.joinable) == (
        "host-acme.iris", True, acme.org_id, False, True)
    assert [(t.version, t.weight) for t in route.targets] == [(1, 100)]
    assert str(route.price.amount.normalize()) == "0.2"  # cents
    assert Route.load(route.dump()) == route
    assert repository.models(settings.ENV.triton_repository) == ["acme.iris.v1", "host-acme.iris.v1"]

    second = version_of(acme, model, changelog="The same net again.")
    assert (second.state, second.label) == ("ready", "1.0.1")
    assert Artifact.objects.count() == 1  # the same bytes are stored once
    assert [(t.version, t.weight, t.label) for t in selectors.route_for(model).targets] == [  # type: ignore[union-attr]
        (1, 100, "stable"), (2, 0, "v2")]

    split = [{"version": 1, "weight": 90}, {"version": 2, "weight": 10}]
    plane.refuses = {2}
    with pytest.raises(Problem) as refused:
        deployment.set_traffic(caller=acme, name=model.name, targets=split)
    assert refused.value.code == "model_not_ready"
    model.refresh_from_db()
    assert model.traffic == [{"version": 1, "weight": 100, "label": "stable"}]  # the old route stands
    plane.refuses = set()
    for targets, code in (([{"version": 1, "weight": 99}], "validation_error"),
                          ([{"version": 3, "weight": 100}], "validation_error"),
                          ([{"version": 1, "weight": 50}, {"version": 1, "weight": 50}], "validation_error")):
        with pytest.raises(Problem) as refused:
            deployment.set_traffic(caller=acme, name=model.name, targets=targets)
        assert refused.value.code == code
    with pytest.raises(Problem) as refused:
        deployment.set_traffic(caller=stranger, name=model.name, targets=split)
    assert refused.value.code == "model_not_found"
    deployment.set_traffic(caller=acme, name=model.name, targets=split, shadow=2)
    deployment.point_alias(caller=acme, name=model.name, alias="candidate", number=2)
    model.refresh_from_db()
    route = selectors.route_for(model)
    assert route is not None
    assert (route.shadow, route.aliases) == (2, {"stable": 1, "candidate": 2})
    for reason in ("traffic", "alias"):
        with pytest.raises(Problem) as refused:
            deployment.retire(caller=acme, name=model.name, number=2)
        assert refused.value.code == "invalid_state", reason
        deployment.roll_back(caller=acme, name=model.name)
        if reason == "alias":
            deployment.drop_alias(caller=acme, name=model.name, alias="candidate")
            deployment.roll_back(caller=acme, name=model.name, to=1)
    deployment.deprecate(caller=acme, name=model.name, number=2, sunset=clock.now() + timedelta(days=30), successor=1)
    notice = selectors.route_for(model).notices["2"]  # type: ignore[union-attr]
    assert notice["Link"] == '</api/v1/models/acme.iris/versions/1>; rel="successor-version"'
    assert notice["Sunset"].endswith(" GMT")
    assert notice["Deprecation"].startswith("@")
    with django_capture_on_commit_callbacks(execute=True):
        deployment.retire(caller=acme, name=model.name, number=2)
    assert repository.models(settings.ENV.triton_repository) == ["acme.iris.v1", "host-acme.iris.v1"]
    for change in ({"digest": "0" * 64}, {"service": {}}, {"state": "failed"}):
        with pytest.raises(IntegrityError, match="a version"), transaction.atomic():
            ModelVersion.objects.filter(pk=first.pk).update(**change)
    assert [s["state"] for s in ModelVersion.objects.get(pk=second.pk).stages] == [
        "validating", "ready", "deprecated", "retired"]


def test_a_refused_upload_keeps_its_report_and_nothing_else(acme: Caller, plane: Plane) -> None:
    model = made(acme)
    version = version_of(acme, model, b"\x80\x04hello")
    assert (version.state, version.report["checks"][-1]["code"]) == ("failed", "pickle_refused")
    assert Artifact.objects.count() == 0
    assert not artifacts.staging(model.name, 1).exists()
    assert selectors.route_for(model) is None
    with pytest.raises(Problem) as refused:
        version_of(acme, model, version="one")
    assert refused.value.code == "bundle_invalid"
    assert ModelVersion.objects.filter(model=model).count() == 1


def test_a_lease_is_taken_once_and_lost_ones_are_found(acme: Caller, plane: Plane) -> None:
    model = made(acme)
    version = registration.start_version(caller=acme, name=model.name, files=[("m.onnx", io.BytesIO(NET))],
                                         manifest=None)
    assert registration.lease(version.pk) is not None
    assert registration.lease(version.pk) is None
    assert version.pk not in registration.waiting_versions()
    ModelVersion.objects.filter(pk=version.pk).update(leased_until=clock.now() - timedelta(seconds=1), attempts=3)
    assert registration.waiting_versions() == [version.pk]
    assert registration.validate_version(version.pk) == "failed"  # the fourth attempt


def test_two_of_the_staff_publish_and_one_takes_down(acme: Caller, plane: Plane, quick: None) -> None:
    model = made(acme, license={"code": "MIT", "weights": "MIT"}, card=CARD)
    version_of(acme, model)
    staff = [User.objects.create_user(email=f"s{i}@example.com", password=None, is_staff=True) for i in range(3)]
    asked = publication.publish(caller=acme, name=model.name, visibility="public", terms_accepted=True,
                                pricing={"unit": "row", "amount": "0.5"})
    assert asked is not None
    with pytest.raises(Problem, match="public or in review"):
        publication.publish(caller=acme, name=model.name, visibility="public", terms_accepted=True)
    acme.actor.is_staff = True  # the provider's own people can't decide
    with pytest.raises(Problem) as refused:
        publication.approve(staff=acme.actor, publication_id=asked.pk)
    assert refused.value.code == "permission_denied"
    publication.approve(staff=staff[0], publication_id=asked.pk)
    with pytest.raises(Problem, match="agreed already"):
        publication.approve(staff=staff[0], publication_id=asked.pk)
    model.refresh_from_db()
    assert not model.public
    publication.approve(staff=staff[1], publication_id=asked.pk)
    model.refresh_from_db()
    assert (model.public, model.manifest["pricing"]["amount"]) == (True, "50")
    other, _ = organization("Other")
    assert selectors.model(model.name, org_id=other.org_id).pk == model.pk
    publication.take_down(staff=staff[2], name=model.name, reason="Broken law.")
    model.refresh_from_db()
    assert (selectors.route_for(model), model.public) == (None, False)
    assert selectors.publication(model).state == "taken_down"  # type: ignore[union-attr]
    with pytest.raises(Problem) as refused:
        publication.publish(caller=acme, name=model.name, visibility="public", terms_accepted=True)
    assert refused.value.code == "invalid_state"
    back = publication.reinstate(staff=staff[2], name=model.name, reason="It was not.")
    model.refresh_from_db()
    assert (back.state, model.state, model.public, model.visibility) == ("withdrawn", "active", False, "private")
    assert selectors.route_for(model) is not None  # its owner calls it again
    with pytest.raises(Problem) as refused:
        publication.reinstate(staff=staff[2], name=model.name, reason="Twice.")
    assert refused.value.code == "model_not_found"
    entry = AuditEntry.objects.get(action="model.released", target=f"model:{model.name}")
    assert entry.after["reason"] == "It was not."


def test_an_owner_may_call_what_it_provides_and_nobody_else(acme: Caller, plane: Plane, quick: None) -> None:
    model = made(acme)
    version_of(acme, model)
    other, _ = organization("Other")
    from marketplace.accounts import selectors as organizations

    assert model.name in shelf.subscribed_models(organizations.organization(acme.org_id))
    assert model.name not in shelf.subscribed_models(organizations.organization(other.org_id))
    assert grants.build_grants(organizations.organization(other.org_id)) == []
    with pytest.raises(Problem) as refused:
        selectors.model(model.name, org_id=other.org_id)
    assert refused.value.code == "model_not_found"
