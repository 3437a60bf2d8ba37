"""Numbers as people write them into tables."""

from __future__ import annotations

import re

import numpy as np

BLANK = ("", "na", "nan", "null", "none", "-")
"""What stands, in small letters, where a number is missing."""
LARGEST = float(np.finfo(np.float32).max)
"""That models can be given."""
# Not all that Python reads as one: 1_100 is a code, and an Infinity no observation.
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def number_of(text: str) -> float | None:
    """Returns the number that a text is, which may be larger than `LARGEST`; None: it is none.

    >>> number_of("-1.5e3"), number_of("1_100"), number_of("inf")
    (-1500.0, None, None)
    """
    return float(text) if _NUMBER.fullmatch(text) else None
