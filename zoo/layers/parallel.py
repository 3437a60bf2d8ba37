"""Recurrent cells whose gates see the input alone, and the layer that runs them over all steps at once."""

import keras
import tensorflow as tf
from keras import ops

from zoo.layers.cells import GatedCell


class _MinimalCell(GatedCell):
    """A cell h = keep * h' + new, where keep and new follow from the input of a step alone."""

    def __init__(self, units: int, starts, kernel_initializer="glorot_uniform", **options):
        super().__init__(units, starts, kernel_initializer, **options)

    def keep_and_new(self, inputs):
        """Returns what is kept of the state before, and what is added, (..., units) each, of any steps."""
        raise NotImplementedError

    def call(self, inputs, states):
        """Takes one step."""
        several = isinstance(states, list | tuple)
        keep, new = self.keep_and_new(inputs)
        h = keep * (states[0] if several else states) + new
        return h, [h] if several else h


@keras.saving.register_keras_serializable("zoo")
class MinGRUCell(_MinimalCell):
    """GRU whose gate and candidate see the input alone (Feng et al. 2024, section 3.1).

        u = sigmoid(W_u x + b_u)                            ' marks the step before
        h = u * (W x + b) + (1 - u) * h'

    Nothing but h' comes from the step before, and it enters linearly: so all steps of a sequence can be
    computed at once. As in `SimplifiedGRUCell`, u says how much is new, and its bias starts at -1.

    Weights are `kernel` (features, 2 * units) and `bias` (2 * units,), each of update gate and candidate.

    Args:
        units: size of the state.
        update_bias: where the update gate's bias starts.
        **options: `kernel_initializer`, and those of a Keras layer.

    Call arguments:
        inputs: (batch, features).
        states: the state of the step before, (batch, units).

    Returns:
        The state (batch, units), twice: as output and as state.
    """

    def __init__(self, units: int, update_bias: float = -1.0, **options):
        super().__init__(units, (update_bias, 0.0), **options)
        self.update_bias = update_bias

    def keep_and_new(self, inputs):
        """Returns 1 - u and u times the candidate."""
        update, candidate = self.gates(inputs)
        update = ops.sigmoid(update)
        return 1 - update, update * candidate

    def get_config(self):
        """Returns the arguments."""
        return {**super().get_config(), "update_bias": self.update_bias}


@keras.saving.register_keras_serializable("zoo")
class MinLSTMCell(_MinimalCell):
    """LSTM whose gates and candidate see the input alone (Feng et al. 2024, section 3.2).

        i = sigmoid(W_i x + b_i)                            ' marks the step before
        f = sigmoid(W_f x + b_f)
        h = i / (i + f) * (W x + b) + f / (i + f) * h'

    The two gates share what there is, so that the state keeps its scale. Cell and output are one.

    Weights are `kernel` (features, 3 * units) and `bias` (3 * units,), each of input gate, forget gate and
    candidate.

    Args:
        units: size of the state.
        unit_forget_bias: whether the forget gate's bias starts at 1, else at 0.
        **options: `kernel_initializer`, and those of a Keras layer.

    Call arguments:
        inputs: (batch, features).
        states: the state of the step before, (batch, units).

    Returns:
        The state (batch, units), twice: as output and as state.
    """

    def __init__(self, units: int, unit_forget_bias: bool = True, **options):
        super().__init__(units, (0.0, float(unit_forget_bias), 0.0), **options)
        self.unit_forget_bias = unit_forget_bias

    def keep_and_new(self, inputs):
        """Returns the forget gate's share, and the input gate's times the candidate."""
        input_gate, forget_gate, candidate = self.gates(inputs)
        # sigmoid(a) / (sigmoid(a) + sigmoid(b)) = sigmoid(log sigmoid(a) - log sigmoid(b)), never 0 / 0.
        share = ops.sigmoid(ops.log_sigmoid(forget_gate) - ops.log_sigmoid(input_gate))
        return share, (1 - share) * candidate

    def get_config(self):
        """Returns the arguments."""
        return {**super().get_config(), "unit_forget_bias": self.unit_forget_bias}


@keras.saving.register_keras_serializable("zoo")
class ParallelRNN(keras.layers.RNN):
    """`keras.layers.RNN` for a cell whose gates see the input alone: no loop over time.

    One matrix product makes the gates of all steps, and `linear_scan` runs through them. Masked steps keep
    the state, on either side of a row or in its middle.

    Args:
        cell: `MinGRUCell` or `MinLSTMCell`.
        **options: of `keras.layers.RNN`.
    """

    def inner_loop(self, sequences, initial_state, mask, training=False):
        """Returns the last output (batch, units), all outputs (batch, time, units), and the states."""
        keep, new = self.cell.keep_and_new(ops.transpose(sequences, (1, 0, 2)))
        if mask is not None:
            there = ops.transpose(mask[0] if isinstance(mask, list) else mask)[:, :, None]
            keep, new = ops.where(there, keep, 1.0), ops.where(there, new, 0.0)
        if self.go_backwards:
            keep, new = ops.flip(keep, 0), ops.flip(new, 0)
        states = linear_scan(keep, new, ops.cast(initial_state[0], new.dtype))
        return states[-1], ops.transpose(states, (1, 0, 2)), [states[-1]]


@tf.custom_gradient
def linear_scan(keep: tf.Tensor, new: tf.Tensor, first: tf.Tensor) -> tf.Tensor:
    """Returns h[t] = keep[t] * h[t - 1] + new[t] for all steps, without a loop over them.

    Two steps together are a step of the same form. So after pass k each place holds the last 2 ** k steps
    up to it, and log2(time) passes are all (Hillis and Steele 1986). The gradient runs the other way, by the
    same passes.

    Args:
        keep: (time, ...).
        new: (time, ...).
        first: h[-1], (...).

    Returns:
        h, (time, ...).
    """
    states = _scan(keep, tf.concat([new[:1] + keep[:1] * first, new[1:]], axis=0))

    def gradient(upstream):
        # What reaches h[t] is what comes from above, and keep[t + 1] times what reaches h[t + 1].
        ahead = tf.concat([keep[1:], tf.zeros_like(keep[:1])], axis=0)
        reaching = tf.reverse(_scan(tf.reverse(ahead, [0]), tf.reverse(upstream, [0])), [0])
        before = tf.concat([first[None], states[:-1]], axis=0)
        return reaching * before, reaching, reaching[0] * keep[0]

    return states, gradient


def _scan(keep: tf.Tensor, new: tf.Tensor) -> tf.Tensor:
    """Returns h[t] = keep[t] * h[t - 1] + new[t], from h[-1] = 0."""

    def double(step, keep, new):
        sums = new[step:] + keep[step:] * new[:-step]
        products = keep[step:] * keep[:-step]
        return 2 * step, tf.concat([keep[:step], products], axis=0), tf.concat([new[:step], sums], axis=0)

    whole = new.shape
    free = tf.TensorShape([None]).concatenate(whole[1:])
    _, _, states = tf.while_loop(
        lambda step, *_: step < tf.shape(new)[0],
        double,
        (tf.constant(1), keep, new),
        shape_invariants=(tf.TensorShape([]), free, free),
    )
    states.set_shape(whole)
    return states
