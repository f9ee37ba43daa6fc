"""Lists of addresses that something may be used from. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from kernel.problems import FieldError, Problem

# A list that no client's address is in: what stays when two lists have nothing in common.
NOWHERE = "255.255.255.255/32"
LIMIT = 50

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def canonical(texts: Iterable[str]) -> list[str]:
    """Addresses and networks in one form (``203.0.113.7/32``); Problem validation_error where one is neither."""
    found, faults = [], []
    for index, text in enumerate(texts):
        try:
            found.append(str(ipaddress.ip_network(text.strip(), strict=False)))
        except ValueError:
            faults.append(FieldError(f"/allowed_ips/{index}", "an IP address or a network such as 203.0.113.0/24"))
    if len(found) > LIMIT:
        faults.append(FieldError("/allowed_ips", f"at most {LIMIT}"))
    if faults:
        raise Problem("validation_error", faults[0].detail, errors=faults)
    return list(dict.fromkeys(found))


def within(address: str, networks: Sequence[str]) -> bool:
    """Whether an address is in one of these; an empty list holds every address."""
    if not networks:
        return True
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return any(ip in ipaddress.ip_network(network, strict=False) for network in networks)


def both(first: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
    """The networks that lie in both lists, where an empty list is everywhere; (NOWHERE,) where none does."""
    if not first or not second:
        return tuple(first or second)
    ones, others = [ipaddress.ip_network(n) for n in first], [ipaddress.ip_network(n) for n in second]
    found = {str(_smaller(a, b)) for a in ones for b in others if a.version == b.version and a.overlaps(b)}
    return tuple(sorted(found)) or (NOWHERE,)


def _smaller(a: Network, b: Network) -> Network:
    """Of two networks that overlap, the one inside the other."""
    return a if a.prefixlen >= b.prefixlen else b
