"""A closed list of words with numbers, kept in a text file that the SavedModel carries along."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import tensorflow as tf

PADDING = 0  # in every inventory
_RESERVED = ("<padding>", "<unknown>", "<start>")  # no word splitter yields these: it splits off "<"


def read_lines(path: str | Path) -> list[str]:
    """Returns the strings of a file that `Lines.write` wrote."""
    return Path(path).read_text(encoding="utf-8").split("\n")[:-1]


class FromFile(tf.lookup.TextFileInitializer):
    """Fills a table from a file of lines, and names it after the file and the lines.

    TensorFlow takes two tables of one process for the same where their names are equal, and names them after
    the file alone: one whose file is written anew with other words would know the old ones.

    Args:
        path: of the file.
        lines: what stands in it.
        *columns: type and column of the key and of the value.
        **settings: as `tf.lookup.TextFileInitializer` takes them.
    """

    def __init__(self, path: str | Path, lines: Sequence[str], *columns: Any, **settings: Any):
        self._digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
        super().__init__(str(path), *columns, vocab_size=len(lines), **settings)

    @property
    def _shared_name(self) -> str:
        return f"{super()._shared_name}_{self._digest}"


class Lines(tf.Module):
    """Strings numbered by their place in a list: in memory, until `write` makes a file of them.

    A SavedModel carries the file along.

    Args:
        lines: the strings.
    """

    def __init__(self, lines: Sequence[str]):
        super().__init__()
        self._lines = tuple(lines)
        self._make_tables(None)

    @classmethod
    def read(cls, path: str | Path, *more: Any) -> Self:
        """Reads a file that `write` wrote, or the same file inside a SavedModel."""
        lines = cls(read_lines(path), *more)
        lines._make_tables(path)
        return lines

    @property
    def lines(self) -> tuple[str, ...]:
        """The strings by their number."""
        return self._lines

    def __len__(self) -> int:
        return len(self._lines)

    def write(self, path: Path) -> None:
        """Writes one string a line; what is exported from now on reads that file."""
        path.write_text("".join(f"{line}\n" for line in self._lines), encoding="utf-8", newline="\n")
        self._make_tables(path)

    def _make_tables(self, path: str | Path | None) -> None:
        """Makes tables that read a file, or without one the lines themselves."""
        raise NotImplementedError

    def _table(
        self, path: str | Path | None, unknown: Any, to_strings: bool = False
    ) -> tf.lookup.StaticHashTable:
        line, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
        sides = [(tf.string, line), (tf.int64, number)]
        (key, key_index), (value, value_index) = sides[::-1] if to_strings else sides
        if path is None:
            columns = [tf.constant(self._lines, tf.string), tf.range(len(self), dtype=tf.int64)]
            initializer = tf.lookup.KeyValueTensorInitializer(*(columns[::-1] if to_strings else columns))
        else:
            initializer = FromFile(path, self._lines, key, key_index, value, value_index)
        return tf.lookup.StaticHashTable(initializer, unknown)


def count(blocks: Iterable[tf.Tensor]) -> Counter[bytes]:
    """Counts the strings of tensors (n,): what `Vocabulary.learn` takes."""
    counts: Counter[bytes] = Counter()
    for block in blocks:
        counts.update(block.numpy().tolist())
    return counts


def commonest(
    counts: Counter[bytes], size: int, min_count: int, known: Sequence[str], reserved: Sequence[str]
) -> list[str]:
    """Chooses strings: see `Vocabulary.learn`. Where none are `known`, the `reserved` ones come first."""
    chosen = list(known) or list(reserved)
    have = set(chosen)
    # Ties are broken by spelling, so that the order of the data does not matter.
    for string, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        text = string.decode("utf-8")
        if len(chosen) >= len(known) + size or count < min_count:
            break
        if text not in have:
            chosen.append(text)
    return chosen


class Vocabulary(Lines):
    """Numbers words: 0 padding, 1 unknown, 2 start, then words by frequency.

    Args:
        words: all of them, reserved ones included, as `learn` returns them.
    """

    UNKNOWN, START = 1, 2

    @property
    def words(self) -> list[str]:
        """The words by their number."""
        return list(self._lines)

    def _make_tables(self, path: str | Path | None) -> None:
        self._numbers = self._table(path, self.UNKNOWN)

    def __call__(self, words: tf.Tensor | tf.RaggedTensor) -> tf.Tensor | tf.RaggedTensor:
        """Returns the number of each word, int32, in the shape of `words`."""
        return tf.cast(self._numbers.lookup(words), tf.int32)

    @staticmethod
    def learn(counts: Counter[bytes], size: int, min_count: int, known: Sequence[str] = ()) -> list[str]:
        """Chooses words: the `known` ones first, then the most frequent of at least `min_count`.

        Args:
            counts: how often each word stands in the training part.
            size: most words, reserved ones included, or most new ones beside those `known`.
            min_count: rarer words are left out, so that training meets the unknown word.
            known: words of a trained vocabulary, reserved ones included, whose numbers must not change.
        """
        return commonest(counts, size, min_count, known, _RESERVED)
