"""Mixtures of Gaussians in two dimensions (Graves 2013, section 4.1), and the state of a pen beside them."""

from __future__ import annotations

import math
from typing import NamedTuple

import tensorflow as tf

_SMALLEST = -4.0  # logarithm of a deviation: what is drawn straight would be known beyond all measure
_LARGEST = 6.0
_STRAIGHTEST = 0.98  # correlation


class Mixture(NamedTuple):
    """What the next move may be, and the state of the pen behind it.

    Attributes:
        shares: logits of the components, (..., components).
        means: (..., components, 2).
        deviations: natural logarithms, (..., components, 2).
        correlations: (..., components), between -1 and 1.
        states: logits of going on, lifting and stopping, (..., 3).
    """

    shares: tf.Tensor
    means: tf.Tensor
    deviations: tf.Tensor
    correlations: tf.Tensor
    states: tf.Tensor

    @staticmethod
    def size(components: int) -> int:
        """Returns how many numbers a network gives for it."""
        return 6 * components + 3

    @classmethod
    def of(cls, numbers: tf.Tensor) -> Mixture:
        """Reads the numbers of a network, (..., 6 * components + 3)."""
        numbers = tf.cast(numbers, tf.float32)
        shares, x, y, wide, high, correlations = tf.split(numbers[..., :-3], 6, axis=-1)
        deviations = tf.clip_by_value(tf.stack([wide, high], axis=-1), _SMALLEST, _LARGEST)
        return cls(
            shares,
            tf.stack([x, y], axis=-1),
            deviations,
            _STRAIGHTEST * tf.tanh(correlations),
            numbers[..., -3:],
        )

    def log_density(self, moves: tf.Tensor) -> tf.Tensor:
        """Returns the logarithm of the density of moves (..., 2), (...), by whose unit it is measured."""
        x, y = tf.unstack((moves[..., None, :] - self.means) * tf.exp(-self.deviations), axis=-1)
        free = 1 - tf.square(self.correlations)
        distance = (x * x + y * y - 2 * self.correlations * x * y) / free
        scale = tf.reduce_sum(self.deviations, axis=-1) + 0.5 * tf.math.log(free) + math.log(2 * math.pi)
        return tf.reduce_logsumexp(tf.nn.log_softmax(self.shares) - scale - 0.5 * distance, axis=-1)

    def log_probability(self, states: tf.Tensor) -> tf.Tensor:
        """Returns the logarithm of the probability of states, a 1 for each of (..., 3)."""
        return tf.reduce_sum(states * tf.nn.log_softmax(self.states), axis=-1)

    def drawn(self, temperature: tf.Tensor, numbers: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Draws moves (batch, 2) and states (batch,): boldly, or carefully.

        The logits are divided by the temperature, and variances are multiplied by it (Ha and Eck 2017). That
        is Graves's bias (section 5.4), which makes both sharper together: at 0 the most probable component
        stands for its mean.

        Args:
            temperature: of each row, (batch,).
            numbers: at random between 0 and 1, (batch, 4).
        """
        component = _chosen(self.shares, temperature, numbers[:, 0])
        state = _chosen(self.states, temperature, numbers[:, 1])
        mean, deviation, correlation = (
            tf.gather(values, component, batch_dims=1)
            for values in (self.means, self.deviations, self.correlations)
        )
        # Box and Muller 1958
        radius = tf.sqrt(-2 * tf.math.log(tf.maximum(numbers[:, 2], 1e-12)))
        one, two = radius * tf.cos(2 * math.pi * numbers[:, 3]), radius * tf.sin(2 * math.pi * numbers[:, 3])
        free = tf.sqrt(1 - tf.square(correlation))
        noise = tf.stack([one, correlation * one + free * two], axis=-1)
        return mean + noise * tf.exp(deviation) * tf.sqrt(temperature)[:, None], state


def log_probability(numbers: tf.Tensor, steps: tf.Tensor) -> tf.Tensor:
    """Returns the logarithm of the density of moves and the probability of states, (batch, time).

    Args:
        numbers: of a mixture, (batch, time, size).
        steps: moves and states (batch, time, 5), as `learned` gives them; of what is 0 it is 0.
    """
    mixture, moves, states = Mixture.of(numbers), steps[..., :2], steps[..., 2:]
    real = tf.reduce_sum(states, axis=-1)
    return real * mixture.log_density(moves) + mixture.log_probability(states)


def _chosen(logits: tf.Tensor, temperature: tf.Tensor, numbers: tf.Tensor) -> tf.Tensor:
    """Returns which of the logits (batch, n) numbers (batch,) between 0 and 1 fall on, int32."""
    highest = tf.reduce_max(logits, axis=1, keepdims=True)
    weights = tf.exp((logits - highest) / tf.maximum(temperature, 1e-6)[:, None])
    mass = tf.cumsum(weights, axis=1)
    chosen = tf.reduce_sum(tf.cast(mass <= numbers[:, None] * mass[:, -1:], tf.int32), axis=1)
    return tf.minimum(chosen, tf.shape(logits)[1] - 1)
