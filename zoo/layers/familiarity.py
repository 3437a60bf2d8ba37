"""Whether something is like what a model was trained on."""

from typing import Any

import tensorflow as tf


class Familiarity(tf.Module):
    """Tells what lies near the features of training from what does not.

    Features are taken to be drawn from a Gaussian that is wide along a few directions, and alike in all
    others (probabilistic principal components; Tipping and Bishop 1999). What is as far from its middle as
    hardly anything of the validation part is not familiar. `zoo.training.fit_familiarity` finds all of it;
    before, everything is familiar.

    Args:
        size: number of features.
        directions: that have a width of their own.
    """

    def __init__(self, size: int, directions: int = 64):
        super().__init__()
        directions = min(directions, size)

        def unknown(value: float, *shape: int) -> tf.Variable:
            return tf.Variable(tf.fill(shape, value), trainable=False)

        self.middle = unknown(0.0, size)
        self.directions = unknown(0.0, size, directions)
        self.variances = unknown(1.0, directions)
        self.rest = unknown(1.0)  # the variance along every other direction
        self.limit = unknown(float("inf"))

    def distances(self, features: Any) -> tf.Tensor:
        """Returns how far features (n, size) are from the middle, for their directions; squared, (n,)."""
        apart = tf.cast(features, tf.float32) - self.middle
        along = apart @ self.directions
        others = tf.reduce_sum(apart**2, axis=1) - tf.reduce_sum(along**2, axis=1)
        return tf.reduce_sum(along**2 / self.variances, axis=1) + tf.maximum(others, 0.0) / self.rest

    def __call__(self, features: Any) -> tf.Tensor:
        """Tells which features (n, size) are familiar, bool (n,)."""
        return self.distances(features) <= self.limit
