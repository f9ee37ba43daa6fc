"""Outgoing calls to addresses that customers name: resolve once, refuse what is not public, connect to that address."""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import urljoin, urlsplit

# Addresses that `is_global` calls public but that lead back inside: NAT64, 6to4, IPv4-compatible, old site-local.
_INWARD = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "::/96", "fec0::/10")))


class Refused(ValueError):
    """An address that we do not call."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A URL with the one address that it may be reached at."""

    scheme: str
    host: str
    port: int
    path: str
    address: str


def is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        elif any(ip in net for net in _INWARD):
            return False
    return ip.is_global and not ip.is_multicast


def check_form(url: str, *, allow_private: bool = False) -> None:
    """Refuses what the text alone gives away: scheme, credentials, port. Resolves nothing."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("not a URL") from None
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise Refused("only http and https URLs")
    if parts.username is not None or parts.password is not None:
        raise Refused("no credentials in the URL")
    if any(ord(char) <= 32 or ord(char) == 127 for char in url):
        raise Refused("no blanks or control characters in the URL")
    if port not in (None, 80, 443) and not allow_private:
        raise Refused("only ports 80 and 443")


def resolve(url: str, *, allow_private: bool = False) -> Destination:
    """The destination of a URL. Refused when any of its addresses is not public (a name may have good and bad ones)."""
    check_form(url, allow_private=allow_private)
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Refused("the name does not resolve") from None
    addresses = [str(entry[4][0]) for entry in found]
    if not allow_private and not all(is_public(address) for address in addresses):
        raise Refused("the address is not public")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Destination(parts.scheme, host, port, path, addresses[0])


def post(destination: Destination, *, body: bytes, headers: dict[str, str], timeout_s: float) -> int:
    """Posts and answers the status. No redirect, no proxy, the body stays unread. Raises OSError, HTTPException."""
    connection, sock = _connect(destination, timeout_s)
    try:
        connection.request("POST", destination.path, body=body, headers=headers)
        return connection.getresponse().status
    finally:
        sock.close()


def get(url: str, *, max_bytes: int, timeout_s: float, allow_private: bool = False, max_redirects: int = 3) -> bytes:
    """The body behind a URL. Each redirect is checked like the first address; time and size bound all of it together.

    Raises Refused (an address, too many redirects, too large, another status than 200), OSError or HTTPException.
    """
    deadline = time.monotonic() + timeout_s
    for _ in range(max_redirects + 1):
        destination = resolve(url, allow_private=allow_private)
        connection, sock = _connect(destination, _left(deadline))
        try:
            connection.request("GET", destination.path, headers={
                "Accept-Encoding": "identity", "User-Agent": "Tessera-Fetch/1", "Connection": "close"})
            sock.settimeout(_left(deadline))
            answer = connection.getresponse()
            location = answer.getheader("Location")
            if answer.status in (301, 302, 303, 307, 308) and location:
                url = urljoin(url, location)
                continue
            if answer.status != 200:
                raise Refused(f"the address answered {answer.status}")
            return _body(answer, sock, max_bytes, deadline)
        finally:
            sock.close()
    raise Refused("too many redirects")


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer whose body is still to come; the headers of the answers that redirected here come before its own."""

    status: int
    headers: tuple[tuple[str, str], ...]  # names in lower case
    read: Callable[[], bytes]  # the next part; b"" at the end

    def header(self, name: str) -> str:
        """The first of this name on the way; "" where there is none."""
        return next((value for key, value in self.headers if key == name), "")

    def last_header(self, name: str) -> str:
        """The answer's own."""
        return next((value for key, value in reversed(self.headers) if key == name), "")


@contextlib.contextmanager
def stream(url: str, *, headers: Mapping[str, str], timeout_s: float, allowed: Callable[[str], bool],
           private: Callable[[str], bool] = lambda host: False, max_redirects: int = 5) -> Iterator[Stream]:
    """A large body, part by part. Every host on the way must be `allowed`, and only one that is `private` may have an
    address that is not public. `timeout_s` bounds each wait, not the whole.

    Raises Refused, OSError or HTTPException.
    """
    trail: list[tuple[str, str]] = []
    for _ in range(max_redirects + 1):
        check_form(url, allow_private=True)
        host = urlsplit(url).hostname or ""
        if not allowed(host):
            raise Refused(f"{host} is not a host that is fetched from")
        destination = resolve(url, allow_private=private(host))
        connection, sock = _connect(destination, timeout_s)
        try:
            connection.request("GET", destination.path, headers={
                "Accept-Encoding": "identity", "User-Agent": "Tessera-Fetch/1", "Connection": "close", **headers})
            answer = connection.getresponse()
            trail += [(name.lower(), value) for name, value in answer.getheaders()]
            location = answer.getheader("Location")
            if answer.status in (301, 302, 303, 307, 308) and location:
                url = urljoin(url, location)
                continue
            yield Stream(answer.status, tuple(trail), partial(answer.read1, 1 << 18))
            return
        finally:
            sock.close()
    raise Refused("too many redirects")


def _body(answer: http.client.HTTPResponse, sock: socket.socket, max_bytes: int, deadline: float) -> bytes:
    parts, size = [], 0
    while not answer.isclosed():
        sock.settimeout(_left(deadline))
        part = answer.read1(1 << 16)
        if not part:
            break
        size += len(part)
        if size > max_bytes:
            raise Refused(f"the content is larger than {max_bytes} bytes")
        parts.append(part)
    return b"".join(parts)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the address took too long")
    return left


def _connect(destination: Destination, timeout_s: float) -> tuple[http.client.HTTPConnection, socket.socket]:
    sock: socket.socket = socket.create_connection((destination.address, destination.port), timeout=timeout_s)
    try:
        if destination.scheme == "https":
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=destination.host)
    except BaseException:
        sock.close()
        raise
    connection = http.client.HTTPConnection(destination.host, destination.port, timeout=timeout_s)
    connection.sock = sock  # already connected to the address that was checked: the name is not looked up again
    return connection, sock
