"""How much of a text is read, and how large padded outputs become: time and memory stay bounded."""

from __future__ import annotations

import tensorflow as tf

MOST_STEPS = 200_000
"""Tokens, characters or words that are read of one text."""
MOST_SHOWN = 10_000
"""The same where every step is shown, or leans on the one before it and nothing can be run side by side."""
_BYTES = 2**29  # of a signature's padded outputs, all rows together


def cut(rows: tf.RaggedTensor, most: int | tf.Tensor | None = None) -> tuple[tf.RaggedTensor, tf.Tensor]:
    """Returns the first steps of ragged rows (batch, time), and whether there were more, bool (batch,).

    Args:
        rows: texts.
        most: how many steps; None: `MOST_STEPS`.
    """
    most = MOST_STEPS if most is None else most
    return rows[:, :most], rows.row_lengths() > tf.cast(most, tf.int64)


def columns(batch: tf.Tensor | int, each: int = 64) -> tf.Tensor:
    """Returns how many steps the padded outputs of so many rows may have, int64 (), one at least.

    Args:
        batch: rows.
        each: bytes of all outputs at a step; of a token, its tag, score and place 64: 8 million steps in all.
    """
    return tf.maximum(tf.cast(1, tf.int64), _BYTES // (each * tf.maximum(tf.cast(batch, tf.int64), 1)))
