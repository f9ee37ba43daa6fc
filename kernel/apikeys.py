"""The form of an API key: minted from the system's randomness, checked offline, stored only as a keyed hash.

``tsr_live_`` or ``tsr_test_``, 30 random base62 characters (178 bits), 6 base62 characters of CRC-32 over all that
stands before them. The checksum lets the gateway and secret scanners drop a mistyped key without a look-up.
"""

from __future__ import annotations

import hmac
import re
import secrets
import zlib
from typing import Literal, cast

Mode = Literal["live", "test"]

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RANDOM_LENGTH = 30
CHECKSUM_LENGTH = 6
KEY_PATTERN = re.compile(r"tsr_(live|test)_[0-9A-Za-z]{36}")


def mint(mode: Mode) -> str:
    """A new key. Show it once; keep only its hash."""
    body = f"tsr_{mode}_" + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH))
    return body + checksum(body)


def checksum(body: str) -> str:
    """Six base62 characters over everything before them."""
    value = zlib.crc32(body.encode("ascii"))
    digits = []
    for _ in range(CHECKSUM_LENGTH):
        value, digit = divmod(value, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def well_formed(key: str) -> bool:
    """Whether `key` has the form and the checksum of a key; says nothing about whether it exists."""
    if KEY_PATTERN.fullmatch(key) is None:
        return False
    return hmac.compare_digest(checksum(key[:-CHECKSUM_LENGTH]), key[-CHECKSUM_LENGTH:])


def mode_of(key: str) -> Mode:
    """The mode that a well-formed key is for."""
    match = KEY_PATTERN.fullmatch(key)
    if match is None:
        raise ValueError("not an API key")
    return cast(Mode, match[1])


def hash_key(key: str, pepper: str) -> str:
    """Hex HMAC-SHA256 of the key under the pepper: what is stored and looked up."""
    return hmac.digest(pepper.encode(), key.encode(), "sha256").hex()
