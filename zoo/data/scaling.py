"""Numbers brought to one scale, channel by channel, and gaps marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf


@dataclass(frozen=True)
class Scaling:
    """Mean and standard deviation of each channel, float64 (channels,), over what is not missing."""

    mean: np.ndarray
    spread: np.ndarray

    @classmethod
    def fit(cls, numbers: np.ndarray) -> Scaling:
        """Measures float64 (n, channels); a channel that never changes, or is never seen, is only shifted."""
        seen = np.isfinite(numbers)
        counts = np.maximum(seen.sum(axis=0), 1)
        mean = np.where(seen, numbers, 0).sum(axis=0) / counts
        spread = np.sqrt((np.where(seen, numbers - mean, 0) ** 2).sum(axis=0) / counts)
        return cls(mean, np.where(spread > 1e-9 * np.maximum(np.abs(mean), 1e-30), spread, 1.0))

    def __call__(self, numbers: tf.Tensor) -> tf.Tensor:
        """Returns numbers (..., channels), NaN where one is missing, as float32 (..., 2 * channels).

        The first half is scaled, 0 where a number is missing; the second is 1 there, else 0.
        """
        import tensorflow as tf

        missing = tf.math.is_nan(numbers)
        scaled = (numbers - self.mean) / self.spread
        scaled = tf.where(missing, tf.zeros([], numbers.dtype), scaled)
        return tf.concat([tf.cast(scaled, tf.float32), tf.cast(missing, tf.float32)], axis=-1)
