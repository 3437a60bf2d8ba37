"""Numbers that lie where a model has never been: in another unit, say."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

_BESIDE, _FEW = 0.1, 0.1  # of the range that was seen, and of the values that may lie further out


def warn_if_far(
    model: str, values: Sequence[np.ndarray], columns: Sequence[str], seen: Sequence[Sequence[float]]
) -> None:
    """Warns of a column that is mostly far from all that a model was trained on.

    Args:
        model: its name.
        values: arrays (time, columns) that it is given.
        columns: their names.
        seen: the lowest and the highest value of each column in training; none of exports of before that was
            kept.
    """
    for number, (column, (low, high)) in enumerate(zip(columns, seen, strict=False)):
        given = np.concatenate([each[:, number] for each in values] or [np.zeros(0)])
        given = given[~np.isnan(given)]
        beside = np.sum(np.abs(given - (low + high) / 2) > (high - low) / 2 * (1 + 2 * _BESIDE))
        if beside > _FEW * len(given):
            warnings.warn(
                f"{model}: {beside:,} of {len(given):,} values of {column!r} lie far from all that it "
                f"was trained on ({low:g} to {high:g}), and what it says of them may mean nothing; is it the "
                "same thing, in the same unit?",
                stacklevel=5,
            )
