"""Ranges of settings, as types: a field says itself what it may hold."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from zoo.errors import ZooError


class Range(NamedTuple):
    """What a number may be; `zero_too`: or 0, which then means none.

    Attributes:
        least: the lowest.
        most: the highest; None: there is none.
        zero_too: whether 0 may be, though it lies below.
    """

    least: float
    most: float | None = None
    zero_too: bool = False

    def holds(self, value: float) -> bool:
        """Tells whether a value is in the range; what is no number never is."""
        if self.zero_too and value == 0:
            return True
        return self.least <= value < math.inf and (self.most is None or value <= self.most)

    def __str__(self) -> str:
        least, most = (
            f"{bound:,}" if isinstance(bound, int) else f"{bound:g}" for bound in (self.least, self.most or 0)
        )
        return f"must be at least {least}" + ("" if self.most is None else f" and at most {most}")


class Levels(NamedTuple):
    """What levels of quantiles may be, with the median among them."""

    def holds(self, levels: Sequence[float]) -> bool:
        """Tells whether they may."""
        rise = sorted(set(levels)) == list(levels)
        return rise and 0.5 in levels and 0 < levels[0] <= levels[-1] < 1

    def __str__(self) -> str:
        return "must rise, lie between 0 and 1, and hold 0.5"


_MANY = 1_000_000_000  # more than memory holds, and less than TensorFlow counts
Count = Annotated[int, Range(1, _MANY)]
"""How many of something that cannot be missing."""
Seed = Annotated[int, Range(0, 2**32 - 1)]
"""What random numbers begin with."""
Size = Annotated[int, Range(0, _MANY)]
"""How many of something that can: 0 is none."""
Share = Annotated[float, Range(0, 0.99)]
"""A part of a whole, never all of it."""
Positive = Annotated[float, Range(1e-9)]
"""A number above 0."""
NotNegative = Annotated[float, Range(0)]
"""A number from 0 on."""


def check_ranges(settings: Any) -> None:
    """Checks that every field of a settings dataclass lies in the range of its type.

    Raises:
        ZooError: one does not; the message names its flag.
    """
    hints = get_type_hints(type(settings), include_extras=True)
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        hint, held = hints[field.name], [value]
        if get_origin(hint) is tuple:  # of numbers, each in a range
            hint, held = get_args(hint)[0], list(value)
        for bounds in getattr(hint, "__metadata__", ()):
            if isinstance(bounds, Range | Levels) and not all(map(bounds.holds, held)):
                values = value if isinstance(value, tuple) else (value,)
                flag = f"--{field.name.replace('_', '-')} {' '.join(map(str, values))}"
                raise ZooError(f"{flag}: {bounds}")
