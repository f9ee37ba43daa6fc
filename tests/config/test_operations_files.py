"""The dashboard, the alerts and the runbooks that they name; and how the product is set up for the open net."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from config import supply

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "tessera.json").read_text())
RULES = [rule for group in yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text())["groups"]
         for rule in group["rules"]]
NAME = re.compile(r"\btessera_[a-z_]+")


def expressions() -> list[str]:
    shown = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return shown + [rule["expr"] for rule in RULES]


def anchors(file: Path) -> set[str]:
    """The headings of a page as links name them."""
    heads = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_names_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["summary"].endswith(".")
    page, _, place = rule["annotations"]["runbook"].partition("#")
    assert (ROOT / page).is_file()
    assert not place or place in anchors(ROOT / page)


def test_every_panel_has_a_place_of_its_own() -> None:
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in DASHBOARD["panels"]]
    assert len(set(places)) == len(places)
    assert len({p["id"] for p in DASHBOARD["panels"]}) == len(places)


@pytest.mark.stack
def test_every_metric_that_is_asked_for_is_one_that_the_running_product_shows() -> None:
    port = os.environ.get("TESSERA_PORT") or os.environ["TESSERA_PUBLIC_URL"].rpartition(":")[2]
    shown = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=10)
    assert shown.status_code == 200
    families = dict(re.findall(r"^# TYPE (\S+) (\w+)$", shown.text, re.MULTILINE))
    known = set()
    for name, kind in families.items():
        known |= {f"{name}_bucket", f"{name}_count", f"{name}_sum"} if kind == "histogram" else {name}
    asked = {name for expression in expressions() for name in NAME.findall(expression)}
    assert len(asked) > 8
    assert asked - known == set()


def test_the_bill_of_materials_counts_every_locked_package() -> None:
    found = supply.locked()
    assert found["django"].startswith("5.2")
    assert {"uv", "django-allauth", "tritonclient"} <= set(found)


def test_the_settings_are_those_of_the_open_net() -> None:
    """`check --deploy` has nothing to say where the product's address is https."""
    environment = {**os.environ, "TESSERA_PUBLIC_URL": "https://tessera.example",
                   "TESSERA_ALLOWED_HOSTS": "tessera.example",
                   "TESSERA_SECRET_KEY": "k3J9x_Qm27Lw-8sTzYpVbNcRfGhDaE6uW1oI5tKXyZ0qBvMnHjUl",
                   "TESSERA_TRUSTED_PROXIES": "10.0.0.0/8", "DATABASE_URL": "", "REDIS_URL": "redis://127.0.0.1:1/0"}
    done = subprocess.run([sys.executable, "manage.py", "check", "--deploy", "--fail-level", "INFO"], cwd=ROOT,
                          env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "no issues (0 silenced)" in done.stdout
