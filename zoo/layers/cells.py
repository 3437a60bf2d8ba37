"""Recurrent cells that Keras lacks; `keras.layers.RNN` runs them over time."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops


def gate_starts(starts: Sequence[float], units: int) -> keras.initializers.Initializer:
    """Returns what starts the bias of each gate, of so many units, at a value of its own."""
    return keras.initializers.Constant(np.repeat(starts, units))


class GatedCell(keras.layers.Layer):
    """Weights and config that the cells share, laid out as in Keras's own.

    Args:
        units: size of each state.
        starts: the value at which each gate's bias starts, in the order in which the gates stand in the
            columns of `kernel`, `recurrent_kernel` and `bias`.
        kernel_initializer: of the weights of inputs.
        recurrent_initializer: of the weights of the last output; None: no gate sees that.
        **options: of a Keras layer.
    """

    def __init__(self, units: int, starts, kernel_initializer, recurrent_initializer=None, **options):
        super().__init__(**options)
        self.units, self.starts = units, starts
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)
        self.state_size = self.output_size = units

    def build(self, shape):
        """Makes the weights."""
        columns = self.units * len(self.starts)
        self.kernel = self.add_weight((shape[-1], columns), self.kernel_initializer, name="kernel")
        if self.recurrent_initializer:
            self.recurrent_kernel = self.add_weight(
                (self.units, columns), self.recurrent_initializer, name="recurrent_kernel"
            )
        self.bias = self.add_weight((columns,), gate_starts(self.starts, self.units), name="bias")

    def gates(self, inputs, h=None):
        """Returns each gate's W x + U h + b, all of (..., units), from one matrix product each of x and h."""
        sums = ops.matmul(inputs, self.kernel)
        if h is not None:
            sums += ops.matmul(h, self.recurrent_kernel)
        return ops.split(sums + self.bias, len(self.starts), axis=-1)

    def get_config(self):
        """Returns the arguments that all cells have."""
        names = ("kernel_initializer", "recurrent_initializer")
        initializers = {name: getattr(self, name) for name in names if getattr(self, name)}
        serialized = {name: keras.initializers.serialize(own) for name, own in initializers.items()}
        return {**super().get_config(), "units": self.units, **serialized}


@keras.saving.register_keras_serializable("zoo")
class PeepholeLSTMCell(GatedCell):
    """LSTM whose gates see the cell state too (Gers and Schmidhuber 2000).

        i = sigmoid(W_i x + U_i h' + p_i * c' + b_i)        ' marks the step before
        f = sigmoid(W_f x + U_f h' + p_f * c' + b_f)
        c = f * c' + i * tanh(W_c x + U_c h' + b_c)
        o = sigmoid(W_o x + U_o h' + p_o * c + b_o)
        h = o * tanh(c)

    In a plain LSTM whose output gate is closed, h is 0 and no gate can tell what the cell holds. The
    peepholes p show it to them, so that a gate can open when a count in the cell is full. Each unit's gates
    see its own cell alone: p is three vectors, not matrices. The output gate sees the new state. Peepholes
    start at 0, where this is Keras's LSTM: what differs after training was learned. Gradients flow back
    through them as well, as in Graves and Schmidhuber (2005); the first paper cut them there.

    Weights are those of `keras.layers.LSTMCell`, in its order (input, forget, candidate, output), and then
    `peephole`, (3 * units,), of input, forget and output gate.

    Args:
        units: size of both states, h and c.
        unit_forget_bias: whether the forget gate's bias starts at 1, else at 0.
        kernel_initializer: of the weights of inputs.
        recurrent_initializer: of the weights of h.
        **options: of a Keras layer.

    Call arguments:
        inputs: (batch, features).
        states: h and c of the step before, each (batch, units).

    Returns:
        h (batch, units), and [h, c].
    """

    def __init__(
        self,
        units: int,
        unit_forget_bias: bool = True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        **options,
    ):
        starts = (0.0, float(unit_forget_bias), 0.0, 0.0)
        super().__init__(units, starts, kernel_initializer, recurrent_initializer, **options)
        self.unit_forget_bias = unit_forget_bias
        self.state_size: Any = [units, units]

    def build(self, shape):
        """Makes the weights."""
        super().build(shape)
        self.peephole = self.add_weight((3 * self.units,), "zeros", name="peephole")

    def call(self, inputs, states):
        """Takes one step."""
        h, c = states
        see_input, see_forget, see_output = ops.split(self.peephole, 3)
        input_gate, forget_gate, candidate, output_gate = self.gates(inputs, h)
        kept = ops.sigmoid(forget_gate + see_forget * c) * c
        c = kept + ops.sigmoid(input_gate + see_input * c) * ops.tanh(candidate)
        h = ops.sigmoid(output_gate + see_output * c) * ops.tanh(c)
        return h, [h, c]

    def get_config(self):
        """Returns the arguments."""
        return {**super().get_config(), "unit_forget_bias": self.unit_forget_bias}


@keras.saving.register_keras_serializable("zoo")
class SimplifiedGRUCell(GatedCell):
    """GRU with the update gate alone: nothing resets what the candidate sees of the state.

        u = sigmoid(W_u x + U_u c' + b_u)                   ' marks the step before
        c = u * tanh(W x + U c' + b) + (1 - u) * c'

    The gate stands the other way round than Keras's, whose z says how much is kept (Cho et al. 2014); u says
    how much is new. At 0, its bias would let every step replace half of the state. It starts at -1, so that
    1 - u is about 0.73, as is the share that an LSTM keeps whose forget gate's bias starts at 1
    (Jozefowicz et al. 2015, section 4.1).

    Weights are `kernel` (features, 2 * units), `recurrent_kernel` (units, 2 * units) and `bias`
    (2 * units,), each of update gate and candidate.

    Args:
        units: size of the state.
        update_bias: where the update gate's bias starts.
        kernel_initializer: of the weights of inputs.
        recurrent_initializer: of the weights of the state.
        **options: of a Keras layer.

    Call arguments:
        inputs: (batch, features).
        states: the state of the step before, (batch, units).

    Returns:
        The state (batch, units), twice: as output and as state.
    """

    def __init__(
        self,
        units: int,
        update_bias: float = -1.0,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        **options,
    ):
        super().__init__(units, (update_bias, 0.0), kernel_initializer, recurrent_initializer, **options)
        self.update_bias = update_bias

    def call(self, inputs, states):
        """Takes one step."""
        several = isinstance(states, list | tuple)
        before = states[0] if several else states
        update, candidate = self.gates(inputs, before)
        update = ops.sigmoid(update)
        c = update * ops.tanh(candidate) + (1 - update) * before
        return c, [c] if several else c

    def get_config(self):
        """Returns the arguments."""
        return {**super().get_config(), "update_bias": self.update_bias}
