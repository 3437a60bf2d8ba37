"""Attention of a decoder over what an encoder left, with the part that no step changes computed once."""

from typing import Any, NamedTuple

import keras
from keras import ops

from zoo.errors import ZooError


class Memory(NamedTuple):
    """What attention reads.

    Attributes:
        values: (batch, source, features).
        keys: the same, projected for comparison with a query, (batch, source, units).
        mask: bool (batch, source), false for what is not there; None: all is.
    """

    values: Any
    keys: Any
    mask: Any


@keras.saving.register_keras_serializable("zoo")
class Attention(keras.layers.Layer):
    """Weighs the places of a memory by how well they match a query.

    - `additive`: v . tanh(W q + U m) (Bahdanau et al. 2015), which costs a tanh for each pair of places;
    - `dot`: q . U m / sqrt(units) (Luong et al. 2015, "general"), one matrix product; the root keeps the
      weights of wide states from being all on one place at the start (Vaswani et al. 2017).

    Args:
        kind: `"additive"` or `"dot"`.
        units: width of the queries and keys.

    Raises:
        ZooError: there is no such kind.
    """

    def __init__(self, kind: str, units: int, **options):
        super().__init__(**options)
        if kind not in ("additive", "dot"):
            raise ZooError(f"unknown attention {kind!r}: choose additive or dot")
        self.kind, self.units = kind, units
        self.key = keras.layers.Dense(units, use_bias=False, dtype=self.dtype_policy, name="key")
        if kind == "additive":
            self.query = keras.layers.Dense(units, dtype=self.dtype_policy, name="query")
            self.energy = keras.layers.Dense(1, use_bias=False, dtype=self.dtype_policy, name="energy")

    def build(self, query_shape, memory_shape):
        """Makes the weights."""
        self.key.build(memory_shape)
        if self.kind == "additive":
            self.query.build(query_shape)
            self.energy.build((None, None, None, self.units))

    def prepare(self, values, mask=None) -> Memory:
        """Returns the memory with its keys, which serve every step of decoding."""
        return Memory(values, self.key(values), mask)

    def call(self, query, memory):
        """Attends.

        Args:
            query: (batch, time, units).
            memory: what `prepare` returned.

        Returns:
            Context (batch, time, features), and the weights float32 (batch, time, source), which add up to 1
            and are 0 where the mask is false.
        """
        if self.kind == "additive":
            pairs = self.query(query)[:, :, None] + memory.keys[:, None]
            scores = self.energy(ops.tanh(pairs))[..., 0]
        else:
            scores = ops.matmul(query * self.units**-0.5, ops.swapaxes(memory.keys, 1, 2))
        scores = ops.cast(scores, "float32")  # a softmax needs more digits than half precision has
        if memory.mask is not None:
            scores = ops.where(memory.mask[:, None], scores, -1e9)
        weights = ops.softmax(scores)
        return ops.matmul(ops.cast(weights, memory.values.dtype), memory.values), weights

    def get_config(self):
        """Returns the arguments."""
        return {**super().get_config(), "kind": self.kind, "units": self.units}
