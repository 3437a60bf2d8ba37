"""Sound at another number of samples a second."""

from __future__ import annotations

import math

import tensorflow as tf

_CROSSINGS = 16  # of zero that the kernel has on each side: more cut off more sharply
_PASSED = 0.95  # share of the lower of both rates' bands that is left as it is
_BLOCK = 4_096  # samples that are computed together


def resampled(samples: tf.Tensor, rate: tf.Tensor, wanted: int) -> tf.Tensor:
    """Returns the sound that samples are of, at another rate.

    Each new sample is the sum of those around it, weighted by a sinc within a Hann window (Smith 2002): what
    is too high for the lower of both rates is cut off, and beyond both ends there is silence.

    Args:
        samples: float32 (n,).
        rate: samples a second, ().
        wanted: the same of what is returned.

    Returns:
        float32 (ceil(n * wanted / rate),).
    """
    ratio = tf.cast(wanted, tf.float64) / tf.cast(rate, tf.float64)
    count = tf.cast(tf.math.ceil(tf.cast(tf.size(samples), tf.float64) * ratio), tf.int32)

    def changed() -> tf.Tensor:
        band = _PASSED * tf.minimum(tf.constant(1.0, tf.float64), ratio)
        reach = tf.cast(tf.math.ceil(_CROSSINGS / band), tf.int32)
        padded = tf.pad(samples, [[reach, reach + 1]])
        around = tf.range(-reach + 1, reach + 1)

        def block(first: tf.Tensor) -> tf.Tensor:
            numbers = first + tf.range(_BLOCK)
            # In float64: at the end of a minute float32 would know places to a hundredth of a sample only.
            places = tf.cast(tf.minimum(numbers, tf.maximum(count - 1, 0)), tf.float64) / ratio
            left = tf.floor(places)
            apart = tf.cast(around, tf.float64) - (places - left)[:, None]
            weights = _kernel(tf.cast(apart * band, tf.float32)) * tf.cast(band, tf.float32)
            beside = tf.gather(padded, tf.cast(left, tf.int32)[:, None] + around + reach)
            return tf.einsum("nk,nk->n", weights, beside)

        starts = tf.range(0, tf.maximum(count, 1), _BLOCK)
        blocks = tf.map_fn(block, starts, fn_output_signature=tf.TensorSpec([_BLOCK], tf.float32))
        return tf.reshape(blocks, [-1])[:count]

    return tf.cond(tf.equal(tf.cast(rate, tf.float32), float(wanted)), lambda: samples, changed)


def _kernel(places: tf.Tensor) -> tf.Tensor:
    """Returns sinc(x) within a Hann window that ends at the last crossing."""
    angle = math.pi * places
    sinc = tf.where(tf.abs(angle) < 1e-6, 1.0, tf.sin(angle) / tf.where(tf.abs(angle) < 1e-6, 1.0, angle))
    window = 0.5 + 0.5 * tf.cos(angle / _CROSSINGS)
    return tf.where(tf.abs(places) < _CROSSINGS, sinc * window, 0.0)
