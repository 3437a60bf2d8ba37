"""Pictures as training sees them: a little moved, scaled and lit, and on many backgrounds; clips likewise."""

import keras
import numpy as np
from keras import ops

_WHITE = 255.0


@keras.saving.register_keras_serializable("zoo")
class Augmentation(keras.layers.Layer):
    """Draws a new version of each picture while training; else only puts it on white.

    Transparent pictures are put on a plain colour.

    Args:
        shift: most rows and columns that a picture moves by, as a share of its size.
        zoom: most change of its scale, likewise.
        light: most change of its brightness, likewise.
        on_white: share of transparent pictures that stay on white, on which they are served.
        mirror: whether half of the pictures are mirrored, left to right.

    Call arguments:
        images: (batch, height, width, channels) in 0..255; 3 channels, or 4 with opacity; or clips
            (batch, time, height, width, channels), of which all frames are treated alike.
        training: whether to draw.

    Returns:
        (batch, height, width, 3), of clips (batch, time, height, width, 3).
    """

    def __init__(self, shift=0.06, zoom=0.08, light=0.1, on_white=0.4, mirror=False, seed=None, **options):
        super().__init__(**options)
        self.settings = {
            "shift": shift,
            "zoom": zoom,
            "light": light,
            "on_white": on_white,
            "mirror": mirror,
            "seed": seed,
        }
        self.random = keras.random.SeedGenerator(seed)

    def call(self, images, training=False):
        """Returns the pictures, without opacity."""
        images = ops.cast(images, self.compute_dtype)
        rows = (ops.shape(images)[0], *(1,) * (len(images.shape) - 1))
        if images.shape[-1] == 4:
            opacity = images[..., 3:] / 255.0
            images = images[..., :3] * opacity + self._background(rows, training) * (1 - opacity)
        if not training:
            return images
        images = self._moved(images)
        light = self.settings["light"]
        return ops.clip(images * self._uniform(rows, 1 - light, 1 + light), 0.0, 255.0)

    def _background(self, rows, training):
        if not training:
            return _WHITE
        colour = self._uniform((*rows[:-1], 3), 0.0, 255.0)
        return ops.where(self._uniform(rows, 0.0, 1.0) < self.settings["on_white"], _WHITE, colour)

    def _moved(self, images):
        """Moves, scales and mirrors by one affine map, which tells for each place where it comes from."""
        rows, (*time, height, width, channels) = ops.shape(images)[:1], images.shape[1:]
        shift, zoom = self.settings["shift"], self.settings["zoom"]
        scale = self._uniform(rows, 1 - zoom, 1 + zoom)
        across = scale
        if self.settings["mirror"]:
            across = ops.where(self._uniform(rows, 0.0, 1.0) < 0.5, -scale, scale)
        right = (width - 1) / 2 * (1 - across) + self._uniform(rows, -shift, shift) * width
        down = (height - 1) / 2 * (1 - scale) + self._uniform(rows, -shift, shift) * height
        zero = ops.zeros_like(scale)
        maps = ops.stack([across, zero, right, zero, scale, down, zero, zero], axis=-1)
        maps = ops.repeat(maps, int(np.prod(time)), axis=0)
        frames = ops.reshape(images, (-1, height, width, channels))
        frames = ops.image.affine_transform(frames, maps, fill_mode="nearest", data_format="channels_last")
        return ops.reshape(frames, (-1, *time, height, width, channels))

    def _uniform(self, shape, least, most):
        return keras.random.uniform(shape, least, most, dtype=self.compute_dtype, seed=self.random)

    def compute_output_shape(self, shape):
        """Returns the shape without opacity."""
        return (*shape[:-1], 3)

    def get_config(self):
        """Returns the arguments."""
        return {**super().get_config(), **self.settings}
