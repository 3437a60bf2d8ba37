"""Quantiles that cannot cross."""

from typing import Any

from keras import ops


def quantiles_in_order(x: Any, middle: int) -> Any:
    """Turns numbers (..., levels) into quantiles that cannot cross: a median, and steps away from it."""
    median, steps = x[..., middle : middle + 1], ops.softplus(x)
    parts = [median]
    if middle:
        below = ops.flip(ops.cumsum(ops.flip(steps[..., :middle], axis=-1), axis=-1), axis=-1)
        parts.insert(0, median - below)
    if middle + 1 < x.shape[-1]:
        parts.append(median + ops.cumsum(steps[..., middle + 1 :], axis=-1))
    return ops.concatenate(parts, axis=-1)
