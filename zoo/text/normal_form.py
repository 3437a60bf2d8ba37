"""Unicode's normal form C as a graph operation."""

from __future__ import annotations

import functools
import unicodedata
from typing import NamedTuple

import numpy as np
import tensorflow as tf

_LEADING, _VOWEL, _TRAILING = 0x1100, 0x1161, 0x11A7  # where Hangul letters begin; 0x11A7 is none
_SYLLABLE = 0xAC00
_LEADINGS, _VOWELS, _TRAILINGS = 19, 21, 28


class _Tables(NamedTuple):
    """What Python's Unicode database says, sorted for searching; Hangul is left to arithmetic."""

    loose: np.ndarray
    """Code points that may not stay as they are; a text without them is in normal form C."""
    decomposable: np.ndarray
    decomposed: np.ndarray
    """Code points (decomposable, 4) of the full canonical decompositions, padded with zeros."""
    marks: np.ndarray
    classes: np.ndarray
    """Canonical combining classes of the marks; all other characters have class 0."""
    pairs: np.ndarray
    """Two code points in one int64."""
    composites: np.ndarray


def normal_form_c(text: tf.Tensor) -> tf.Tensor:
    """Composes strings to Unicode's normal form C (Unicode Standard Annex 15), which TensorFlow lacks.

    The Unicode version is that of the Python that builds the graph.

    Args:
        text: valid UTF-8 without NUL (batch,).
    """
    codes = tf.strings.unicode_decode(text, "UTF-8")
    # Nearly all text is composed as it comes; finding that out takes far less time than composing.
    loose, _ = _find(_tables().loose, codes.values)
    return tf.cond(
        tf.reduce_any(loose), lambda: tf.strings.unicode_encode(_composed(codes), "UTF-8"), lambda: text
    )


@functools.cache
def _tables() -> _Tables:
    decomposed, classes, pairs = {}, {}, {}
    loose = {*range(_VOWEL, _VOWEL + _VOWELS), *range(_TRAILING, _TRAILING + _TRAILINGS)}
    for code in range(0x110000):
        character = chr(code)
        if unicodedata.combining(character):
            classes[code] = unicodedata.combining(character)
        full = unicodedata.normalize("NFD", character)
        if full == character or 0 <= code - _SYLLABLE < _LEADINGS * _VOWELS * _TRAILINGS:
            continue
        decomposed[code] = [*map(ord, full)]
        if unicodedata.normalize("NFC", character) == character:
            first, second = (int(part, 16) for part in unicodedata.decomposition(character).split())
            pairs[_pair(first, second)] = code
            loose.add(second)
        else:
            loose.add(code)
    widest = max(map(len, decomposed.values()))
    padded = [codes + [0] * (widest - len(codes)) for codes in decomposed.values()]
    composites = sorted(pairs.items())
    return _Tables(
        np.array(sorted({*loose, *classes}), np.int32),
        np.array([*decomposed], np.int32),
        np.array(padded, np.int32),
        np.array([*classes], np.int32),
        np.array([*classes.values()], np.int32),
        np.array([pair for pair, _ in composites], np.int64),
        np.array([composite for _, composite in composites], np.int32),
    )


def _pair(first, second):
    return first * 0x110000 + second


def _find(keys: np.ndarray, wanted: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns which of the wanted values stand among the sorted keys, and where."""
    keys = tf.constant(keys)  # once in the graph, not once for each use
    places = tf.minimum(tf.searchsorted(keys, wanted), tf.size(keys) - 1)
    return tf.gather(keys, places) == wanted, places


def _composed(codes: tf.RaggedTensor) -> tf.RaggedTensor:
    """Brings code points (batch, time), none of them 0, to normal form C."""
    tables = _tables()
    found, places = _find(tables.decomposable, codes.values)
    alone = tf.one_hot(0, tables.decomposed.shape[1], dtype=tf.int32) * codes.values[:, None]
    parts = tf.where(found[:, None], tf.gather(tables.decomposed, places), alone)
    there = parts != 0
    rows = tf.repeat(codes.value_rowids(), tf.math.count_nonzero(there, axis=1))
    values = tf.boolean_mask(parts, there)
    found, places = _find(tables.marks, values)
    classes = tf.where(found, tf.gather(tables.classes, places), 0)
    # Marks go by class within the run that follows a base; classes are below 256.
    runs = tf.cumsum(tf.cast((classes == 0) | _row_starts(rows), tf.int64))
    order = tf.argsort(runs * 256 + tf.cast(classes, tf.int64), stable=True)
    values, classes = tf.gather(values, order), tf.gather(classes, order)
    loop = tf.while_loop(
        lambda values, classes, rows, more: more,
        lambda values, classes, rows, more: _compose_once(values, classes, rows),
        (values, classes, rows, True),
        shape_invariants=(*[tf.TensorShape([None])] * 3, tf.TensorShape([])),
    )
    return tf.RaggedTensor.from_value_rowids(loop[0], loop[2], nrows=codes.nrows())


def _row_starts(rows: tf.Tensor) -> tf.Tensor:
    return tf.concat([tf.ones_like(rows[:1], tf.bool), rows[1:] != rows[:-1]], axis=0)


def _compose_once(values: tf.Tensor, classes: tf.Tensor, rows: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Composes each base with the first of the characters after it that it can take; says whether any did."""
    places = tf.range(tf.size(values))
    row_starts = _row_starts(rows)
    run_starts = (classes == 0) | row_starts
    bases = tf.gather(tf.boolean_mask(places, run_starts), tf.cumsum(tf.cast(run_starts, tf.int32)) - 1)
    before = tf.maximum(places - 1, 0)
    bases = tf.gather(bases, before)
    # A mark is blocked by one of its own class before it, and all else by anything that stands between.
    free = (bases == before) | (tf.gather(classes, before) < classes)
    composite = _composite(tf.gather(values, bases), values)
    able = free & ~row_starts & (tf.gather(classes, bases) == 0) & (composite > 0)
    firsts = tf.math.unsorted_segment_min(tf.where(able, places, tf.size(values)), bases, tf.size(values))
    taken = able & (tf.gather(firsts, bases) == places)
    values = tf.tensor_scatter_nd_update(
        values, tf.boolean_mask(bases, taken)[:, None], tf.boolean_mask(composite, taken)
    )
    kept = (tf.boolean_mask(column, ~taken) for column in (values, classes, rows))
    return *kept, tf.reduce_any(taken)


def _composite(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Returns the characters that two others make, 0 where they make none."""
    tables = _tables()
    found, places = _find(tables.pairs, _pair(tf.cast(first, tf.int64), tf.cast(second, tf.int64)))
    composite = tf.where(found, tf.gather(tables.composites, places), 0)
    leading, vowel = first - _LEADING, second - _VOWEL
    found = (leading >= 0) & (leading < _LEADINGS) & (vowel >= 0) & (vowel < _VOWELS)
    composite = tf.where(found, _SYLLABLE + (leading * _VOWELS + vowel) * _TRAILINGS, composite)
    syllable, trailing = first - _SYLLABLE, second - _TRAILING
    found = (syllable >= 0) & (syllable < _LEADINGS * _VOWELS * _TRAILINGS) & (syllable % _TRAILINGS == 0)
    return tf.where(found & (trailing > 0) & (trailing < _TRAILINGS), first + trailing, composite)
