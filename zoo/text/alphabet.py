"""The symbols that a text is written with, one a character, and the blank of CTC."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import tensorflow as tf

from zoo.text.vocabulary import Lines, commonest, count

_BLANK = "<blank>"  # number 0, which pads too; longer than a character, so that none is it


class Alphabet(Lines):
    """Numbers characters, from 1 on; 0 is the blank, and padding.

    Args:
        symbols: all of them, the blank first, as `learn` returns them.
    """

    def _make_tables(self, path: str | Path | None) -> None:
        self._numbers = self._table(path, 0)
        self._written = tf.constant(["", *self._lines[1:]])

    def encode(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Returns the numbers of texts (batch,), int32 ragged (batch, time); other characters are left out.

        Runs of white space are one space.
        """
        characters = characters_of(texts)
        numbers = characters.with_values(tf.cast(self._numbers.lookup(characters.values), tf.int32))
        return tf.ragged.boolean_mask(numbers, numbers != 0)

    def knows(self, texts: tf.Tensor) -> tf.Tensor:
        """Tells of texts (batch,) whether all of their characters have numbers, bool (batch,)."""
        return characters_of(texts).row_lengths() == self.encode(texts).row_lengths()

    def decode(self, numbers: tf.Tensor) -> tf.Tensor:
        """Returns the texts (...,) of numbers (..., time), padding left out."""
        return tf.strings.reduce_join(tf.gather(self._written, numbers), axis=-1)

    def symbols(self, numbers: tf.Tensor) -> tf.Tensor:
        """Returns the character of each number; of padding the empty one."""
        return tf.gather(self._written, numbers)

    @staticmethod
    def count(blocks: Iterable[tf.Tensor]) -> Counter[bytes]:
        """Counts the characters of texts (n,): what `learn` takes."""
        return count(characters_of(tf.constant(block)).values for block in blocks)

    @staticmethod
    def learn(counts: Counter[bytes], size: int, min_count: int, known: Sequence[str] = ()) -> list[str]:
        """Chooses characters: the `known` ones first, then the commonest of at least `min_count`.

        Args:
            counts: how often each stands in the training part.
            size: most symbols, the blank included, or most new ones beside those `known`.
            min_count: rarer ones are left out.
            known: symbols of a trained model, the blank included, whose numbers must not change.
        """
        return commonest(counts, size, min_count, known, (_BLANK,))


def characters_of(texts: tf.Tensor) -> tf.RaggedTensor:
    """Parts texts (batch,) into characters, ragged (batch, time); what is no UTF-8 is U+FFFD."""
    texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8")
    texts = tf.strings.strip(tf.strings.regex_replace(texts, r"\s+", " "))
    return tf.strings.unicode_split(texts, "UTF-8")
