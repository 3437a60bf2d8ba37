"""What a training is fed with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import tensorflow as tf


def filling(rows: Any, replicas: int) -> Any:
    """Returns how many rows a batch lacks to a multiple of the devices that share it; of tensors a tensor."""
    return -rows % replicas


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
