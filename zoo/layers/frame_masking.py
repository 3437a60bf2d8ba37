"""Frames of which training hides parts (SpecAugment)."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("zoo")
class FrameMasking(keras.layers.Layer):
    """Hides parts of sound or print while training (Park et al. 2019); else leaves them as they are.

    Args:
        times: stretches of time that are hidden.
        longest: steps of each at most.
        bands: bands of height that are hidden.
        widest: rows of each at most.
        jitter: standard deviation of noise that is added to each number.

    Call arguments:
        inputs: (batch, time, height), of mean 0, which is what is put in the place of what is hidden.
        mask: (batch, time), true where a step is real.
        training: whether to draw.

    Returns:
        (batch, time, height).
    """

    def __init__(self, times=2, longest=8, bands=2, widest=4, jitter=0.1, seed=None, **options):
        super().__init__(**options)
        self.settings = {
            "times": times,
            "longest": longest,
            "bands": bands,
            "widest": widest,
            "jitter": jitter,
            "seed": seed,
        }
        self.random = keras.random.SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs, mask, training=False):
        """Returns the frames (batch, time, height)."""
        if not training:
            return inputs
        settings = self.settings
        lengths = ops.sum(ops.cast(mask, "float32"), axis=1, keepdims=True)
        heights = ops.full_like(lengths, inputs.shape[2])
        hidden = ops.expand_dims(self._hidden(inputs, 1, settings["times"], settings["longest"], lengths), -1)
        rows = ops.expand_dims(self._hidden(inputs, 2, settings["bands"], settings["widest"], heights), 1)
        shape = (ops.shape(inputs)[0], ops.shape(inputs)[1], inputs.shape[2])
        noise = keras.random.normal(shape, dtype=self.compute_dtype, seed=self.random)
        drawn = inputs + settings["jitter"] * noise
        keep = ops.logical_and(ops.expand_dims(mask, -1), ops.logical_not(ops.logical_or(hidden, rows)))
        return ops.where(keep, drawn, ops.zeros((), inputs.dtype))

    def _hidden(self, inputs, axis: int, count: int, most: int, sizes):
        """Tells what of an axis is hidden, bool (batch, size)."""
        places = ops.cast(ops.arange(ops.shape(inputs)[axis]), "float32")
        shape = (ops.shape(inputs)[0], 1)
        hidden = ops.zeros_like(places + sizes, dtype="bool")
        for _ in range(count):
            width = keras.random.uniform(shape, 0, most + 1, dtype="float32", seed=self.random)
            width = ops.floor(ops.minimum(width, sizes / 4))  # never much of a short one
            start = ops.floor(
                keras.random.uniform(shape, 0, 1, dtype="float32", seed=self.random) * (sizes - width)
            )
            hidden = ops.logical_or(hidden, ops.logical_and(places >= start, places < start + width))
        return hidden

    def compute_mask(self, *_, **__):
        """Returns None: masks are arguments."""
        return None

    def compute_output_shape(self, shape):
        """Returns the input's shape."""
        return shape

    def get_config(self):
        """Returns the arguments."""
        return {**super().get_config(), **self.settings}
