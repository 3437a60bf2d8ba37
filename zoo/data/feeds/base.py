"""What a training is fed with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import tensorflow as tf


class Feed(Protocol):
    """Batches of (inputs, targets, weights), in an order that depends on the seed and the step alone."""

    def __len__(self) -> int:
        """Number of rows, units or windows."""

    @property
    def steps(self) -> int:
        """Batches in one pass of training."""

    def shuffled(self, seed: int, start: int = 0) -> tf.data.Dataset:
        """Returns an endless dataset from the batch `start` of the training on."""

    def in_order(self) -> tf.data.Dataset:
        """Returns one pass over everything."""
