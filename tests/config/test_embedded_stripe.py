"""Which Stripe an embedded run speaks to: its own sandbox, unless whoever starts it brings a key."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.embedded import state

PORTS = state.Ports(web=8000, grpc=8001, gateway=8002, redis=8003, triton=8100, stripe=8004)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STRIPE_API_KEY", "STRIPE_API_BASE", "STRIPE_WEBHOOK_SECRET"):
        monkeypatch.delenv(name, raising=False)


def test_the_sandbox_is_the_default_and_keeps_its_secrets(tmp_path: Path) -> None:
    first = state.write_run_env(tmp_path, PORTS, "postgresql:///x")
    assert first["STRIPE_API_KEY"].startswith("sk_test_sandbox_")
    assert first["STRIPE_WEBHOOK_SECRET"].startswith("whsec_")
    assert first["STRIPE_API_BASE"] == "http://127.0.0.1:8004"
    second = state.write_run_env(tmp_path, PORTS, "postgresql:///x")
    for name in ("STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET"):
        assert second[name] == first[name]
    assert PORTS.by_variable()["TESSERA_STRIPE_PORT"] == ("127.0.0.1", 8004)


def test_a_key_of_stripes_own_turns_the_sandbox_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state.write_run_env(tmp_path, PORTS, "postgresql:///x")
    monkeypatch.setenv("STRIPE_API_KEY", "sk_test_mine")
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", "whsec_mine")
    assert state.brings_own_stripe()
    values = state.write_run_env(tmp_path, PORTS, "postgresql:///x")
    assert (values["STRIPE_API_KEY"], values["STRIPE_API_BASE"], values["STRIPE_WEBHOOK_SECRET"]) == (
        "sk_test_mine", "", "whsec_mine")
    assert "TESSERA_STRIPE_PORT" not in PORTS.by_variable()
    monkeypatch.delenv("STRIPE_API_KEY")
    after = state.write_run_env(tmp_path, PORTS, "postgresql:///x")
    assert after["STRIPE_API_KEY"].startswith("sk_test_sandbox_")
    assert after["STRIPE_API_KEY"] != before["STRIPE_API_KEY"]
    assert after["STRIPE_WEBHOOK_SECRET"] not in ("", "whsec_mine")
