"""LiteLLM's own hook for keys: a table of keys with limits, looked up in memory (cheaper than its database)."""

from litellm.proxy._types import UserAPIKeyAuth

KEYS = {"sk-bench": UserAPIKeyAuth(api_key="sk-bench", user_id="bench", rpm_limit=10_000_000, tpm_limit=10_000_000_000,
                                   max_budget=1e9, models=["m"])}


async def authenticate(request, api_key: str) -> UserAPIKeyAuth:
    if api_key not in KEYS:
        raise PermissionError("unknown key")
    return KEYS[api_key]
