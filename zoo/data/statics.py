"""What is said of a series as a whole, as numbers that a network reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf


@dataclass(frozen=True)
class Statics:
    """Categories: the name of a series, and others that it shares with some.

    Attributes:
        values: of each column, those that were seen.
    """

    values: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, rows: Sequence[Sequence[str]]) -> Statics:
        """Takes in what is said of each series of training."""
        return cls(tuple(tuple(sorted(set(column))) for column in zip(*rows, strict=True)))

    @property
    def size(self) -> int:
        """How many numbers a series has."""
        return sum(map(len, self.values))

    def encode(self, rows: tf.Tensor) -> tf.Tensor:
        """Returns 1 where a category is that of the row, of strings (batch, columns), float32 (batch, size).

        One that was never seen is none.
        """
        import tensorflow as tf

        if not self.values:
            return tf.zeros([len(rows), 0])
        rows = tf.convert_to_tensor(rows, tf.string)
        columns = [rows[:, i, None] == tf.constant(values) for i, values in enumerate(self.values)]
        return tf.cast(tf.concat(columns, axis=1), tf.float32)
