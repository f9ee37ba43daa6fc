"""The state of an embedded run: one folder with secrets and addresses in `run.env`, made once and kept."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from config.env import ROOT, integer


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the services listen, all on loopback."""

    web: int
    grpc: int
    gateway: int
    redis: int
    triton: int  # HTTP; gRPC and metrics take the next two
    stripe: int = 8004  # the sandbox Stripe; unused where a key of Stripe's is set

    @classmethod
    def from_environment(cls) -> Ports:
        return cls(
            web=integer("TESSERA_PORT", 8000), grpc=integer("TESSERA_GRPC_PORT", 8001),
            gateway=integer("TESSERA_GATEWAY_PORT", 8002), redis=integer("TESSERA_REDIS_PORT", 8003),
            triton=integer("TESSERA_TRITON_PORT", 8100),
            stripe=integer("TESSERA_STRIPE_PORT", integer("TESSERA_REDIS_PORT", 8003) + 1),
        )

    def by_variable(self) -> dict[str, tuple[str, int]]:
        loopback = "127.0.0.1"
        host = os.environ.get("TESSERA_HOST", loopback)
        return {
            "TESSERA_PORT": (host, self.web), "TESSERA_GRPC_PORT": (loopback, self.grpc),
            "TESSERA_GATEWAY_PORT": (loopback, self.gateway), "TESSERA_REDIS_PORT": (loopback, self.redis),
            "TESSERA_TRITON_PORT": (loopback, self.triton),
            **({} if brings_own_stripe() else {"TESSERA_STRIPE_PORT": (host, self.stripe)}),
        }


SANDBOX_KEY = "sk_test_sandbox_"  # what our own sandbox's keys begin with
SECRETS = ("TESSERA_SECRET_KEY", "TESSERA_KEY_PEPPER", "TRITON_ADMIN_SECRET", "TRITON_INFER_SECRET", "REDIS_PASSWORD")


def write_run_env(var: Path, ports: Ports, database_url: str) -> dict[str, str]:
    """Writes `run.env` (mode 600) and returns it. Secrets survive from run to run; addresses follow the ports."""
    path = var / "run.env"
    values = read_run_env(path)
    for name in SECRETS:
        values.setdefault(name, os.environ.get(name) or secrets.token_urlsafe(36))
    values |= {
        "DATABASE_URL": database_url,
        "REDIS_URL": f"redis://:{values['REDIS_PASSWORD']}@127.0.0.1:{ports.redis}/0",
        "TRITON_URL": f"127.0.0.1:{ports.triton}",
        "TRITON_GRPC_URL": f"127.0.0.1:{ports.triton + 1}",
        "TESSERA_PORT": str(ports.web),
        "TESSERA_GRPC_PORT": str(ports.grpc),
        "TESSERA_GATEWAY_PORT": str(ports.gateway),
        "TESSERA_NETS": os.environ.get("TESSERA_NETS") or str(var / "nets"),
        "TESSERA_SCHEMA_CACHE": os.environ.get("TESSERA_SCHEMA_CACHE") or str(ROOT / "var" / "schema"),
        "ORT_DISABLE_TELEMETRY": "1",
    }
    values |= _payments(values, ports)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in sorted(values.items()))
    return values


def brings_own_stripe() -> bool:
    """Whether whoever starts the product set a key of Stripe's own; then the sandbox stays off."""
    key = os.environ.get("STRIPE_API_KEY", "")
    return bool(key) and not key.startswith(SANDBOX_KEY)


def _payments(kept: dict[str, str], ports: Ports) -> dict[str, str]:
    if brings_own_stripe():
        names = ("STRIPE_API_KEY", "STRIPE_API_BASE", "STRIPE_WEBHOOK_SECRET")
        return {name: os.environ.get(name, "") for name in names}
    key = kept.get("STRIPE_API_KEY", "")
    if not key.startswith(SANDBOX_KEY):
        key, kept["STRIPE_WEBHOOK_SECRET"] = SANDBOX_KEY + secrets.token_hex(12), ""
    return {
        "STRIPE_API_KEY": key,
        "STRIPE_WEBHOOK_SECRET": kept.get("STRIPE_WEBHOOK_SECRET") or f"whsec_{secrets.token_hex(16)}",
        "STRIPE_API_BASE": f"http://127.0.0.1:{ports.stripe}",
        "TESSERA_STRIPE_PORT": str(ports.stripe),
    }


def read_run_env(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    pairs = (line.partition("=") for line in path.read_text().splitlines())
    return {name: value for name, found, value in pairs if found}


def code_cache() -> dict[str, str]:
    """Where the caller's shell forbids Python to keep compiled code in the tree, the processes keep it beside: each of
    them imports a thousand modules."""
    if not os.environ.get("PYTHONDONTWRITEBYTECODE"):
        return {}
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(ROOT / "var" / "pycache")}
