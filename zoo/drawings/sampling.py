"""Drawing on, point after point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from zoo.drawings.mixture import Mixture
from zoo.drawings.moves import END, LIFT, UNIT, Pen, features


class Drawn(NamedTuple):
    """Drawings.

    Attributes:
        strokes: (batch, time, 3): x, y, and 1 behind which the pen is lifted; NaN behind the end.
        finished: bool (batch,), whether the pen stopped by itself.
    """

    strokes: tf.Tensor
    finished: tf.Tensor


def draw(
    step: Callable[[tf.Tensor, Any], tuple[tf.Tensor, Any]],
    state: Any,
    pen: Pen,
    most: int,
    temperature: tf.Tensor,
    seeds: tf.Tensor,
) -> Drawn:
    """Draws at random until pens stop.

    Args:
        step: features (batch, 7) and state -> numbers of a `Mixture` (batch, size), and the next state.
        state: nest of tensors (batch, ...) before the first move.
        pen: where the pens of all rows (batch,) are.
        most: points of a drawing.
        temperature: see `Mixture.drawn`, (batch,).
        seeds: int64 (batch,); a row's drawing follows from its own.
    """
    numbers = tf.map_fn(
        lambda seed: tf.random.stateless_uniform([most, 4], tf.stack([seed, 0]), alg="philox"),
        seeds,
        fn_output_signature=tf.TensorSpec([most, 4], tf.float32),
    )

    def follow(t, place, move, at, ended, state, done, points):
        mixture, state = step(features(Pen(place, move, at, ended)), state)
        move, at = Mixture.of(mixture).drawn(temperature, numbers[:, t])
        place += move * UNIT
        lifted = tf.cast(at >= LIFT, tf.float32)
        point = tf.where(done[:, None], float("nan"), tf.concat([place, lifted[:, None]], axis=1))
        return t + 1, place, move, at, ended + lifted, state, done | (at == END), points.write(t, point)

    points = tf.TensorArray(tf.float32, 1, dynamic_size=True, element_shape=[None, 3], clear_after_read=False)
    begin = (tf.constant(0), *pen, state, tf.zeros_like(pen.state, tf.bool))
    shapes = tf.nest.map_structure(lambda value: tf.TensorShape([None, *value.shape[1:]]), begin[1:])
    count, *_, done, points = tf.while_loop(
        lambda t, *variables: (t < most) & tf.reduce_any(~variables[-2]),
        follow,
        # The first step is written here too: of no rows at all there must be an array.
        (*begin, points.write(0, tf.fill([tf.shape(seeds)[0], 3], float("nan")))),
        (tf.TensorShape([]), *shapes, None),
    )
    return Drawn(tf.transpose(points.stack()[: tf.maximum(count, 1)], (1, 0, 2)), done)
