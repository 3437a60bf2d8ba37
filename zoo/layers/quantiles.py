"""Quantiles that cannot cross."""

from typing import Any

from keras import ops


def quantiles_in_order(x: Any, middle: int) -> Any:
    """Turns numbers (..., levels) into quantiles that cannot cross: a median, and steps away from it."""
    median, steps = x[..., middle : middle + 1], ops.softplus(x)
    offsets = [ops.zeros_like(median)]
    if middle:
        offsets.insert(0, -ops.flip(ops.cumsum(ops.flip(steps[..., :middle], axis=-1), axis=-1), axis=-1))
    if middle + 1 < x.shape[-1]:
        offsets.append(ops.cumsum(steps[..., middle + 1 :], axis=-1))
    # The median is used once: three gradients are added up in whatever order they are ready, and a training
    # would not come out the same twice.
    return median + ops.concatenate(offsets, axis=-1)
