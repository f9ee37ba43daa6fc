"""Whose word about a caller's address counts: only that of our own proxies."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from inference_backend.gateway.http import Scope


class TrustedProxies:
    """Networks of reverse proxies. Without any, what a client says in X-Forwarded-For is never looked at."""

    def __init__(self, networks: Sequence[str] = ()) -> None:
        """Raises ValueError where a text is no network."""
        self._networks = tuple(ipaddress.ip_network(text, strict=False) for text in networks)

    def caller(self, peer: str, forwarded: str | None) -> str:
        """The address behind the proxies: from the right, the first that isn't one of them."""
        if not forwarded or not self._networks or not self._ours(peer):
            return peer
        for step in reversed(forwarded.split(",")):
            address = step.strip().strip("[]")
            try:
                ipaddress.ip_address(address)
            except ValueError:
                return peer  # what stands left of a broken entry was written by nobody that we know
            peer = address
            if not self._ours(address):
                break
        return peer

    def correct(self, scope: Scope) -> None:
        """Sets the client and the scheme of an ASGI scope to what a trusted proxy says."""
        client = scope.get("client")
        if not self._networks or not client or not self._ours(client[0]):
            return
        headers = dict(scope["headers"])
        scope["client"] = (self.caller(client[0], headers.get(b"x-forwarded-for", b"").decode("latin-1")), 0)
        if (scheme := headers.get(b"x-forwarded-proto", b"").decode("latin-1").strip().lower()) in ("http", "https"):
            scope["scheme"] = scheme

    def _ours(self, text: str) -> bool:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        return any(address in network for network in self._networks)
