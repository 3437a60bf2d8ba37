"""Batches made within TensorFlow's graph, so that no step of training waits for Python.

`Dataset.from_generator` would be shorter, but it has TensorFlow give memory back to the system after every
step, for the whole process (M_TRIM_THRESHOLD), and taking it again costs up to a third of a step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data.feeds.base import filling
from zoo.devices import CPU, on

if TYPE_CHECKING:
    import tensorflow as tf

_AHEAD = 2  # batches that are ready before they are asked for


def endless(
    draw: Callable[[int], Sequence[np.ndarray]], batch: Callable[..., Any], at_once: int, start: int
) -> tf.data.Dataset:
    """Returns a dataset without end.

    Args:
        draw: number of a block of batches -> arrays that the block's batches are made from. The one thing
            that runs in Python, once a block.
        batch: number of a batch within its block, and the arrays as tensors -> the batch.
        at_once: batches in a block.
        start: number of the first batch.
    """
    import tensorflow as tf

    first, skipped = divmod(start, at_once)
    sample = draw(first)

    def drawn(number: np.int64) -> list[np.ndarray]:
        return list(sample if number == first else draw(int(number)))

    def block(number: tf.Tensor) -> tf.data.Dataset:
        arrays = tf.numpy_function(drawn, [number], [array.dtype for array in sample])
        for tensor, array in zip(arrays, sample, strict=True):
            tensor.set_shape(array.shape)  # blocks are alike
        begin = tf.where(number == first, tf.constant(skipped, tf.int64), 0)
        return tf.data.Dataset.range(begin, at_once).map(lambda step: batch(step, *arrays))

    blocks = tf.data.Dataset.range(first, tf.int64.max).flat_map(block)
    # Keras warns of data that ends unannounced.
    announced = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
    return blocks.apply(announced).prefetch(_AHEAD)


def one_pass(batch: Callable[..., Any], steps: int) -> tf.data.Dataset:
    """Returns a dataset of so many batches.

    Args:
        batch: number of a batch -> the batch.
        steps: how many there are.
    """
    import tensorflow as tf

    return tf.data.Dataset.range(steps).map(batch).prefetch(_AHEAD)


def on_host(array: np.ndarray) -> tf.Tensor:
    """Returns an array as a tensor where the input pipeline runs, on a machine with a GPU as well."""
    import tensorflow as tf

    with on(CPU):
        return tf.constant(array)


def filled(rows: tf.Tensor, replicas: int, weight: float | None) -> tuple[tf.Tensor, tf.Tensor]:
    """Fills the rows of a batch up to a multiple of the devices that share it.

    Args:
        rows: the batch's rows, (n, ...), one at least.
        replicas: how many devices there are.
        weight: of a real row; None: such that the mean over all rows is that of the real ones.

    Returns:
        The places of the real rows and, over and over, of the first one; and their weights, 0 of the latter.
    """
    import tensorflow as tf

    real = tf.shape(rows)[0]
    missing = filling(real, replicas)
    weights = tf.fill([real], weight or tf.cast((real + missing) / real, tf.float32))
    none = tf.zeros([missing])
    return tf.concat([tf.range(real), tf.cast(none, tf.int32)], axis=0), tf.concat([weights, none], axis=0)
