"""Settings that recipes share."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import keras
import tensorflow as tf

from zoo.devices import has_gpu
from zoo.training import workers
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
    strategy: Literal["auto", "one", "mirrored", "workers"] = "auto"
    """Devices: all GPUs if there are several, else one; one; all local devices of the best kind; or those of
    all machines that TF_CONFIG names (see: python -m zoo launch --help)."""
    mixed_precision: bool = False
    """Compute in bfloat16, or float16 on GPUs that have no bfloat16; weights stay float32."""
    tf32: bool = True
    """Let a GPU round factors to 10 bits while training: faster. Evaluation and exports never do."""
    steps_per_execution: Size = 0
    """Steps between two looks at the progress bar, if they divide the epoch; 0: 1, on a GPU up to 16."""
    storage: Storage = "float32"
    """Type of the exported weights; float16 halves the files, and scores are those of the rounded weights."""
    init_from: str = ""
    """Saved model (name or path) or run to start from: its vocabulary is kept and extended. Classifiers and
    taggers also start from a language model of tokens, or from two, as in forwards+backwards."""
    freeze: tuple[str, ...] = ()
    """Layers that stay as they are, as what --init-from has learned well; by the names that it prints."""
    thaw: Size = 0
    """Epochs after which the last of --freeze learns too; the one before it follows an epoch later, and so on
    (gradual unfreezing, Howard and Ruder 2018); 0: they never do."""
    fresh: bool = False
    """Discard what the run's folder holds and train anew."""


@dataclass(frozen=True)
class Elsewhere:
    """What packages know of words, which is read beside the vectors that are learned."""

    vectors: Literal["", "glove"] = ""
    """Vectors from elsewhere, which stay as they are: glove, of 6 billion words (needs the extra vectors)."""
    vectors_size: Count = 50_000
    """Commonest words of them, beside those of the training part."""
    cluster_units: Size = 0
    """Size of the vectors of word clusters from elsewhere (needs the extra vectors); 0: none."""


ELSEWHERE = ("vectors", "cluster_units")
"""Those of `Elsewhere` that `--init-from` must share: the first layer reads what they give."""


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
    joined = workers.join() if settings.strategy == "workers" else None  # before TensorFlow does anything
    keras.utils.set_random_seed(settings.seed)
    gpus = tf.config.list_logical_devices("GPU")
    keras.config.set_dtype_policy(_half(gpus) if settings.mixed_precision else "float32")
    if joined:
        return joined
    devices = gpus or tf.config.list_logical_devices("CPU")
    several = settings.strategy == "mirrored" or (settings.strategy == "auto" and len(gpus) > 1)
    if several:
        return _mirrored(tuple(device.name for device in devices))
    return tf.distribute.get_strategy()


def _half(gpus: Sequence[tf.config.LogicalDevice]) -> str:
    """Returns bfloat16, whose range is that of float32, unless there is a GPU from before 2020."""
    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    old = any(device.get("compute_capability", (8, 0)) < (8, 0) for device in details)
    return "mixed_float16" if gpus and old else "mixed_bfloat16"


@contextlib.contextmanager
def tf32(allowed: bool) -> Iterator[None]:
    """Within it, GPUs may or may not compute in TF32."""
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(allowed)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)


def steps_per_execution(settings: Settings, steps: int) -> int:
    """Returns how many steps are run by one call: a divisor of an epoch's, since a call runs them all.

    A GPU waits at each look at the progress bar; a CPU is none the faster for fewer.
    """
    most = settings.steps_per_execution or (16 if has_gpu() else 1)
    return next(number for number in range(most, 0, -1) if steps % number == 0)


@functools.cache
def _mirrored(devices: tuple[str, ...]) -> tf.distribute.Strategy:
    """Returns the process's only one: TensorFlow takes the sums of a second one for those of the first."""
    return tf.distribute.MirroredStrategy(list(devices))
