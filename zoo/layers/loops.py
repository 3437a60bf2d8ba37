"""The loop over time of a recurrent layer, short forwards and backwards.

Keras loops over its cells, operation by operation, and has TensorFlow derive the way back: 8 lists of what
each step computed, and 600 operations for two bidirectional layers before anything is learned. Here each cell
says itself what of a step is needed on the way back, and how gradients flow through it; products with weights
whose factors are all known are taken once for all steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

Tensors = Sequence[tf.Tensor]


class Equations(NamedTuple):
    """One step of a cell, and the way back through it.

    Attributes:
        step: W x + b and U h (batch, gates), and the states (batch, units) before, h first -> the states
            behind, and what the way back needs, (batch, units) each.
        back: the loss's gradients with respect to the states behind a step, and what it kept -> those with
            respect to W x + b, to U h, and to the states before, as far as they do not flow through U h.
        kept: how many tensors the way back needs.
    """

    step: Callable[[tf.Tensor, tf.Tensor, Tensors], tuple[Tensors, Tensors]]
    back: Callable[[Tensors, Tensors], tuple[tf.Tensor, tf.Tensor, Tensors]]
    kept: int


def _lstm_step(x: tf.Tensor, u: tf.Tensor, states: Tensors) -> tuple[Tensors, Tensors]:
    _, before = states
    i, f, candidate, o = tf.split(x + u, 4, axis=1)
    i, f, candidate, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(candidate), tf.sigmoid(o)
    c = f * before + i * candidate
    squashed = tf.tanh(c)
    return (o * squashed, c), (i, f, candidate, o, before, squashed)


def _lstm_back(slopes: Tensors, kept: Tensors) -> tuple[tf.Tensor, tf.Tensor, Tensors]:
    of_h, of_c = slopes
    i, f, candidate, o, before, squashed = kept
    of_c += of_h * o * (1 - squashed * squashed)
    of_gates = (
        of_c * candidate * i * (1 - i),
        of_c * before * f * (1 - f),
        of_c * i * (1 - candidate * candidate),
        of_h * squashed * o * (1 - o),
    )
    of_sums = tf.concat(of_gates, axis=1)
    return of_sums, of_sums, (tf.zeros_like(of_h), of_c * f)


def _gru_step(x: tf.Tensor, u: tf.Tensor, states: Tensors) -> tuple[Tensors, Tensors]:
    (before,) = states
    units = before.shape[1]
    z, r = tf.split(tf.sigmoid(x[:, : 2 * units] + u[:, : 2 * units]), 2, axis=1)
    seen = u[:, 2 * units :]
    candidate = tf.tanh(x[:, 2 * units :] + r * seen)
    return (candidate + z * (before - candidate),), (z, r, candidate, seen, before)


def _gru_back(slopes: Tensors, kept: Tensors) -> tuple[tf.Tensor, tf.Tensor, Tensors]:
    (of_h,) = slopes
    z, r, candidate, seen, before = kept
    of_z = of_h * (before - candidate) * z * (1 - z)
    of_candidate = of_h * (1 - z) * (1 - candidate * candidate)
    of_r = of_candidate * seen * r * (1 - r)
    of_x = tf.concat([of_z, of_r, of_candidate], axis=1)
    return of_x, tf.concat([of_z, of_r, of_candidate * r], axis=1), (of_h * z,)


def _simple_step(x: tf.Tensor, u: tf.Tensor, _: Tensors) -> tuple[Tensors, Tensors]:
    h = tf.tanh(x + u)
    return (h,), (h,)


def _simple_back(slopes: Tensors, kept: Tensors) -> tuple[tf.Tensor, tf.Tensor, Tensors]:
    of_sums = slopes[0] * (1 - kept[0] * kept[0])
    return of_sums, of_sums, (tf.zeros_like(of_sums),)


LSTM = Equations(_lstm_step, _lstm_back, kept=6)
GRU = Equations(_gru_step, _gru_back, kept=5)
SIMPLE_RNN = Equations(_simple_step, _simple_back, kept=1)


class Weights(NamedTuple):
    """Weights of a cell, as Keras's layers have them.

    Attributes:
        kernel: W, (features, gates).
        recurrent_kernel: U, (units, gates).
        bias: (gates,); or (2, gates), of which the second is added to U h.
    """

    kernel: tf.Tensor
    recurrent_kernel: tf.Tensor
    bias: tf.Tensor


class Loop(NamedTuple):
    """A loop over time.

    Attributes:
        equations: of a step.
        there: which steps are not masked, bool (time, batch, 1); the others leave the states as they are.
        backwards: whether the last step comes first.
    """

    equations: Equations
    there: tf.Tensor | None
    backwards: bool

    def run(self, inputs: tf.Tensor, weights: Weights, first: Tensors) -> Tensors:
        """Runs through all steps.

        Args:
            inputs: (time, batch, features): time first, so that each step is one piece of memory.
            weights: of the cell.
            first: the states before the first step, (batch, units) each, h first.

        Returns:
            h behind each step, (time, batch, units), in the order of the inputs; and the last states.
        """
        return self._forwards(inputs, weights, first, keeps=False)[0]

    def learn(self, inputs: tf.Tensor, weights: Weights, first: Tensors) -> Tensors:
        """Does the same, for those who will ask for gradients."""

        @tf.custom_gradient
        def run(inputs: tf.Tensor, *parts: tf.Tensor) -> Any:
            weights, first = Weights(*parts[:3]), parts[3:]
            results, kept = self._forwards(inputs, weights, first, keeps=True)

            def gradient(*slopes: tf.Tensor) -> list[tf.Tensor]:
                of_x, of_u, of_first = self._backwards(weights, slopes, kept)
                return [*_of_product(inputs, weights, of_x, of_u, self._before(results[0], first)), *of_first]

            return results, gradient

        return run(inputs, *weights, *first)

    def _forwards(
        self, inputs: tf.Tensor, weights: Weights, first: Tensors, keeps: bool
    ) -> tuple[Tensors, Any]:
        units, gates = weights.recurrent_kernel.shape
        time = tf.shape(inputs)[0]
        bias, recurrent_bias = (
            tf.unstack(weights.bias) if weights.bias.shape.rank == 2 else (weights.bias, None)
        )
        x = tf.reshape(inputs, [-1, inputs.shape[2]])
        x = tf.reshape(tf.nn.bias_add(tf.matmul(x, weights.kernel), bias), [time, -1, gates])
        # Whoever derives the way back from the loop needs an array: the gradient of a slice is as large as x.
        pieces = None if keeps else _array(inputs, time, gates).unstack(x)

        def step(t: tf.Tensor, states: Any, outputs: Any, kept: Any) -> Any:
            u = tf.matmul(states[0], weights.recurrent_kernel)
            if recurrent_bias is not None:
                u = tf.nn.bias_add(u, recurrent_bias)
            piece = tf.gather(x, t) if pieces is None else pieces.read(t)
            new, needed = self.equations.step(piece, u, states)
            if self.there is not None:
                real = tf.gather(self.there, t)
                new = [tf.where(real, *pair) for pair in zip(new, states, strict=True)]
            if keeps:
                kept = kept.write(t, tf.concat(needed, axis=1))
            return t - 1 if self.backwards else t + 1, list(new), outputs.write(t, new[0]), kept

        kept = _array(inputs, time, self.equations.kept * units) if keeps else ()
        start = time - 1 if self.backwards else tf.constant(0)
        loop = (start, list(first), _array(inputs, time, units), kept)
        _, last, outputs, kept = tf.while_loop(lambda t, *_: (t >= 0) & (t < time), step, loop)
        return [outputs.stack(), *last], kept

    def _backwards(
        self, weights: Weights, slopes: Tensors, kept: tf.TensorArray
    ) -> tuple[tf.Tensor, tf.Tensor, Tensors]:
        """Returns the gradients of W x + b and of U h, (time, batch, gates), and of the first states."""
        # Who gathered from them hands sparse ones down.
        of_outputs, *of_last = map(tf.convert_to_tensor, slopes)
        gates = weights.recurrent_kernel.shape[1]
        time = tf.shape(of_outputs)[0]
        # Only a cell with a bias of its own there tells U h from W x + b.
        differ = weights.bias.shape.rank == 2

        def step(t: tf.Tensor, slopes: Any, of_xs: Any, of_us: Any) -> Any:
            slopes = [slopes[0] + tf.gather(of_outputs, t), *slopes[1:]]
            held = []
            if self.there is not None:
                real = tf.gather(self.there, t)
                held = [tf.where(real, tf.zeros_like(slope), slope) for slope in slopes]
                slopes = [slope - stays for slope, stays in zip(slopes, held, strict=True)]
            needed = tf.split(kept.read(t), self.equations.kept, axis=1)
            of_x, of_u, before = self.equations.back(slopes, needed)
            before = [before[0] + tf.matmul(of_u, transposed), *before[1:]]
            if held:
                before = [flows + stays for flows, stays in zip(before, held, strict=True)]
            if differ:
                of_us = of_us.write(t, of_u)
            return t + 1 if self.backwards else t - 1, before, of_xs.write(t, of_x), of_us

        transposed = tf.transpose(weights.recurrent_kernel)
        start = tf.constant(0) if self.backwards else time - 1
        loop = (
            start,
            of_last,
            _array(of_outputs, time, gates),
            _array(of_outputs, time, gates) if differ else (),
        )
        _, of_first, of_xs, of_us = tf.while_loop(lambda t, *_: (t >= 0) & (t < time), step, loop)
        of_x = of_xs.stack()
        return of_x, of_us.stack() if differ else of_x, of_first

    def _before(self, outputs: tf.Tensor, first: Tensors) -> tf.Tensor:
        """Returns h before each step, (time, batch, units)."""
        if self.backwards:
            return tf.concat([outputs[1:], first[0][None]], axis=0)
        return tf.concat([first[0][None], outputs[:-1]], axis=0)


def _of_product(
    inputs: tf.Tensor, weights: Weights, of_x: tf.Tensor, of_u: tf.Tensor, before: tf.Tensor
) -> list[tf.Tensor]:
    """Returns the gradients of inputs and weights, by one product each for all steps."""
    units, gates = weights.recurrent_kernel.shape
    differ = of_u is not of_x
    of_x = tf.reshape(of_x, [-1, gates])
    of_u = tf.reshape(of_u, [-1, gates]) if differ else of_x
    x, before = tf.reshape(inputs, [-1, inputs.shape[2]]), tf.reshape(before, [-1, units])
    of_bias = tf.raw_ops.BiasAddGrad(out_backprop=of_x)
    return [
        tf.reshape(tf.matmul(of_x, weights.kernel, transpose_b=True), tf.shape(inputs)),
        tf.matmul(x, of_x, transpose_a=True),
        tf.matmul(before, of_u, transpose_a=True),
        tf.stack([of_bias, tf.raw_ops.BiasAddGrad(out_backprop=of_u)]) if differ else of_bias,
    ]


def _array(like: tf.Tensor, time: tf.Tensor, size: int) -> tf.TensorArray:
    shape = [like.shape[1], size]
    return tf.TensorArray(like.dtype, time, element_shape=shape, clear_after_read=False)
