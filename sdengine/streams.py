"""Random numbers by address: any (seed, stream, element, member, step) has its own number.

Nothing is drawn in order, so a member's numbers do not depend on which other members, streams
or steps are asked for, nor on chunks or threads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

ROUNDS = 10
MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
WEYL = (0x9E3779B9, 0xBB67AE85)
LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
BLOCK = 16384
"""Counters worked on at once: four words of 8 bytes each then stay in the processor's cache."""


def philox(counter: tuple[NDArray[np.uint64], ...], key: tuple[int, int]) -> None:
    """Replace four arrays of 32-bit counter words, in place, by Philox4x32-10 of them.

    The words are held in uint64, so that a product of two of them fits. Source: Salmon et al.
    (2011), "Parallel random numbers: as easy as 1, 2, 3", section 3.3.
    """
    c0, c1, c2, c3 = counter
    product0, product1 = np.empty_like(c0), np.empty_like(c0)
    k0, k1 = key
    for _ in range(ROUNDS):
        np.multiply(c0, MULTIPLIERS[0], out=product0)
        np.multiply(c2, MULTIPLIERS[1], out=product1)
        np.right_shift(product1, HALF, out=c0)
        c0 ^= c1
        c0 ^= np.uint64(k0)
        np.right_shift(product0, HALF, out=c2)
        c2 ^= c3
        c2 ^= np.uint64(k1)
        np.bitwise_and(product1, LOW, out=c1)
        np.bitwise_and(product0, LOW, out=c3)
        k0, k1 = (k0 + WEYL[0]) & 0xFFFFFFFF, (k1 + WEYL[1]) & 0xFFFFFFFF


@dataclass(frozen=True)
class Stream:
    """The random numbers of one seed and one name.

    >>> Stream(1, "rain").uniform([7]).shape
    (1, 1, 1)
    """

    seed: int
    name: str

    def sub(self, name: str) -> Stream:
        """Return the stream of the same seed that belongs to a part of this one."""
        return Stream(self.seed, f"{self.name}\0{name}")

    @property
    def key(self) -> tuple[int, int]:
        """The stream's two 32-bit Philox keys, a hash that is the same on every machine."""
        text = f"{self.seed}\0{self.name}".encode()
        digest = hashlib.blake2b(text, digest_size=8).digest()
        return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")

    def uniform(
        self, members: ArrayLike, *, steps: int = 1, elements: int = 1, first: int = 0
    ) -> NDArray[np.float64]:
        """Return numbers uniform on the open interval (0, 1), shape (step, element, member).

        ``members`` are member numbers below 2**32 in any order; steps are counted from
        ``first``. Every number is an odd multiple of 2**-53.
        """
        ids = np.asarray(members, dtype=np.uint64)
        start, lead = first // 2, first % 2
        pairs = (first + steps + 1) // 2 - start
        # Two numbers come of one counter: steps 2p and 2p + 1 share the counter p.
        out = np.empty((pairs, 2, elements, ids.size))
        rows = out.transpose(0, 2, 1, 3)
        for pair, element, part in _blocks(pairs, elements, ids.size):
            words = _counters(ids[part], pair.size)
            words[1][:] = element[:, None]
            words[2][:] = (start + pair)[:, None]
            philox(words, self.key)
            rows[pair, element, 0, part] = _to_unit(words[0], words[1])
            rows[pair, element, 1, part] = _to_unit(words[2], words[3])
        return out.reshape(2 * pairs, elements, ids.size)[lead : lead + steps]

    def normal(
        self, members: ArrayLike, *, steps: int = 1, elements: int = 1, first: int = 0
    ) -> NDArray[np.float64]:
        """Return standard normal numbers by the inverse of the distribution; as ``uniform``."""
        from scipy.special import ndtri  # here, as its import takes a tenth of a second

        numbers = self.uniform(members, steps=steps, elements=elements, first=first)
        return ndtri(numbers, out=numbers)


def _blocks(
    pairs: int, elements: int, members: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], slice]]:
    """Yield (pair, element) index arrays and a slice of members, about BLOCK counters at once."""
    width = min(max(members, 1), BLOCK)
    height = max(1, BLOCK // width)
    for begin in range(0, pairs * elements, height):
        row = np.arange(begin, min(begin + height, pairs * elements))
        for left in range(0, members, width):
            yield row // elements, row % elements, slice(left, left + width)


def _counters(ids: NDArray[np.uint64], rows: int) -> tuple[NDArray[np.uint64], ...]:
    """Return four counter words of shape (rows, member), the member number in the first."""
    words = tuple(np.zeros((rows, ids.size), dtype=np.uint64) for _ in range(4))
    words[0][:] = ids
    return words


def _to_unit(high: NDArray[np.uint64], low: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return (k + 1/2) / 2**52 for the 52 bits k of two words: exact, never 0 and never 1."""
    bits = (high << np.uint64(20)) | (low >> np.uint64(12))
    return (bits + 0.5) * 2.0**-52
