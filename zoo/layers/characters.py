"""Vectors of words from their characters, by a recurrent network inside each word."""

import keras
import tensorflow as tf
from keras import ops

from zoo.devices import CPU, on
from zoo.layers.recurrent import Cell, recurrent


@keras.saving.register_keras_serializable("zoo")
class CharacterRNN(keras.layers.Layer):
    """Reads the characters of each word in both directions (Lample et al. 2016).

    The distinct words of a batch become rows of another batch: one loop over characters reads them all, where
    `TimeDistributed` would be many times slower. Finding them is done on the CPU, and XLA cannot compile it:
    models that hold this layer are compiled with `jit_compile=False`, as `zoo.training.fit` does.

    Args:
        cell: name of the recurrent cell, as in `zoo.layers.recurrent`.
        units: size of the state in each direction, and of the characters' vectors.
        characters: highest character number.

    Call arguments:
        inputs: character numbers int32 (batch, time, characters), 0 for padding on the right.

    Returns:
        The last states of both directions, (batch, time, 2 * units).

    Attributes:
        converted: whether its graph is for a converter, which cannot find distinct words.
    """

    converted: str = ""

    def __init__(self, cell: Cell, units: int, characters: int, **options):
        super().__init__(**options)
        self.cell, self.units, self.characters = cell, units, characters
        self.embedding = keras.layers.Embedding(
            characters + 2, units, dtype=self.dtype_policy, name="characters"
        )
        reader = recurrent(cell, units, dtype=self.dtype_policy, name="rnn")
        self.both_ways = keras.layers.Bidirectional(reader, dtype=self.dtype_policy, name="both_ways")

    def build(self, shape):
        """Makes the weights."""
        self.embedding.build((None, None))
        self.both_ways.build((None, None, self.units))

    def call(self, inputs):
        """Reads."""
        shape = ops.shape(inputs)
        # Most words of a text are repeated, and padding is: each distinct one is read once.
        rows, places = ops.reshape(inputs, (-1, inputs.shape[2])), None
        if not self.converted:
            with on(CPU):  # GPUs find distinct numbers, not distinct rows
                rows, places = tf.raw_ops.UniqueV2(x=rows, axis=[0])
        # A symbol in front: even a padding word has one real step, since the fused kernels know no empty row.
        rows = ops.pad(rows, [[0, 0], [1, 0]], constant_values=self.characters + 1)
        states = self.both_ways(self.embedding(rows), mask=ops.not_equal(rows, 0))
        if places is not None:
            states = ops.take(states, places, axis=0)
        return ops.reshape(states, (shape[0], shape[1], 2 * self.units))

    def compute_output_shape(self, shape):
        """Returns (batch, time, 2 * units)."""
        return (*shape[:2], 2 * self.units)

    def get_config(self):
        """Returns the arguments."""
        own = {"cell": self.cell, "units": self.units, "characters": self.characters}
        return {**super().get_config(), **own}
