"""Keras's recurrent layers, with the same weights and answers, on loops and kernels of fewer operations."""

from __future__ import annotations

import functools
from typing import Any, Literal

import keras
import tensorflow as tf

from zoo.devices import has_gpu
from zoo.errors import ZooError
from zoo.layers import cudnn, loops


class _Fused(keras.layers.RNN):
    """A base before one of Keras's recurrent layers, whose cell it runs over time.

    Args:
        units: size of the state.
        weight_dropout: share of the recurrent kernel's weights that each batch is learned without, the same
            ones at all of its steps (Merity et al. 2018, section 2). What a state carries is not disturbed,
            as Keras's `recurrent_dropout` does, and the loop stays as fast and the kernel cuDNN's.
        **options: of Keras's layer.

    Raises:
        ZooError: `weight_dropout` beside other activations, or options that this loop does not know.

    Attributes:
        portable: whether its graph takes either way, by the device that it will run on.
        converted: for which converter its graph is: one that knows the kernel as one operation, or one that
            knows Keras's own loop; empty: for none.
    """

    portable = False
    converted: Literal["", "kernel", "loop"] = ""
    equations: loops.Equations
    kernel: cudnn.Mode | None = None  # of cuDNN, if it has one

    def __init__(self, units: int, *, weight_dropout: float = 0.0, **options: Any):
        super().__init__(units, **options)
        if weight_dropout and not self._is_plain():
            raise ZooError(
                "weight_dropout: only beside the activations and options that Keras has by default"
            )
        self.weight_dropout = weight_dropout
        # None drawn where none is needed: it would take the seed that the next layer had before.
        self._weight_seed = keras.random.SeedGenerator() if weight_dropout else None

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {**super().get_config(), "weight_dropout": self.weight_dropout}

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """Returns the last output (batch, units), all outputs (batch, time, units), and the states."""
        keras_s_own = self.converted == "loop" or (self.converted and not self.kernel)
        if keras_s_own or not self._is_plain():
            return super().inner_loop(sequences, initial_state, mask, training)
        named = (self.cell.kernel, self.cell.recurrent_kernel, self.cell.bias)
        weights = loops.Weights(
            *(tf.cast(tf.convert_to_tensor(weight.value), self.compute_dtype) for weight in named)
        )
        if training and self.weight_dropout:
            dropped = keras.random.dropout(
                weights.recurrent_kernel, self.weight_dropout, seed=self._weight_seed
            )
            weights = weights._replace(recurrent_kernel=dropped)
        first = [tf.cast(state, self.compute_dtype) for state in tf.nest.flatten(initial_state)]
        mask = mask[0] if isinstance(mask, list) else mask
        loop = functools.partial(self._loop, training)
        way: cudnn.Way = loop
        if self.kernel and self.use_cudnn:
            kernel = functools.partial(cudnn.run, self.kernel, backwards=self.go_backwards)
            if self.converted:
                way = kernel
            elif self.portable and not tf.executing_eagerly():
                way = functools.partial(cudnn.run_or, kernel, loop)
            elif has_gpu():
                way = kernel
        outputs, *last = way(sequences, mask, weights, first)
        if self.go_backwards:
            outputs = tf.reverse(outputs, [1])
        return last[0], outputs, last

    def _loop(self, training, sequences, mask, weights, first) -> list[tf.Tensor]:
        there = None if mask is None else tf.transpose(mask)[:, :, None]
        loop = loops.Loop(self.equations, there, self.go_backwards)
        run = loop.learn if training else loop.run
        outputs, *last = run(tf.transpose(sequences, (1, 0, 2)), weights, first)
        if there is not None and self.zero_output_for_mask:
            outputs = tf.where(there, outputs, tf.zeros_like(outputs))
        return [tf.transpose(outputs, (1, 0, 2)), *last]

    def _is_plain(self) -> bool:
        """Tells whether the cell computes what the equations say."""
        cell, tanh, sigmoid = self.cell, keras.activations.tanh, keras.activations.sigmoid
        return (
            cell.activation is tanh
            and getattr(cell, "recurrent_activation", sigmoid) is sigmoid
            and getattr(cell, "reset_after", True)
            and cell.use_bias
            and not (cell.dropout or cell.recurrent_dropout or self.unroll)
        )


@keras.saving.register_keras_serializable("zoo")
class LSTM(_Fused, keras.layers.LSTM):
    """`keras.layers.LSTM`."""

    equations = loops.LSTM
    kernel = "lstm"


@keras.saving.register_keras_serializable("zoo")
class GRU(_Fused, keras.layers.GRU):
    """`keras.layers.GRU`."""

    equations = loops.GRU
    kernel = "gru"


@keras.saving.register_keras_serializable("zoo")
class SimpleRNN(_Fused, keras.layers.SimpleRNN):
    """`keras.layers.SimpleRNN`."""

    equations = loops.SIMPLE_RNN
