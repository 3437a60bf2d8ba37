"""Texts in units (words, digits, marks), from which pieces are learned and which are cut into pieces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from zoo.text.case import lower
from zoo.text.normal_form import normal_form_c

# Normalised text holds no control characters, so this one can stand between units without being mistaken.
MARK = "\x1f"
SPACES = r"[\p{Z}\p{Cc}]+"
_ROWS = 16_384  # of a block
# RE2 has no look-ahead: hence marks, and rules that run one after another. None looks beyond its word.
RULES = (
    # An apostrophe goes with what it stands for: it|'s and dog|'s in English, l'|été and qu'|il in French.
    (r"(?i)(\p{L})(['’](?:s|t|d|m|re|ve|ll))\b", rf"\1{MARK}\2{MARK}"),
    (r"(\p{L}['’])(\p{L})", rf"\1{MARK}\2"),
    (
        rf"{MARK}['’]\p{{L}}+{MARK}"
        rf"| ?\p{{L}}[\p{{L}}\p{{M}}]*(?:['’]{MARK})?"
        r"| ?\p{N}"  # digits one by one, so that a number never seen is made of well-known units
        rf"| ?[^\p{{L}}\p{{N}} {MARK}]+",
        rf"{MARK}\0{MARK}",  # not \1: a group slows the search down
    ),
)


def normalise(text: tf.Tensor) -> tf.Tensor:
    """Brings texts that look the same to the same string: one form of accents, single spaces.

    - Bytes that are not UTF-8 become U+FFFD, as in Python's `bytes.decode("utf-8", "replace")`.
    - Each run of white space and control characters (Unicode's Z and Cc) becomes one space; none is left at
      the two ends.
    - Characters are composed to Unicode's normal form C (Unicode Standard Annex 15) of the Unicode version
      of the Python that built the graph: marks are put into canonical order, any number of them, and
      composed with their base; Hangul letters become syllables.

    Case, punctuation and invisible format characters (joiners, direction marks) stay. Normalised text is left
    as it is.

    Args:
        text: strings (batch,).
    """
    return normal_form_c(tf.strings.regex_replace(_spaced(text), "^ | $", ""))


class Split(NamedTuple):
    """Texts in units, normalised: what `Pieces.encode` cuts into pieces.

    Units come again and again, so each is held once. A unit begins with the space that stands before it, and
    so does the first one: the units of a text, joined, are a space and the normalised text.
    """

    units: tf.Tensor
    """Strings (units,): words, single digits, and runs of anything else."""
    texts: tf.RaggedTensor
    """Integers (batch, time): the units that each text is made of; an empty text has none."""

    @classmethod
    def of(cls, text: tf.Tensor, lower_case: bool = False) -> Split:
        """Splits strings (batch,), as an operation of the graph; `lower_case`: puts them into lower case."""
        words, texts = _words(text)
        return _joined(_units(words, lower_case), texts)

    @classmethod
    def of_column(cls, blocks: Iterable[tuple[Any, ...]], lower_case: bool = False) -> Split:
        """Splits the many texts of a whole column, block by block.

        Args:
            blocks: of one column of strings each, (rows,), as `Part.blocks` yields them; or ragged (rows,
                texts), whose texts then follow one another.
            lower_case: whether they are put into lower case.
        """
        numbers: dict[bytes, int] = {}
        values, lengths = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
        for (block,) in blocks:
            words, texts = _words(block.flat_values if isinstance(block, tf.RaggedTensor) else block)
            known = [numbers.setdefault(word, len(numbers)) for word in words.numpy().tolist()]
            values.append(np.array(known, np.int32)[texts.values.numpy()])
            lengths.append(texts.row_lengths().numpy())
        texts = tf.RaggedTensor.from_row_lengths(np.concatenate(values), np.concatenate(lengths))
        words = tf.constant([*numbers], tf.string)
        return _joined(by_blocks(lambda block: _units(block, lower_case), words), texts)

    @property
    def counts(self) -> Counter[bytes]:
        """How often each unit stands in the texts: what `Pieces.learn` takes."""
        counts = np.bincount(self.texts.values.numpy(), minlength=self.units.shape[0])
        return Counter(dict(zip(self.units.numpy().tolist(), counts.tolist(), strict=True)))


def by_blocks(function: Callable[[tf.Tensor], tf.RaggedTensor], strings: tf.Tensor) -> tf.RaggedTensor:
    """Joins what a function makes of strings, of so few at a time that it needs little memory."""
    starts = range(0, max(1, len(strings)), _ROWS)
    return tf.concat([function(strings[start : start + _ROWS]) for start in starts], axis=0)


def _spaced(text: tf.Tensor) -> tf.Tensor:
    text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8", errors="replace")
    return tf.strings.regex_replace(text, SPACES, " ")


def _words(text: tf.Tensor) -> tuple[tf.Tensor, tf.RaggedTensor]:
    """Returns what stands between spaces, each string once, and which of it texts (batch,) are made of."""
    words = tf.strings.split(_spaced(text))
    distinct, rows = tf.unique(words.values)
    return distinct, words.with_values(rows)


def _units(words: tf.Tensor, lower_case: bool) -> tf.RaggedTensor:
    words = normal_form_c(words)
    if lower_case:
        words = normal_form_c(lower(words))
    words = tf.strings.join([" ", words])
    for pattern, replacement in RULES:
        words = tf.strings.regex_replace(words, pattern, replacement)
    units = tf.strings.split(words, MARK)
    return tf.ragged.boolean_mask(units, units.with_values(units.values != ""))


def _joined(units: tf.RaggedTensor, texts: tf.RaggedTensor) -> Split:
    """Makes of units (words, time), and the words of each text, the units of each text."""
    distinct, rows = tf.unique(units.values)
    words = units.with_values(rows)
    return Split(distinct, texts.with_values(tf.gather(words, texts.values)).merge_dims(1, 2))
