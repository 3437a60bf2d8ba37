"""What is behind things that move: plain colours and skies, and patterns that no training has."""

import numpy as np


def plain(random: np.random.Generator, size: int) -> np.ndarray:
    """Draws one colour, one that fades into another, or sky over ground: uint8 (size, size, 3)."""
    first, second = random.uniform(90, 255, (2, 3))
    kind = random.integers(3)
    share = np.linspace(0, 1, size)
    if kind == 0:
        share = np.zeros(size)
    elif kind == 1:
        share = (share > random.uniform(0.5, 0.85)).astype(float)
    rows = first + share[:, None] * (second - first)
    return np.broadcast_to(np.rint(rows)[:, None], (size, size, 3)).astype(np.uint8)


def patterned(random: np.random.Generator, size: int) -> np.ndarray:
    """Draws stripes, checks or clouds of two colours: uint8 (size, size, 3)."""
    first, second = random.uniform(90, 255, (2, 3))
    y, x = np.mgrid[:size, :size] // random.integers(3, 8)
    kind = random.integers(3)
    if kind == 0:
        share = ((x + y * random.integers(0, 2)) % 2).astype(float)
    elif kind == 1:
        share = ((x % 2) ^ (y % 2)).astype(float)
    else:
        share = random.random((-(-size // 6),) * 2).repeat(6, 0).repeat(6, 1)[:size, :size]
    return np.rint(first + share[..., None] * (second - first)).astype(np.uint8)
