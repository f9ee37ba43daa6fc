"""Where payments go: Stripe itself, or a sandbox. Known without importing the library."""

from __future__ import annotations

from urllib.parse import urlsplit

STRIPE_HOST = "api.stripe.com"
LIVE_PREFIXES = ("sk_live_", "rk_live_")


class UnsafeAddress(ValueError):
    """A live key would be shown to somebody who is not Stripe."""


def is_stripe(base: str) -> bool:
    parts = urlsplit(base)
    return parts.scheme == "https" and parts.hostname == STRIPE_HOST


def refuse_live_key_elsewhere(api_key: str, base: str) -> None:
    """Raises UnsafeAddress for a live key together with any address that is not Stripe's."""
    if api_key.startswith(LIVE_PREFIXES) and not is_stripe(base):
        raise UnsafeAddress(f"STRIPE_API_KEY is a live key and STRIPE_API_BASE is {base}: a live key goes to "
                            f"https://{STRIPE_HOST} only")
