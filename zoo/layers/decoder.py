"""A recurrent decoder: one stack of layers that runs over whole sequences, or step by step."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from zoo.errors import ZooError
from zoo.layers.attention import Attention, Memory
from zoo.layers.recurrent import Cell, recurrent

ATTENTION = ("additive", "dot", "none")


@keras.saving.register_keras_serializable("zoo")
class Decoder(keras.layers.Layer):
    """Stacked RNN that starts from given states and may attend to a memory.

        x_t -> RNN 1 -> attention -> RNN 2 -> ... -> readout      each RNN: states from t-1, states to t+1
                 |         |           |               |
                 query   context ------+---------------+

    The first layer's output asks; what attention answers, the context, goes into all layers above and into
    the readout, W [h; context] + b. So the states of the upper layers know what was attended to before, and
    the whole of a training sequence still runs through fused layers (Wu et al. 2016, section 3). Input
    feeding (Luong et al. 2015) hands the readout to the first layer of the next step as well: every step then
    waits for the one before, and training takes longer. Luong's tanh around the readout is left out: with
    tied embeddings, logits grow until it is saturated and learns no more.

    Inputs are multiplied with the root of their size: they are taken for vectors of an embedding that scores
    the outputs too, which are short so that logits start small (Vaswani et al. 2017, section 3.4).

    Teacher forcing is `call`, decoding is `step`; both use the same weights and give the same numbers.

    Args:
        cell: name of the recurrent cell, as in `zoo.layers.recurrent`.
        layers: recurrent layers on top of each other.
        units: size of each state.
        width: size of the readout.
        attention: `"additive"`, `"dot"` or `"none"`.
        input_feeding: hand the readout back to the next step.
        dropout: share dropped of each layer's input and of the readout: along depth, never along time.

    Raises:
        ZooError: there is no such attention or cell.
    """

    def __init__(
        self,
        cell: Cell,
        layers: int,
        units: int,
        width: int,
        attention: str = "dot",
        input_feeding: bool = False,
        dropout: float = 0.0,
        **options,
    ):
        super().__init__(**options)
        if attention not in ATTENTION:
            raise ZooError(f"unknown attention {attention!r}: choose {', '.join(ATTENTION)}")
        self.settings: dict[str, Any] = {
            "cell": cell,
            "layers": layers,
            "units": units,
            "width": width,
            "attention": attention,
            "input_feeding": input_feeding,
            "dropout": dropout,
        }
        self.supports_masking = True
        policy: dict[str, Any] = {"dtype": self.dtype_policy}
        numbers = range(1, layers + 1)
        self.rnns = [
            recurrent(cell, units, return_sequences=True, name=f"rnn_{i}", **policy) for i in numbers
        ]
        self.dropouts = [keras.layers.Dropout(dropout, name=f"dropout_{i}", **policy) for i in numbers]
        self.attention: Any = (
            Attention(attention, units, name="attention", **policy) if attention != "none" else None
        )
        self.readout = keras.layers.Dense(width, name="readout", **policy)
        self.readout_dropout = keras.layers.Dropout(dropout, name="readout_dropout", **policy)

    def build(self, inputs_shape, states_shape, memory_shape=None, memory_mask_shape=None):
        """Makes the weights."""
        units, width = self.settings["units"], self.settings["width"]
        context = memory_shape[-1] if self.attention else 0
        size = inputs_shape[-1] + (width if self.settings["input_feeding"] else 0)
        for rnn in self.rnns:
            rnn.build((None, None, size))
            size = units + context
        if self.attention:
            self.attention.build((None, None, units), memory_shape)
        self.readout.build((None, None, units + context))

    def call(self, inputs, states, memory=None, memory_mask=None, return_attention=False, training=False):
        """Runs over whole sequences: teacher forcing.

        Args:
            inputs: (batch, time, features), padding on the right, whose outputs mean nothing.
            states: those of the first step, for each layer one (LSTM: two), each (batch, units).
            memory: what is attended to, (batch, source, features).
            memory_mask: bool (batch, source); None: all is there.
            return_attention: whether to return the weights too.
            training: whether to drop.

        Returns:
            Readouts (batch, time, width); and weights (batch, time, source), if asked for.
        """
        memory = self.prepare(memory, memory_mask)
        run = self._fed if self.settings["input_feeding"] else self._fused
        readouts, weights = run(inputs, list(states), memory, training)
        readouts = self.readout_dropout(readouts, training=training)
        return (readouts, weights) if return_attention else readouts

    def prepare(self, memory, mask=None) -> Memory | None:
        """Returns what `step` reads, computed once for all steps; None without attention."""
        return self.attention.prepare(memory, mask) if self.attention else None

    def start(self, states: Sequence) -> list:
        """Returns the whole state before the first step; with input feeding, zeros stand for a readout."""
        if not self.settings["input_feeding"]:
            return list(states)
        return [*states, ops.zeros((ops.shape(states[0])[0], self.settings["width"]), states[0].dtype)]

    def step(self, inputs, state: Sequence, memory: Memory | None):
        """Takes one step.

        Args:
            inputs: (rows, features).
            state: what `start` or the step before returned.
            memory: what `prepare` returned. It may have fewer rows, each read by as many rows of the inputs,
                which stand next to each other: those of a beam.

        Returns:
            The readout (rows, width), the next state, and the weights (rows, source) or None.
        """
        return self._step(inputs, list(state), memory, [None] * len(self.rnns))

    def _step(self, x, state, memory, masks):
        """As `step`; `masks` are multiplied with each layer's input, without what was fed."""
        feeding = self.settings["input_feeding"]
        after: list[Any] = []

        def layer(number, x):
            y, new = self.rnns[number].cell(x[:, 0], self._own(state, number))
            after.extend(new if isinstance(new, list | tuple) else [new])
            return y[:, None]

        def drop(number, x):
            return x if masks[number] is None else x * masks[number][:, None]

        fed = state.pop()[:, None] if feeding else None
        readout, weights = self._stack(x[:, None], fed, memory, layer, drop)
        readout, weights = readout[:, 0], None if weights is None else weights[:, 0]
        return readout, after + ([readout] if feeding else []), weights

    def _fused(self, inputs, states, memory, training):
        """Runs each layer over all steps at once."""

        def layer(number, x):
            # No mask: right padding can't change what comes before it.
            return self.rnns[number](x, initial_state=self._own(states, number))

        def drop(number, x):
            return self.dropouts[number](x, training=training)

        return self._stack(inputs, None, memory, layer, drop)

    def _own(self, states, number):
        """Returns the states of one layer, of those of all."""
        per_layer = len(states) // len(self.rnns)
        return states[number * per_layer : (number + 1) * per_layer]

    def _fed(self, inputs, states, memory, training):
        """Runs step by step, each with the readout of the one before."""
        inputs = ops.swapaxes(inputs, 0, 1)
        time, batch = ops.shape(inputs)[:2]
        sizes = [inputs.shape[-1], *(rnn.cell.kernel.shape[0] for rnn in self.rnns[1:])]
        # Drawn before the loop, in which several devices could not draw.
        masks = [
            drop(ops.ones((time, batch, size), inputs.dtype), training=training)
            for drop, size in zip(self.dropouts, sizes, strict=True)
        ]

        def step(before, now):
            x, *masks = now
            _, state, weights = self._step(x, list(before[0]), memory, masks)
            return tuple(state), () if weights is None else weights

        # Not Keras's scan, whose outputs must look like the state.
        nowhere = ops.zeros(ops.shape(memory.values)[:2], "float32") if self.attention else ()
        states, weights = tf.scan(step, (inputs, *masks), (tuple(self.start(states)), nowhere))
        return ops.swapaxes(states[-1], 0, 1), ops.swapaxes(weights, 0, 1) if self.attention else None

    def _stack(self, x, fed, memory, layer, drop):
        """Goes up through the layers; `layer(number, x)` runs one, over however many steps x has."""
        # Vectors that score outputs too are short at the start; as inputs they should not be.
        x = drop(0, x * x.shape[-1] ** 0.5)
        y = layer(0, x if fed is None else ops.concatenate([x, fed], -1))
        context, weights = self._attend(y, memory) if self.attention else (None, None)
        for number in range(1, len(self.rnns)):
            y = layer(number, drop(number, _joined(y, context)))
        return self.readout(_joined(y, context)), weights

    def _attend(self, y, memory):
        """Attends; rows that share a memory ask as if they were steps of one."""
        if y.shape[1] != 1:
            return self.attention(y, memory)
        asked = ops.reshape(y, (ops.shape(memory.values)[0], -1, y.shape[-1]))
        attended = self.attention(asked, memory)
        return [ops.reshape(part, (ops.shape(y)[0], 1, ops.shape(part)[-1])) for part in attended]

    def compute_output_shape(self, inputs_shape, *_, **__):
        """Returns (batch, time, width)."""
        return (*inputs_shape[:2], self.settings["width"])

    def get_config(self):
        """Returns the arguments."""
        return {**super().get_config(), **self.settings}


def _joined(y, context):
    return y if context is None else ops.concatenate([y, context], -1)
