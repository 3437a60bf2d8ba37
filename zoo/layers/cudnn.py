"""cuDNN's fused kernels for whole sequences, with the weights of Keras's layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import tensorflow as tf

from zoo.layers.loops import Tensors, Weights

Mode = Literal["lstm", "gru"]
Way = Callable[..., Tensors]


def run(
    mode: Mode,
    inputs: tf.Tensor,
    mask: tf.Tensor | None,
    weights: Weights,
    first: Tensors,
    backwards: bool,
) -> list[tf.Tensor]:
    """Runs through all steps of rows that are padded on the right.

    Keras does it too, but packs the weights by 40 operations, and stops for an assertion about the mask.

    Args:
        mode: kind of the cell.
        inputs: (batch, time, features).
        mask: which steps are there, bool (batch, time); None: all. A row that is padded elsewhere, or that
            has no step at all, is nothing that the kernels can read: all of it becomes NaN.
        weights: of the cell.
        first: the states before the first step, (batch, units) each, h first.
        backwards: whether the last step of each row comes first.

    Returns:
        h behind each step, (batch, time, units), in the order of the inputs, and 0 where rows are padded; and
        the last states.
    """

    lengths, first_h = readable(tf.ones(tf.shape(inputs)[:2], tf.bool) if mask is None else mask, first[0])

    def turned(steps: tf.Tensor) -> tf.Tensor:
        return tf.reverse_sequence(steps, lengths, seq_axis=1, batch_axis=0) if backwards else steps

    outputs, h, c, _, _ = tf.raw_ops.CudnnRNNV3(
        input=turned(inputs),
        input_h=first_h[:, None],
        input_c=first[1][:, None] if mode == "lstm" else tf.zeros([], inputs.dtype),
        params=packed(mode, weights),
        is_training=True,
        rnn_mode=mode,
        sequence_lengths=lengths,
        time_major=False,
    )
    return [turned(outputs), h[:, 0], *([c[:, 0]] if mode == "lstm" else [])]


def run_or(
    kernel: Way, loop: Way, inputs: tf.Tensor, mask: tf.Tensor | None, weights: Weights, first: Tensors
) -> list[tf.Tensor]:
    """Runs as `run` does on a GPU, and by a loop elsewhere, in a graph that was not told where it will run.

    An operation says so, which knows the device it was placed on. Rows that the kernels cannot read take the
    loop, and so does nothing at all.

    Args:
        kernel: `run`, but for the arguments that are here.
        loop: takes what the kernel takes, and gives the same.
        inputs, mask, weights, first: see `run`.

    Returns:
        As `run`.
    """
    on_gpu = tf.equal(tf.raw_ops.DeviceIndex(device_names=["GPU"]), 0) & (tf.size(inputs) > 0)
    if mask is not None:
        on_gpu &= tf.reduce_all(_fits(mask, _lengths(mask)))
    given = [inputs, *weights, *first, *([] if mask is None else [mask])]

    def sealed(*tensors: tf.Tensor) -> Tensors:
        inputs, *others = tensors
        there = None if mask is None else others.pop()
        return kernel(inputs, there, Weights(*others[:3]), others[3:])

    # Outside of the condition, inside of which TensorFlow would simplify it less. Where the kernel works one
    # step is left to it: of none at all it could not say of what shape their list is.
    steps = tf.where(on_gpu, 1, tf.shape(inputs)[1])
    looped = list(loop(inputs[:, :steps], None if mask is None else mask[:, :steps], weights, first))
    return tf.cond(on_gpu, lambda: _sealed(sealed, given), lambda: looped)


def _sealed(function: Way, given: Tensors) -> list[tf.Tensor]:
    """Calls a function of which this machine may lack kernels, as long as it is not run.

    Other calls and conditions are taken apart before operations are placed, which wants a kernel for each.
    """
    specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in given]
    branch = tf.function(function, autograph=False).get_concrete_function(*specs)
    branch.add_to_graph(tf.compat.v1.get_default_graph())
    return tf.raw_ops.Case(
        branch_index=0,
        input=given,
        Tout=[output.dtype for output in branch.outputs],
        branches=[branch],
        output_shapes=[output.shape for output in branch.outputs],
    )


def readable(mask: tf.Tensor, first: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the lengths of rows, int32 (batch,), and their first states, NaN where the kernels cannot read.

    Args:
        mask: bool (batch, time).
        first: (batch, units).
    """
    lengths = _lengths(mask)
    return lengths, tf.where(_fits(mask, lengths)[:, None], first, tf.constant(float("nan"), first.dtype))


def _lengths(mask: tf.Tensor) -> tf.Tensor:
    return tf.maximum(tf.reduce_sum(tf.cast(mask, tf.int32), axis=1), 1)


def _fits(mask: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    return tf.reduce_all(tf.sequence_mask(lengths, tf.shape(mask)[1]) == mask, axis=1)


def packed(mode: Mode, weights: Weights) -> tf.Tensor:
    """Returns the weights as one vector, as cuDNN wants them: row by row, gate after gate."""
    kernel, recurrent_kernel, bias = (tf.transpose(weight) for weight in weights)
    if mode == "gru":  # whose reset gate comes first there, before the update gate
        kernel, recurrent_kernel = _second_first(kernel), _second_first(recurrent_kernel)
        biases = [tf.reshape(tf.transpose(_second_first(bias)), [-1])]
    else:  # which has no bias of U h in Keras
        biases = [tf.zeros_like(bias), bias]
    return tf.concat([tf.reshape(kernel, [-1]), tf.reshape(recurrent_kernel, [-1]), *biases], axis=0)


def _second_first(gates: tf.Tensor) -> tf.Tensor:
    first, second, third = tf.split(gates, 3)
    return tf.concat([second, first, third], axis=0)
