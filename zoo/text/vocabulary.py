"""A closed list of words with numbers, kept in a text file that the SavedModel carries along."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import tensorflow as tf

PADDING, UNKNOWN, START = range(3)
_RESERVED = ("<padding>", "<unknown>", "<start>")  # no word splitter yields these: it splits off "<"


class Vocabulary(tf.Module):
    """Numbers words by the lines of a file: 0 padding, 1 unknown, 2 start, then words by frequency.

    Args:
        path: a file that `Vocabulary.write` wrote, or the same file inside a SavedModel.
    """

    def __init__(self, path: str | Path):
        super().__init__()
        self.words = Path(path).read_text(encoding="utf-8").split("\n")[:-1]
        initializer = tf.lookup.TextFileInitializer(
            str(path),
            tf.string,
            tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64,
            tf.lookup.TextFileIndex.LINE_NUMBER,
            vocab_size=len(self.words),
        )
        self._table = tf.lookup.StaticHashTable(initializer, UNKNOWN)

    def __len__(self) -> int:
        return len(self.words)

    def __call__(self, words: tf.Tensor | tf.RaggedTensor) -> tf.Tensor | tf.RaggedTensor:
        """Returns the number of each word, int32, in the shape of `words`."""
        return tf.cast(self._table.lookup(words), tf.int32)

    @staticmethod
    def learn(counts: Counter[bytes], size: int, min_count: int, known: Sequence[str] = ()) -> list[str]:
        """Chooses words: the `known` ones first, then the most frequent of at least `min_count`.

        Args:
            counts: how often each word stands in the training part.
            size: most words, reserved ones included, or most new ones beside those `known`.
            min_count: rarer words are left out, so that training meets the unknown word.
            known: words of a trained vocabulary, reserved ones included, whose numbers must not change.
        """
        chosen = list(known) or list(_RESERVED)
        have = set(chosen)
        # Ties are broken by spelling, so that the order of the data does not matter.
        for word, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            text = word.decode("utf-8")
            if len(chosen) >= len(known) + size or count < min_count:
                break
            if text not in have:
                chosen.append(text)
        return chosen

    @classmethod
    def write(cls, words: Iterable[str], path: Path) -> Vocabulary:
        """Writes one word a line and returns the vocabulary of that file."""
        path.write_text("".join(f"{word}\n" for word in words), encoding="utf-8")
        return cls(path)
