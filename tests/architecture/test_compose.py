"""docker-compose.yml keeps what docs/runbooks/deploy.md promises; no engine is needed to see it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_is_hardened(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["user"].split(":")[0] not in ("0", "root")


def test_the_parts_of_the_product_are_there() -> None:
    parts = {"postgres", "redis", "web", "gateway", "worker", "beat", "prepare", "triton-gpu", "triton-cpu"}
    assert parts <= set(SERVICES)


def test_only_what_people_open_publishes_ports_and_only_on_loopback_unless_told() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"web", "gateway", "stripe-sandbox"}
    assert SERVICES["stripe-sandbox"]["profiles"] == ["sandbox"]
    assert all(":-127.0.0.1:" in port for ports in published.values() for port in ports)


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    secrets = "TESSERA_SECRET_KEY TESSERA_KEY_PEPPER POSTGRES_PASSWORD REDIS_PASSWORD TRITON_ADMIN_SECRET"
    for name in secrets.split():
        assert f"${{{name}:?" in text
        assert f"${{{name}:-" not in text


def test_triton_has_a_gpu_reservation_restricted_apis_and_explicit_control() -> None:
    devices = SERVICES["triton-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert devices == [{"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}]
    for name in ("triton-gpu", "triton-cpu"):
        command = " ".join(SERVICES[name]["command"])
        assert "--model-control-mode=explicit" in command
        assert "--disable-auto-complete-config" in command
        assert command.count("restricted") == 4


def test_every_variable_that_compose_sets_is_one_that_the_product_reads() -> None:
    known = (ROOT / "config" / "env.py").read_text() + "ORT_DISABLE_TELEMETRY"
    for name in SERVICES["web"]["environment"]:
        assert name in known, name
