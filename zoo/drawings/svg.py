"""Drawings as pictures that draw themselves: SVG with an animation, written in the graph."""

from __future__ import annotations

import tensorflow as tf

_SIZE = 100  # of the picture's box
_MARGIN = 12  # on each side: a pen may leave the box a little
_HEAD = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-_MARGIN} {-_MARGIN} {_SIZE + 2 * _MARGIN} '
    f'{_SIZE + 2 * _MARGIN}" fill="none" stroke="currentColor" stroke-width="3.5" stroke-linecap="round" '
    'stroke-linejoin="round">'
)
_PATH = '<path pathLength="1" stroke-dasharray="1 1.1" d="M'
_TURN = '"><animate attributeName="stroke-dashoffset" values="1.05;1.05;0" keyTimes="0;'
_PACE = 0.03  # seconds for a point


def as_svg(strokes: tf.Tensor) -> tf.Tensor:
    """Writes drawings as SVG files: each stroke a smooth path, which draws itself when it is its turn.

    Curves pass through all points, with the slope of the line between both neighbours (Catmull and Rom 1974).

    Args:
        strokes: (batch, time, 3): x, y, and 1 behind which the pen is lifted; NaN behind the end.

    Returns:
        Strings (batch,).
    """
    real = tf.reduce_all(tf.math.is_finite(strokes), axis=2)
    points = tf.where(real[..., None], strokes[..., :2] * _SIZE, 0.0)
    lifted = (strokes[..., 2] > 0.5) & real
    begins = real & tf.pad(lifted[:, :-1], [[0, 0], [1, 0]], constant_values=True)
    following = tf.pad(real[:, 1:], [[0, 0], [0, 1]])
    ends = real & (lifted | ~following)
    before = tf.concat([points[:, :1], points[:, :-1]], axis=1)
    behind = tf.concat([points[:, 1:], points[:, -1:]], axis=1)
    slope = (tf.where(ends[..., None], points, behind) - tf.where(begins[..., None], points, before)) / 6
    leaving = tf.concat([points[:, :1], (points + slope)[:, :-1]], axis=1)  # of the point before
    curve = tf.strings.join(["C", _pair(leaving), " ", _pair(points - slope), " ", _pair(points)])
    # A stroke waits for all before it, whose points are numbered in a row.
    numbers = tf.cumsum(tf.ones_like(points[..., 0]), axis=1, exclusive=True)
    strokes_before = tf.reshape(tf.cumsum(tf.cast(tf.reshape(begins, [-1]), tf.int32)), tf.shape(begins))
    firsts = tf.gather(tf.concat([[0.0], tf.boolean_mask(numbers, begins)], axis=0), strokes_before)
    until = numbers + 1
    opened = tf.strings.join([_PATH, _pair(points)])
    dot = tf.where(begins & ends, "h.01", "")  # what has no length shows where a line has round ends
    turn = [_TURN, tf.strings.as_string(firsts / until, precision=3), ';1" dur="',
            tf.strings.as_string(until * _PACE, precision=2), 's" fill="freeze"/></path>']  # fmt: skip
    closed = tf.where(ends, tf.strings.join(turn), "")
    parts = tf.strings.join([tf.where(begins, opened, curve), dot, closed])
    body = tf.strings.reduce_join(tf.where(real, parts, ""), axis=1)
    return tf.strings.join([_HEAD, body, "</svg>"])


def _pair(points: tf.Tensor) -> tf.Tensor:
    """Returns x and y (..., 2) as text."""
    x, y = tf.unstack(tf.strings.as_string(points, precision=1), axis=-1)
    return tf.strings.join([x, " ", y])
