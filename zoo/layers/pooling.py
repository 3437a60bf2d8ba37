"""From a sequence of vectors to one vector."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("zoo")
class MaskedPooling(keras.layers.Layer):
    """Maximum, mean or last state over time, over real steps only.

    Keras's own pooling layers take the maximum over padding too.

    Args:
        kind: `"max"`, `"mean"`, or `"last"`: the states in which both directions end, of features whose first
            half was read forwards and whose second half backwards.

    Call arguments:
        inputs: (batch, time, features).
        mask: (batch, time), true where a step is real; a row without any is not allowed.

    Returns:
        (batch, features).
    """

    def __init__(self, kind: str, **options):
        super().__init__(**options)
        if kind not in ("max", "mean", "last"):
            raise ValueError(f"kind is 'max', 'mean' or 'last', not {kind!r}")
        self.kind = kind
        self.supports_masking = True  # takes its mask as an argument; none is passed on

    def call(self, inputs, mask):
        """Pools."""
        if self.kind == "last":
            ends = ops.sum(ops.cast(mask, "int32"), axis=1) - 1
            forwards = ops.take_along_axis(inputs, ends[:, None, None], axis=1)[:, 0]
            half = inputs.shape[2] // 2
            return ops.concatenate([forwards[:, :half], inputs[:, 0, half:]], axis=-1)
        real = ops.expand_dims(mask, -1)
        if self.kind == "max":
            # Half of the type's range: the whole overflows where half precision computes the gradient.
            lowest = -3e4 if self.compute_dtype == "float16" else -1e30
            return ops.max(ops.where(real, inputs, ops.cast(lowest, inputs.dtype)), axis=1)
        real = ops.cast(real, inputs.dtype)
        return ops.sum(inputs * real, axis=1) / ops.sum(real, axis=1)

    def compute_mask(self, *_, **__):
        """Returns None: time is gone."""
        return None

    def compute_output_shape(self, shape):
        """Returns (batch, features)."""
        return (shape[0], shape[2])

    def get_config(self):
        """Returns the arguments."""
        return {**super().get_config(), "kind": self.kind}
