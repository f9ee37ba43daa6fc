"""The typed environment: every setting of the product by one name, one type and one default.

A wrong value fails at start and names the variable. `make up` fills the addresses of the embedded services in;
a deployment sets them itself (see docker-compose.yml).
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class InvalidEnvironment(ValueError):
    """A variable that can't be used as it is."""


def text(name: str, default: str) -> str:
    return os.environ.get(name, "") or default


def integer(name: str, default: int) -> int:
    raw = os.environ.get(name, "")
    try:
        return int(raw) if raw else default
    except ValueError:
        raise InvalidEnvironment(f"{name} must be a whole number, not {raw!r}") from None


def flag(name: str, default: bool) -> bool:
    raw = os.environ.get(name, "").lower()
    if raw in ("", "0", "false", "no", "1", "true", "yes"):
        return raw in ("1", "true", "yes") if raw else default
    raise InvalidEnvironment(f"{name} must be 1 or 0, not {raw!r}")


def networks(name: str) -> tuple[str, ...]:
    """Addresses or networks, separated by commas."""
    found = tuple(part.strip() for part in os.environ.get(name, "").split(",") if part.strip())
    for part in found:
        try:
            ipaddress.ip_network(part, strict=False)
        except ValueError:
            raise InvalidEnvironment(f"{name}: {part!r} is no network") from None
    return found


@dataclass(frozen=True, slots=True)
class Environment:
    """All settings. `var` holds every piece of state of an embedded run."""

    var: Path
    debug: bool
    secret_key: str
    key_pepper: str
    host: str
    port: int
    grpc_port: int
    gateway_port: int
    public_url: str
    web_workers: int
    gateway_workers: int
    trusted_proxies: tuple[str, ...]
    allowed_hosts: tuple[str, ...]
    database_url: str
    redis_url: str
    triton_url: str
    triton_grpc_url: str
    triton_admin_secret: str
    triton_infer_secret: str
    triton_repository: Path
    pool_memory_mb: int
    stripe_api_key: str
    stripe_api_base: str
    stripe_webhook_secret: str
    stripe_sandbox_url: str
    smtp_url: str
    hub_mirror: str
    hub_private_hosts: tuple[str, ...]
    hub_max_mb: int
    sign_ups_per_hour: int
    private_identity_providers: bool
    json_logs: bool


def load() -> Environment:
    """Reads the process environment. In an embedded run the addresses and secrets come from `var/run.env`."""
    var = Path(text("TESSERA_VAR", str(ROOT / "var")))
    _read_run_env(var / "run.env")
    _refuse_live_key_elsewhere()
    port = integer("TESSERA_PORT", 8000)
    host = text("TESSERA_HOST", "127.0.0.1")
    return Environment(
        var=var,
        debug=flag("TESSERA_DEBUG", False),
        secret_key=text("TESSERA_SECRET_KEY", ""),
        key_pepper=text("TESSERA_KEY_PEPPER", ""),
        host=host,
        port=port,
        grpc_port=integer("TESSERA_GRPC_PORT", 8001),
        gateway_port=integer("TESSERA_GATEWAY_PORT", 8002),
        public_url=text("TESSERA_PUBLIC_URL", f"http://{host}:{port}"),
        web_workers=integer("TESSERA_WEB_WORKERS", 1),
        gateway_workers=integer("TESSERA_GATEWAY_WORKERS", 1),
        trusted_proxies=networks("TESSERA_TRUSTED_PROXIES"),
        allowed_hosts=tuple(text("TESSERA_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]").split(",")),
        database_url=text("DATABASE_URL", ""),
        redis_url=text("REDIS_URL", ""),
        triton_url=text("TRITON_URL", "127.0.0.1:8100"),
        triton_grpc_url=text("TRITON_GRPC_URL", "127.0.0.1:8101"),
        triton_admin_secret=text("TRITON_ADMIN_SECRET", ""),
        triton_infer_secret=text("TRITON_INFER_SECRET", ""),
        triton_repository=Path(text("TRITON_REPOSITORY", str(var / "models"))),
        pool_memory_mb=integer("TESSERA_POOL_MEMORY_MB", 0),  # 0: a quarter of the machine, at most 2.25 GB
        stripe_api_key=text("STRIPE_API_KEY", ""),
        stripe_api_base=text("STRIPE_API_BASE", "https://api.stripe.com"),
        stripe_webhook_secret=text("STRIPE_WEBHOOK_SECRET", ""),
        stripe_sandbox_url=text("STRIPE_SANDBOX_URL", ""),
        smtp_url=text("TESSERA_SMTP_URL", ""),
        hub_mirror=text("TESSERA_HUB_MIRROR", ""),
        # Hosts of a mirror inside, whose addresses need not be public.
        hub_private_hosts=tuple(filter(None, text("TESSERA_HUB_PRIVATE_HOSTS", "").split(","))),
        hub_max_mb=integer("TESSERA_HUB_MAX_MB", 2048),
        sign_ups_per_hour=integer("TESSERA_SIGN_UPS_PER_HOUR", 60),  # of one network address
        # Identity providers on private addresses: for tests, and for houses whose provider is inside their own network.
        private_identity_providers=flag("TESSERA_PRIVATE_IDENTITY_PROVIDERS", False),
        json_logs=flag("TESSERA_JSON_LOGS", False),
    )


def _refuse_live_key_elsewhere() -> None:
    """A key that moves real money is never shown to anybody but Stripe: nothing starts with such a setting."""
    from billing.payment_address import UnsafeAddress, refuse_live_key_elsewhere

    try:
        refuse_live_key_elsewhere(text("STRIPE_API_KEY", ""), text("STRIPE_API_BASE", "https://api.stripe.com"))
    except UnsafeAddress as error:
        raise InvalidEnvironment(str(error)) from None


def _read_run_env(path: Path) -> None:
    """Lets any command (manage.py, a worker, a test) reach a running embedded instance; real variables win."""
    if not path.exists():
        return
    for line in path.read_text().splitlines():
        name, found, value = line.partition("=")
        if found:
            os.environ.setdefault(name, value)
