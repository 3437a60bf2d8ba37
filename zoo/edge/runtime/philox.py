"""Random numbers that follow from a seed alone: those that TensorFlow's graphs draw.

Philox 4x32 with 10 rounds (Salmon et al. 2011), which computes them from a counter, and keeps no state.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_BLOCK = 64  # numbers that follow from the seed and the number of their block
_MULTIPLY = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_KEY = (0x3EC8F720, 0x02461E29)  # by which two numbers of 64 bits become a key and a counter
_LOW = 0xFFFFFFFF

Words = tuple[int, int, int, int]


def uniform(seed: int, count: int) -> Iterator[float]:
    """Yields so many numbers from 0 to 1, which it is not, as float32 holds them.

    Args:
        seed: of 64 bits.
        count: of numbers.
    """
    for number in range(count):
        place = number % _BLOCK
        if place == 0:
            key, high = _scrambled(seed, number // _BLOCK)
        if place % 4 == 0:
            words = philox((place // 4, 0, *high), key)
        bits = np.uint32(127 << 23 | words[place % 4] & 0x7FFFFF)
        yield float(bits.view(np.float32) - np.float32(1))


def _scrambled(*seeds: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Returns the key, and the upper half of the counter."""
    first, second = (seed % 2**64 for seed in seeds)
    mixed = philox((first & _LOW, first >> 32, second & _LOW, second >> 32), _KEY)
    return mixed[:2], mixed[2:]


def philox(counter: Words, key: tuple[int, int]) -> Words:
    """Returns the four numbers of 32 bits that belong to a counter and a key."""
    for _ in range(10):
        first, second = (a * b for a, b in zip(_MULTIPLY, counter[::2], strict=True))
        counter = (
            second >> 32 ^ counter[1] ^ key[0],
            second & _LOW,
            first >> 32 ^ counter[3] ^ key[1],
            first & _LOW,
        )
        key = ((key[0] + _WEYL[0]) & _LOW, (key[1] + _WEYL[1]) & _LOW)
    return counter
