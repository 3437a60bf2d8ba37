"""A compact residual network for small pictures, trained from scratch."""

import keras
from keras import ops


def small_cnn(size: int, width: int = 32, blocks: int = 1, stride: int = 1) -> keras.Model:
    """Builds image (batch, size, size, 3), in 0..255, -> map (batch, rows, columns, 4 * width).

    There are size / (8 * stride) rows and columns.

    A residual network (He et al. 2016) of three stages, each with half the rows and columns and twice the
    channels of the one before.

    Args:
        size: rows and columns of a picture.
        width: channels of the first stage.
        blocks: residual blocks of a stage.
        stride: of the first stage; 2 halves rows and columns once more, and the time that it takes.
    """
    image = keras.Input((size, size, 3), name="image")
    x = keras.layers.Rescaling(1 / 64, -2.0)(image)
    x = ops.relu(_convolved(x, width, 5, 2, "stem"))
    for stage in range(1, 4):
        for block in range(1, blocks + 1):
            step = 1 if block > 1 else 2 if stage > 1 else stride
            x = _residual(x, width * 2 ** (stage - 1), step, f"stage_{stage}_{block}")
    return keras.Model(image, x, name="encoder")


def _residual(x, channels: int, stride: int, name: str):
    y = ops.relu(_convolved(x, channels, 3, stride, f"{name}_first"))
    y = _convolved(y, channels, 3, 1, f"{name}_second")
    if stride > 1:
        x = keras.layers.AveragePooling2D(stride, padding="same")(x)
    if x.shape[-1] != channels:
        x = _convolved(x, channels, 1, 1, f"{name}_shortcut")
    return ops.relu(x + y)


def _convolved(x, channels: int, kernel: int, stride: int, name: str):
    """Convolves and normalises; the names are those by which trained weights are found again."""
    x = keras.layers.Conv2D(
        channels,
        kernel,
        stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_convolution",
    )(x)
    # A short training sees few batches: with Keras's momentum of 0.99 the averages would lag behind.
    # Several devices normalise alike, as if they were one. Where weights are averaged, the statistics are
    # still those of the last weights: they fit each other where the learning rate has come down.
    return keras.layers.BatchNormalization(momentum=0.97, synchronized=True, name=f"{name}_normalisation")(x)
