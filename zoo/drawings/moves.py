"""Points of strokes as moves of a pen, and back."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

UNIT = 1 / 10
"""Of moves: about how far the points of a stroke are from each other, the drawing's box being 1."""
DOWN, LIFT, END = range(3)
"""What the pen does behind a point: goes on with the stroke, begins another one, or stops."""
FEATURES = 8
"""That a network is told of a pen."""
_MANY = 10  # strokes


class Pen(NamedTuple):
    """Where a pen is.

    Attributes:
        place: x and y, (..., 2), from 0 to 1 within the box.
        move: how it came there, (..., 2), in units.
        state: what it does next, int32 (...): `DOWN`, `LIFT` or `END`.
        strokes: how many it has ended, float32 (...).
    """

    place: tf.Tensor
    move: tf.Tensor
    state: tf.Tensor
    strokes: tf.Tensor


def start(rows: tf.Tensor) -> Pen:
    """Returns pens over the middle of the box, before the first stroke."""
    return Pen(tf.fill([rows, 2], 0.5), tf.zeros([rows, 2]), tf.fill([rows], LIFT), tf.zeros([rows]))


def features(pen: Pen) -> tf.Tensor:
    """Returns what a network is told of pens, (..., 8): the move, the place, the state, the strokes in tens.

    Who writes by hand sees the paper: without the place, small errors of moves would add up unseen.
    """
    strokes = pen.strokes[..., None] / _MANY
    return tf.concat([pen.move, 4 * pen.place - 2, tf.one_hot(pen.state, 3), strokes], axis=-1)


def strokes_of(told: tf.Tensor) -> tf.Tensor:
    """Returns of what a network is told (..., 8) the strokes that the pen has ended, (...)."""
    return told[..., -1] * _MANY


def learned(strokes: tf.RaggedTensor) -> tuple[tf.RaggedTensor, tf.RaggedTensor]:
    """Turns drawings into steps to learn from.

    Args:
        strokes: ragged (batch, time, 3): x, y, and 1 behind which the pen is lifted.

    Returns:
        Features of the pen before each point, ragged (batch, time, 8), and what follows, (batch, time, 5):
        the move to the point, and of the three states there a 1 for the right one.
    """
    flat = strokes.values
    first, last = strokes.row_starts(), strokes.row_limits() - 1
    real = last >= first  # of a drawing of nothing there is neither
    first, last = tf.boolean_mask(first, real), tf.boolean_mask(last, real)
    places = flat[:, :2]
    before = tf.concat([tf.fill([1, 2], 0.5), places[:-1]], axis=0)[: tf.shape(places)[0]]
    before = tf.tensor_scatter_nd_update(before, first[:, None], tf.fill([tf.size(first), 2], 0.5))
    moves = (places - before) / UNIT
    states = tf.where(flat[:, 2] > 0.5, LIFT, DOWN)
    states = tf.tensor_scatter_nd_update(states, last[:, None], tf.fill([tf.size(last)], END))

    lifts = tf.cast(flat[:, 2] > 0.5, tf.float32)
    ended = tf.cumsum(lifts, exclusive=True)
    ended -= tf.repeat(tf.gather(ended, first), tf.boolean_mask(strokes.row_lengths(), real))

    def shifted(values: tf.Tensor, of_first) -> tf.Tensor:
        moved = tf.concat([values[:1], values[:-1]], axis=0)
        return tf.tensor_scatter_nd_update(
            moved, first[:, None], tf.fill([tf.size(first), *values.shape[1:]], of_first)
        )

    pen = Pen(before, shifted(moves, 0.0), shifted(states, LIFT), ended)
    return strokes.with_values(features(pen)), strokes.with_values(
        tf.concat([moves, tf.one_hot(states, 3)], axis=1)
    )


def last(strokes: tf.RaggedTensor) -> Pen:
    """Returns pens (batch,) behind the last points of drawings, ragged (batch, time, 3).

    A drawing of nothing leaves its pen where all begin. Whether one is over is asked anew.
    """
    _, steps = learned(strokes)
    some = strokes.row_lengths() > 0
    ended = tf.reduce_sum(tf.cast(strokes[:, :, 2] > 0.5, tf.float32), axis=1)
    ends = tf.maximum(strokes.row_limits() - 1, 0)
    first = start(tf.cast(strokes.nrows(), tf.int32))
    flat, moves = (tf.pad(values, [[0, 1], [0, 0]]) for values in (strokes.values, steps.values))
    point = tf.gather(flat, ends)
    return Pen(
        tf.where(some[:, None], point[:, :2], first.place),
        tf.where(some[:, None], tf.gather(moves, ends)[:, :2], first.move),
        tf.where(some & (point[:, 2] < 0.5), DOWN, first.state),
        ended,
    )


def given(strokes: tf.Tensor, most: int) -> tf.RaggedTensor:
    """Returns drawings (batch, time, 3), ragged, up to the first NaN and of `most` points at most."""
    real = tf.reduce_all(tf.math.is_finite(strokes), axis=2)
    lengths = tf.reduce_sum(tf.math.cumprod(tf.cast(real, tf.int64), axis=1), axis=1)
    return tf.RaggedTensor.from_tensor(strokes, tf.minimum(lengths, most), row_splits_dtype=tf.int64)


def filled(strokes: tf.RaggedTensor) -> tf.Tensor:
    """Returns drawings (batch, time, 3), NaN behind the end."""
    return strokes.to_tensor(float("nan"), shape=[None, None, 3])
