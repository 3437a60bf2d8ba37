"""Convolutions over time whose answer for a row does not depend on how far the row is padded."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("zoo")
class SequenceConv1D(keras.layers.Conv1D):
    """Convolves real steps, with zeros before the first and behind the last, whatever stands there.

    Keras's `padding="same"` places a strided window by the length of the whole batch, and after a first layer
    what was padding is no longer zero. Here step i of the output is centred on step `strides * i` of the
    input. With a dilation, stacked, it is a time-delay network (Waibel et al. 1989): each layer looks at
    what is further away, and there is no state.

    Args:
        filters: features of the output.
        kernel_size: steps that it looks at.
        **options: of `keras.layers.Conv1D`, `strides` or `dilation_rate` among them.

    Call arguments:
        inputs: (batch, time, features).
        mask: (batch, time), true where a step is real.

    Returns:
        (batch, ceil(time / strides), filters); `mask[:, ::strides]` tells which steps are real.
    """

    def __init__(self, filters: int, kernel_size: int, **options):
        super().__init__(filters, kernel_size, **{**options, "padding": "valid"})
        self.supports_masking = True  # takes its mask as an argument; none is passed on

    def call(self, inputs, mask):
        """Convolves."""
        return super().call(ops.pad(_real(inputs, mask), [[0, 0], _around(self, 0), [0, 0]]))

    def compute_mask(self, *_, **__):
        """Returns None: time may be another one."""
        return None

    def compute_output_shape(self, shape):
        """Returns (batch, time, filters)."""
        return (shape[0], _steps(shape[1], self.strides[0]), self.filters)


@keras.saving.register_keras_serializable("zoo")
class SequenceConv2D(keras.layers.Conv2D):
    """The same over time and height: columns of a picture, bands of a spectrogram.

    Args:
        filters: features of the output.
        kernel_size: steps, and rows, that it looks at.
        **options: of `keras.layers.Conv2D`, `strides` (time, height) among them.

    Call arguments:
        inputs: (batch, time, height, features).
        mask: (batch, time), true where a step is real.

    Returns:
        (batch, ceil(time / strides[0]), ceil(height / strides[1]), filters).
    """

    def __init__(self, filters: int, kernel_size: int | tuple[int, int], **options):
        super().__init__(filters, kernel_size, **{**options, "padding": "valid"})
        self.supports_masking = True

    def call(self, inputs, mask):
        """Convolves."""
        around = [[0, 0], _around(self, 0), _around(self, 1), [0, 0]]
        return super().call(ops.pad(_real(inputs, mask), around))

    def compute_mask(self, *_, **__):
        """Returns None: time may be another one."""
        return None

    def compute_output_shape(self, shape):
        """Returns (batch, time, height, filters)."""
        return (shape[0], *map(_steps, shape[1:3], self.strides), self.filters)


def _real(inputs, mask):
    """Returns inputs with zeros where the mask says padding."""
    shape = (*ops.shape(mask), *[1] * (len(inputs.shape) - 2))
    return ops.where(ops.reshape(mask, shape), inputs, ops.zeros((), inputs.dtype))


def _around(layer, axis: int) -> list[int]:
    """Returns how many zeros stand before and behind."""
    beside = layer.dilation_rate[axis] * (layer.kernel_size[axis] - 1)
    return [beside // 2, beside - beside // 2]


def _steps(count: int | None, stride: int) -> int | None:
    return None if count is None else -(-count // stride)
