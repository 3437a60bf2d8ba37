"""Names of what descriptions tell, such as a character's, of which it is made of parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import tensorflow as tf

from zoo.text.vocabulary import Lines, commonest

_APART = "\t"
_NOTHING = _APART  # the first line: a table is never empty


class Glossary(Lines):
    """Says for a name what it stands for.

    Args:
        lines: name and description each, with a tab between them, as `learn` returns them.
    """

    def _make_tables(self, path: str | Path | None) -> None:
        names, told = zip(*(line.split(_APART) for line in self._lines), strict=True)
        self._numbers = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(tf.constant(names), tf.range(len(self), dtype=tf.int64)), -1
        )
        self._told = tf.constant(told)

    def told(self, texts: tf.Tensor) -> tf.Tensor:
        """Returns of texts (batch,) that are names what they stand for; others as they are."""
        numbers = self._numbers.lookup(tf.strings.strip(texts))
        return tf.where(numbers < 0, texts, tf.gather(self._told, tf.maximum(numbers, 0)))

    @staticmethod
    def count(names: Iterable[str], told: Iterable[str]) -> Counter[bytes]:
        """Counts pairs: what `learn` takes."""
        return Counter(_APART.join(pair).encode("utf-8") for pair in zip(names, told, strict=True))

    @staticmethod
    def learn(counts: Counter[bytes], size: int, min_count: int, known: Sequence[str] = ()) -> list[str]:
        """Chooses `size` pairs: the `known` ones first, then the commonest of at least `min_count`."""
        return commonest(counts, size + (not known), min_count, known, (_NOTHING,))
