"""Vectors of words that were made elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from zoo.text.case import lower
from zoo.text.vocabulary import Lines


class Vectors(Lines):
    """Words, in lower case, and a vector for each; training leaves them as they are.

    They are kept as float16, and are an input of a model, beside the number of a word: so a word that
    training never saw is known by its likes. An export carries them along.

    Args:
        words: n of them.
        table: (n, units).
    """

    def __init__(self, words: Sequence[str], table: np.ndarray):
        nothing = np.zeros((1, table.shape[1]))  # for all other words
        self.table = tf.Variable(np.concatenate([table, nothing]).astype(np.float16), trainable=False)
        super().__init__(words)

    @property
    def units(self) -> int:
        """Size of a vector."""
        return int(self.table.shape[1])

    def _make_tables(self, path: str | Path | None) -> None:
        self._numbers = self._table(path, len(self))

    def __call__(self, words: tf.Tensor) -> tf.Tensor:
        """Returns the vectors of words, valid UTF-8 without NUL, (n,): float32 (n, units).

        Upper and lower case are one; a word that has no vector gets zeros.
        """
        return tf.cast(tf.gather(self.table, self._numbers.lookup(lower(words))), tf.float32)
