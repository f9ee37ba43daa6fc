from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import IntegrityError, InternalError, transaction

from inference_backend.triton import repository
from kernel.contracts import ROUTE_KEY, Route
from kernel.problems import Problem
from model_registry import selectors, services, snapshots
from model_registry.catalog_kit.runner import CATALOG
from model_registry.models import Model, Price

pytestmark = [pytest.mark.django_db, pytest.mark.stack]
NAME = "forecast-auto"


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """A catalogue of one real capability that needs no nets."""
    root = tmp_path / "catalog"
    shutil.copytree(CATALOG / "series" / "forecast_auto", root / "series" / "forecast_auto")
    return root


@pytest.fixture
def sync(catalog: Path, tmp_path: Path):
    return lambda: services.sync_catalog(root=catalog, nets_dir=tmp_path / "nets", repository_dir=tmp_path / "triton")


def edit(catalog: Path, old: str, new: str) -> None:
    file = catalog / "series" / "forecast_auto" / "model.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_second_sync_changes_nothing(sync, tmp_path):
    first = sync()
    assert (first.created, first.faults, first.hosts) == ([NAME], [], ["host-series"])
    assert repository.models(tmp_path / "triton") == ["host-series"]
    again = sync()
    assert (again.created, again.unchanged) == ([], [NAME])
    model = selectors.model(NAME)
    assert [v.number for v in selectors.versions(model)] == [1]
    route = Route.load(snapshots._redis().get(ROUTE_KEY.format(model=NAME)))
    assert route == selectors.route_for(model)
    assert (route.host, route.targets[0].version) == ("host-series", 1)


def test_code_makes_a_version_and_words_do_not(sync, catalog):
    sync()
    edit(catalog, "title: ", "title: New ")
    assert sync().unchanged == [NAME]
    assert selectors.model(NAME).title.startswith("New ")
    entry = catalog / "series" / "forecast_auto" / "entry.py"
    entry.write_text(entry.read_text() + "\n# changed\n")
    assert sync().new_versions == [NAME]
    model = selectors.model(NAME)
    assert [(v.number, v.state) for v in selectors.versions(model)] == [(2, "ready"), (1, "retired")]
    assert selectors.route_for(model).targets[0].version == 2
    with pytest.raises(Problem) as raised:
        services.set_traffic(model=model, split=[{"version": 2, "weight": 90}])
    assert raised.value.code == "validation_error"


def test_prices_have_a_history_that_stays(sync):
    sync()
    model = selectors.model(NAME)
    first = selectors.price(model)
    second = services.set_price(model=model, unit=first.unit, amount=Decimal("0.123456789012"))
    assert (second.version, selectors.price(model).amount) == (2, Decimal("0.123456789012"))
    assert selectors.price(model, first.valid_from).version == 1
    assert services.set_price(model=model, unit=first.unit, amount=Decimal("0.123456789012")).version == 2
    with pytest.raises((InternalError, IntegrityError)), transaction.atomic():
        Price.objects.filter(pk=first.pk).update(amount=0)


def test_a_fault_keeps_what_was_and_a_missing_folder_retires(sync, catalog):
    sync()
    other = catalog / "series" / "other_one"
    other.mkdir()
    (other / "model.yaml").write_text("name: [")
    edit(catalog, "family: series", "family: nonsense")
    report = sync()
    assert len(report.faults) == 2
    assert Model.objects.get(name=NAME).state == "active"
    shutil.rmtree(catalog / "series" / "forecast_auto")
    assert sync().retired == [NAME]
    assert snapshots._redis().get(ROUTE_KEY.format(model=NAME)) is None
