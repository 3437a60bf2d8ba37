"""What no text of training does: begin with some token, or say another one twice in a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from zoo.decoding.common import NEVER


class Habits(NamedTuple):
    """What texts of training do.

    Attributes:
        begins: bool (vocabulary,), which tokens some of them begin with.
        doubles: bool (vocabulary,), which of them stand twice in a row somewhere.
    """

    begins: np.ndarray
    doubles: np.ndarray

    @classmethod
    def of(cls, texts: Any, size: int) -> Habits:
        """Learns them.

        Args:
            texts: `zoo.data.Ragged` numbers (texts, time), each with the end of a text behind it.
            size: of the vocabulary.
        """
        values, splits = np.asarray(texts.values), np.asarray(texts.splits)
        begins, doubles = np.zeros(size, bool), np.zeros(size, bool)
        begins[values[splits[:-1]]] = True
        # The end stands between two texts, and is not followed by itself but by an empty text's.
        alike = np.flatnonzero(values[1:] == values[:-1])
        inside = ~np.isin(alike + 1, splits)
        doubles[values[alike[inside]]] = True
        return cls(begins, doubles)

    @classmethod
    def from_json(cls, stored: Mapping[str, Sequence[int]], size: int) -> Habits:
        """Reads what `to_json` wrote; `size`: of the vocabulary."""
        return cls(*(np.isin(np.arange(size), stored[name]) for name in cls._fields))

    def to_json(self) -> dict[str, list[int]]:
        """Returns the numbers of the tokens, as a manifest holds them."""
        return {name: np.flatnonzero(which).tolist() for name, which in self._asdict().items()}

    def kept(self, log_probabilities: tf.Tensor, latest: tf.Tensor, first: tf.Tensor) -> tf.Tensor:
        """Forbids what they never do.

        Args:
            log_probabilities: of the next token (rows, vocabulary).
            latest: the token before it (rows,).
            first: bool (rows,), whether there is none.
        """
        never = tf.cast(NEVER, log_probabilities.dtype)
        begun = tf.where(first[:, None] & ~tf.constant(self.begins)[None], never, log_probabilities)
        single = ~first & ~tf.gather(tf.constant(self.doubles), tf.maximum(latest, 0))
        again = tf.one_hot(latest, tf.shape(log_probabilities)[1], True, False, dtype=tf.bool)
        return tf.where(single[:, None] & again, never, begun)
