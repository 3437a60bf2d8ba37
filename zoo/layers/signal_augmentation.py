"""Signals as training sees them: a little faster or slower, louder, noisier, and with gaps."""

import math

import keras
from keras import ops

_BESIDE = 1e-3  # of the way from a number to a gap: rounding alone is no step into it


@keras.saving.register_keras_serializable("zoo")
class SignalAugmentation(keras.layers.Layer):
    """Draws a new version of each signal while training; else leaves them as they are.

    Args:
        crop: most of a signal that is left out at its ends, both together, as a share.
        warp: how unevenly time runs: at most about `1 + warp` times as fast as in the mean; below 1.
        scale: standard deviation of each channel's factor around 1.
        jitter: that of the noise added to each number, in standard deviations of its channel.
        hidden: share of numbers that are made missing.

    Call arguments:
        inputs: (batch, time, 2 * channels): numbers of mean 0 and standard deviation 1, 0 where one is
            missing, and beside them 1 where one is missing, else 0.
        mask: (batch, time), true where a step is real; real steps stand on the left.
        training: whether to draw.

    Returns:
        Inputs of the same shape and length.
    """

    def __init__(self, crop=0.1, warp=0.1, scale=0.1, jitter=0.05, hidden=0.02, seed=None, **options):
        super().__init__(**options)
        self.settings = {
            "crop": crop,
            "warp": warp,
            "scale": scale,
            "jitter": jitter,
            "hidden": hidden,
            "seed": seed,
        }
        self.random = keras.random.SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs, mask, training=False):
        """Returns the signals (batch, time, 2 * channels)."""
        if not training:
            return inputs
        batch, time, features = ops.shape(inputs)[0], ops.shape(inputs)[1], inputs.shape[2]
        numbers, missing = ops.split(self._warped(inputs, mask, batch), 2, axis=-1)
        missing = ops.cast(missing > _BESIDE, inputs.dtype)  # between a number and a gap is the gap
        settings, each = self.settings, (batch, time, features // 2)
        numbers = numbers * (1 + settings["scale"] * self._normal((batch, 1, features // 2)))
        numbers = numbers + settings["jitter"] * self._normal(each)
        hidden = ops.cast(self._uniform(each, 0.0, 1.0) < settings["hidden"], inputs.dtype)
        missing = ops.maximum(missing, hidden)
        drawn = ops.concatenate([numbers * (1 - missing), missing], axis=-1)
        return ops.where(ops.expand_dims(mask, -1), drawn, ops.zeros((), inputs.dtype))

    def _warped(self, inputs, mask, batch):
        """Reads each signal at other places: those of a window of it, at a pace that changes."""
        last = ops.cast(ops.sum(ops.cast(mask, "int32"), axis=1, keepdims=True), "float32") - 1
        steps = ops.cast(ops.arange(ops.shape(inputs)[1]), "float32")
        share = ops.clip(steps / ops.maximum(last, 1.0), 0.0, 1.0)
        cut, begin = self._uniform((batch, 1), 0, self.settings["crop"]), self._uniform((batch, 1), 0, 1)
        bend = self._uniform((batch, 1), -1, 1) * self.settings["warp"]
        waves = self._uniform((batch, 1), 0.5, 1.5) * 2 * math.pi
        # Its slope is in proportion to 1 + bend * cos(...): time never runs back.
        paced = (share + bend * ops.sin(waves * share) / waves) / (1 + bend * ops.sin(waves) / waves)
        places = ops.clip((cut * begin + (1 - cut) * paced) * last, 0.0, ops.maximum(last, 0.0))
        low = ops.floor(places)
        between = ops.cast(ops.expand_dims(places - low, -1), inputs.dtype)
        low = ops.cast(low, "int32")
        high = ops.minimum(low + 1, ops.cast(ops.maximum(last, 0.0), "int32"))
        before, after = (ops.take_along_axis(inputs, ops.expand_dims(at, -1), axis=1) for at in (low, high))
        return before + between * (after - before)

    def _normal(self, shape):
        return keras.random.normal(shape, dtype=self.compute_dtype, seed=self.random)

    def _uniform(self, shape, least, most):
        return keras.random.uniform(shape, least, most, dtype="float32", seed=self.random)

    def compute_mask(self, *_, **__):
        """Returns None: masks are arguments."""
        return None

    def compute_output_shape(self, shape):
        """Returns the input's shape."""
        return shape

    def get_config(self):
        """Returns the arguments."""
        return {**super().get_config(), **self.settings}
