"""What a token costs in sequences of 64 to 4,096 steps, in training and in reading, by each cell."""

from __future__ import annotations

import resource
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from zoo import export
from zoo.bench.timing import in_turn, print_table
from zoo.layers import Cell, recurrent

_LENGTHS = (64, 256, 1024, 4096)
_CELLS: tuple[Cell, ...] = ("gru", "lstm")
_FULL_CELLS: tuple[Cell, ...] = ("simple_rnn", "gru", "lstm", "peephole_lstm", "mingru", "minlstm")
_ROWS, _UNITS = 8, 128
_PASSES, _FULL_PASSES = 3, 9


def main(full: bool = False) -> None:
    """Prints microseconds for each token, of one layer, by length.

    Args:
        full: more cells, and more passes.
    """
    print(export.hardware())
    for cell in _FULL_CELLS if full else _CELLS:
        timed = {}
        for length in _LENGTHS:
            learn, read = _steps(cell, length)
            timed[length] = in_turn({"learn": learn, "read": read}, _FULL_PASSES if full else _PASSES)
        rows = [
            [what, *(f"{1e6 * min(timed[length][key]) / (_ROWS * length):.2f}" for length in _LENGTHS)]
            for key, what in (("learn", "forwards and back"), ("read", "forwards"))
        ]
        heading = ["", *(f"{length:,} steps" for length in _LENGTHS)]
        print_table(f"{cell}, {_UNITS} units, {_ROWS} rows: microseconds a token", heading, rows)
    print(f"Most memory of all: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def _steps(cell: Cell, length: int) -> tuple[Callable[[], object], Callable[[], object]]:
    """Returns what takes the gradient of one layer's weights over sequences, and what only reads them."""
    layer = recurrent(cell, _UNITS, return_sequences=True)
    inputs = tf.constant(np.random.default_rng(1).normal(size=(_ROWS, length, _UNITS)), tf.float32)
    layer.build(inputs.shape)

    @tf.function(autograph=False)
    def learn() -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(layer(inputs)))
        return tape.gradient(loss, [weight.value for weight in layer.trainable_weights])

    @tf.function(autograph=False)
    def read() -> tf.Tensor:
        return layer(inputs)

    # Until it is there: a GPU only queues what it is asked.
    return lambda: [each.numpy() for each in learn()], lambda: read().numpy()
