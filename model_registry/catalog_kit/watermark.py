"""Invisible marks in pictures: bits in the parity of quantised DCT coefficients of 8 × 8 blocks, many times over.

A text of at most MOST_BYTES bytes with its length and a checksum is spread over the blocks in an order that a key
decides. Reading votes over all copies; the checksum says whether the vote can be trusted.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_BYTES = 12
BITS = 8 * (1 + MOST_BYTES + 2)
# Low frequencies that JPEG keeps; two bits a block.
PLACES = ((1, 2), (2, 1))


def pack(text: str) -> NDArray[np.uint8]:
    """The bits of a mark: length, text padded to its full size, checksum. The text has at most MOST_BYTES bytes."""
    data = text.encode()
    body = bytes([len(data)]) + data.ljust(MOST_BYTES, b"\0")
    return np.unpackbits(np.frombuffer(body + (zlib.crc32(body) & 0xFFFF).to_bytes(2, "big"), np.uint8))


def unpack(bits: NDArray[np.uint8]) -> str | None:
    """The text, or None where the checksum does not hold."""
    raw = np.packbits(bits).tobytes()
    body, seal = raw[:-2], int.from_bytes(raw[-2:], "big")
    if zlib.crc32(body) & 0xFFFF != seal or body[0] > MOST_BYTES:
        return None
    try:
        return body[1:1 + body[0]].decode()
    except UnicodeDecodeError:
        return None


def capacity(shape: tuple[int, ...]) -> float:
    """How many copies of a mark a picture of (h, w) holds."""
    return (shape[0] // 8) * (shape[1] // 8) * len(PLACES) / BITS


def spread(count: int, key: int) -> NDArray[Any]:
    """Which bit each of `count` carriers holds."""
    order = np.random.default_rng(key).permutation(count)
    bits = np.empty(count, np.int64)
    bits[order] = np.arange(count) % BITS
    return bits


def blocks(luminance: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 8, 8) blocks of the part of the picture that whole blocks cover."""
    high, wide = (n // 8 * 8 for n in luminance.shape)
    return luminance[:high, :wide].reshape(high // 8, 8, wide // 8, 8).swapaxes(1, 2).reshape(-1, 8, 8)


def transform() -> NDArray[np.float64]:
    """The orthonormal DCT-II matrix of 8 points: D @ block @ D.T."""
    k, n = np.mgrid[:8, :8]
    matrix = np.cos(np.pi * (2 * n + 1) * k / 16) * np.sqrt(2 / 8)
    matrix[0] = np.sqrt(1 / 8)
    return np.asarray(matrix)
