"""What a language model predicts one of at a time: characters, words, or what classifiers read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import tensorflow as tf

from zoo.text.vocabulary import PADDING, Vocabulary
from zoo.text.words import split_words

Level = Literal["char", "word", "token"]
# In Python what `split` parts in the graph, so that places can be told: line breaks, and words.
WORD = re.compile(r"\r\n?|\n|[^ \t\f\r\n]+")
# Words that nothing need part from those behind them, or before them: white space does already.
_ENDS, _BEGINS = r"((?s:.*)[ \t\f\r\n])?", r"(\n(?s:.*))?"
_UNKNOWN = "<unk>"
_ROWS, _BYTES = 256, 1_000_000  # that are encoded together


class Units(tf.Module):
    """Texts to numbers and back, in the graph.

    A text's characters are its code points; its words are what blanks, tabs and form feeds part, and the line
    breaks between them; a no-break space is part of a word. Line breaks are "\\n"; "\\r\\n" and "\\r" are
    read as one. A line break is also the start symbol: every text begins as if a line had ended before it.
    Its tokens are what `split_words` makes of it, in lower case and without line breaks.
    Characters and words of no number are unknown, and unknown is never written: `decode` shows it as U+FFFD.
    Where the training text itself had its rare words replaced by `<unk>`, as the Penn Treebank has, that is
    what unknown words are read as, and it is not written either.

    Args:
        lines: the units, as `learn` returns them.
        level: `"char"`, `"word"` or `"token"`.
        backwards: whether numbers stand for a text from its end to its start.
    """

    def __init__(self, lines: Sequence[str], level: Level, backwards: bool = False):
        super().__init__()
        self.level, self.backwards, self.vocabulary = level, backwards, Vocabulary(lines)
        words = self.vocabulary.words
        self._unknown = words.index(_UNKNOWN) if _UNKNOWN in words else Vocabulary.UNKNOWN
        self.never = sorted({PADDING, Vocabulary.UNKNOWN, self._unknown})
        """Numbers that are not written: padding, and what stands for unknown."""
        self._written = tf.constant(
            ["", "\N{REPLACEMENT CHARACTER}", "\n", *self.vocabulary.words[Vocabulary.START + 1 :]]
        )

    @classmethod
    def read(cls, path: str | Path, level: Level, backwards: bool = False) -> Units:
        """Reads a file that `write` wrote, or the same file inside a SavedModel."""
        units = cls(Vocabulary.read(path).words, level, backwards)
        units.vocabulary = Vocabulary.read(path)
        return units

    def __len__(self) -> int:
        return len(self.vocabulary)

    def encode(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Returns the numbers of texts (batch,), int32 ragged (batch, time)."""
        units = split(texts, self.level)
        numbers = tf.where(units.values == "\n", Vocabulary.START, self.vocabulary(units.values))
        # Reserved numbers are no words, whatever a text says.
        reserved = (numbers <= Vocabulary.START) & (units.values != "\n")
        return self._turned(units.with_values(tf.where(reserved, self._unknown, numbers)))

    def _turned(self, rows: tf.RaggedTensor) -> tf.RaggedTensor:
        return tf.reverse(rows, [1]) if self.backwards else rows

    def units(self, numbers: tf.Tensor) -> tf.Tensor:
        """Returns characters or words of numbers, in any shape; padding is empty."""
        return tf.gather(self._written, numbers)

    def decode(self, numbers: tf.Tensor) -> tf.Tensor:
        """Returns the texts (batch,) of numbers (batch, time), padding left out."""
        units = tf.RaggedTensor.from_tensor(self.units(numbers), padding="")
        return join(self._turned(units), self.level)

    def follow(self, prompts: tf.Tensor, written: tf.Tensor) -> tf.Tensor:
        """Puts what was written behind prompts, backwards before them, both (batch,); a space parts words.

        Bytes of a prompt that are not UTF-8 become U+FFFD, as which they were read.
        """
        prompts = tf.strings.unicode_transcode(prompts, "UTF-8", "UTF-8")
        first, second = (written, prompts) if self.backwards else (prompts, written)
        if self.level == "char":
            return tf.strings.join([first, second])
        touch = tf.strings.regex_full_match(first, _ENDS) | tf.strings.regex_full_match(second, _BEGINS)
        return tf.strings.join([first, tf.where(touch, "", " "), second])

    learn = Vocabulary.learn

    @staticmethod
    def count(texts: Iterable[tf.Tensor], level: Level) -> Counter[bytes]:
        """Counts the units of blocks of texts (n,), but for line breaks, which have a number in any case.

        Nor for `<unk>`, by which corpora such as the Penn Treebank say that a word was left out: who learned
        it as a word would write it.
        """
        counts: Counter[bytes] = Counter()
        for block in texts:
            units, _, numbers = tf.unique_with_counts(split(block, level).values)
            counts.update(dict(zip(units.numpy().tolist(), numbers.numpy().tolist(), strict=True)))
        for no_word in (b"\n", b"<unk>"):
            del counts[no_word]
        return counts

    def write(self, path: Path) -> None:
        """Writes one unit a line; what is exported from now on reads that file."""
        self.vocabulary.write(path)

    def arrays(self, texts: Iterable[bytes]) -> Iterator[np.ndarray]:
        """Yields the numbers of each text, int32 (time,), encoded a few at a time: they may be long."""
        for block in _blocks(texts):
            numbers = self.encode(tf.constant(block))
            yield from np.split(numbers.values.numpy(), numbers.row_splits.numpy()[1:-1])


def _blocks(texts: Iterable[bytes]) -> Iterator[list[bytes]]:
    block: list[bytes] = []
    for text in texts:
        block.append(text)
        if sum(map(len, block)) > _BYTES or len(block) == _ROWS:
            yield block
            block = []
    if block:
        yield block


def between(level: str, before: str, behind: str) -> str:
    """Returns what `Units.follow` puts between two texts."""
    touch = re.fullmatch(_ENDS, before) or re.fullmatch(_BEGINS, behind)
    return "" if level == "char" or touch else " "


def parted(text: str, level: str) -> list[str]:
    """Returns the units of a text, line breaks as they are written."""
    if level == "char":
        return list(text)
    if level == "word":
        return WORD.findall(text)
    return [token.decode("utf-8") for token in split_words(tf.constant([text]))[0].numpy()]


def split(texts: tf.Tensor, level: Level) -> tf.RaggedTensor:
    """Parts texts (batch,) into units, ragged (batch, time); what is no UTF-8 is U+FFFD."""
    if level == "token":
        return split_words(texts)
    texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8")
    texts = tf.strings.regex_replace(texts, "\r\n?", "\n")
    if level == "char":
        return tf.strings.unicode_split(texts, "UTF-8")
    texts = tf.strings.regex_replace(texts, r"[^\S\n]+", " ")
    texts = tf.strings.regex_replace(texts, " ?\n ?", " \n ")
    # Between line breaks that follow each other stand two spaces.
    words = tf.strings.split(tf.strings.regex_replace(texts, "^ +| +$", ""), " ")
    return tf.ragged.boolean_mask(words, words != "")


def join(units: tf.RaggedTensor, level: Level) -> tf.Tensor:
    """Returns the texts (batch,) of units, ragged (batch, time), that `split` parted; spaces part tokens."""
    if level == "char":
        return tf.strings.reduce_join(units, axis=1)
    return tf.strings.regex_replace(tf.strings.reduce_join(units, axis=1, separator=" "), " ?\n ?", "\n")
