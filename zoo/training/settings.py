"""Settings that recipes share."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Annotated, Literal

import keras
import tensorflow as tf

from zoo.training.ranges import Count, NotNegative, Positive, Range, Seed, Share, Size

Storage = Literal["float32", "float16"]


@dataclass(frozen=True)
class Settings:
    """Training settings that every recipe's Config inherits."""

    name: str = ""
    """Name of the run and of the exported model; empty: the recipe's own."""
    epochs: Count = 10
    """Most epochs; the schedule ends with the last one."""
    steps_per_epoch: Size = 0
    """Batches in an epoch; 0: one pass over the data. Lower it where a pass takes more than three minutes."""
    batch_size: Count = 64
    """Rows in a batch, over all devices."""
    optimizer: Literal["adam", "rmsprop", "adagrad"] = "adam"
    """How gradients become steps."""
    learning_rate: Positive = 1e-3
    """Highest learning rate."""
    schedule: Literal["cosine", "constant"] = "cosine"
    """Learning rate over time: half an epoch of warm-up, then down to 0 along a cosine, or constant."""
    clip_norm: NotNegative = 5.0
    """Longest gradient, over all weights together; 0: not clipped."""
    weight_average: Annotated[float, Range(0, 0.99999)] = 0.99
    """Decay of the moving average of weights that is validated and exported; 0: the weights themselves."""
    patience: Size = 2
    """Epochs without a better validation loss (or score, where the recipe has one) before training stops;
    0: all epochs are run."""
    seed: Seed = 1
    """Decides initial weights, order of the data and dropout."""
    strategy: Literal["auto", "one", "mirrored"] = "auto"
    """Devices: all GPUs if there are several, else one; one; or all local devices of the best kind."""
    mixed_precision: bool = False
    """Compute in float16 on GPUs and bfloat16 on CPUs; weights stay float32."""
    storage: Storage = "float32"
    """Type of the exported weights; float16 halves the files, and scores are those of the rounded weights."""
    init_from: str = ""
    """Saved model (name or path) or run to start from: its vocabulary is kept and extended."""
    fresh: bool = False
    """Discard what the run's folder holds and train anew."""


@dataclass(frozen=True)
class Search:
    """How a recipe's model that writes is trained to be searched, and searched."""

    beam_size: Count = 5
    """Texts followed at a time by the exported model."""
    length_penalty: NotNegative = 0.6
    """0: the most probable text wins, which tends to be short; 1: nearly the mean over its pieces."""
    label_smoothing: Share = 0.1
    """Share of probability that training spreads over all pieces, so that the model is never too sure."""


def start(settings: Settings) -> tf.distribute.Strategy:
    """Seeds every generator, sets the precision, and returns the strategy to build the model under."""
    keras.utils.set_random_seed(settings.seed)
    gpus = tf.config.list_logical_devices("GPU")
    half = "mixed_float16" if gpus else "mixed_bfloat16"
    keras.config.set_dtype_policy(half if settings.mixed_precision else "float32")
    devices = gpus or tf.config.list_logical_devices("CPU")
    several = settings.strategy == "mirrored" or (settings.strategy == "auto" and len(gpus) > 1)
    if several:
        return _mirrored(tuple(device.name for device in devices))
    return tf.distribute.get_strategy()


@functools.cache
def _mirrored(devices: tuple[str, ...]) -> tf.distribute.Strategy:
    """Returns the process's only one: TensorFlow takes the sums of a second one for those of the first."""
    return tf.distribute.MirroredStrategy(list(devices))
