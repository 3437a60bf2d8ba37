"""Language models of many words, trained against a few drawn ones at a time."""

import math
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from zoo.errors import ZooError
from zoo.training.carried import Carried, state_names
from zoo.training.losses import WindowCrossentropy

_NEVER = -1e9
_RIGHT = 1  # where the logit of the right word stands; 0 would be taken for padding


class Sampled(Carried):
    """Trains as `Carried` does, but compares each right word with `samples` drawn ones alone.

    All steps of a batch share the drawn words, which are the likelier the commoner they are, and the logit
    of each is lowered by the logarithm of how often it is drawn: so with the right word they add up, on
    average, to what all words do (importance sampling, Bengio and Senécal 2008; shared draws, Jean et al.
    2015). Validation is by the whole softmax.

    Args:
        core: as of `Carried`; its layer `embedding` scores what its layer `dropout` gives, by the vectors
            that it reads with. Numbers are in descending order of how common words are.
        rows: rows of a batch on one device.
        samples: words drawn for each batch.

    Call arguments:
        inputs: those of `Carried`, and `targets`, int32 (rows, window).

    Returns:
        While training, logits (rows, window, 2 + samples), the right word's in the second place; else
        (rows, window, classes).
    """

    def __init__(self, core: keras.Model, rows: int, samples: int):
        super().__init__(core, rows)
        self.samples, self.draw = samples, keras.random.SeedGenerator()
        self.embedding = core.get_layer("embedding")
        read = core.get_layer("dropout").output
        self.reader = keras.Model(core.input, {"read": read} | {n: core.output[n] for n in state_names(core)})

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Reads a window, and keeps the states behind it."""
        given = {name: inputs[name] for name in ("tokens", "start")}
        if not training:
            return super().call(given)
        targets, read = inputs["targets"], self.carry(self.reader, given, "training")["read"]
        read = tf.cast(read, tf.float32)
        vectors = tf.cast(self.embedding.embeddings, tf.float32)
        size = self.embedding.input_dim
        drawn = log_uniform(self.samples, size, self.draw)
        right = tf.reduce_sum(read * tf.gather(vectors, targets), axis=2)
        others = tf.einsum("btw,sw->bts", read, tf.gather(vectors, drawn))
        others -= log_expected(drawn, self.samples, size)
        # The right word is no wrong one, though it may be drawn.
        others = tf.where(targets[..., None] == drawn, _NEVER, others)
        none = tf.fill(tf.shape(right), _NEVER)
        return tf.concat([none[..., None], right[..., None], others], axis=2)


class SampledCrossentropy(WindowCrossentropy):
    """The loss of `Sampled`: of the right word among those that were drawn, or among all.

    Args:
        padding: target of the steps that are not there.
        samples: words drawn for each batch.
    """

    def __init__(self, padding: int, samples: int):
        super().__init__(padding)
        self.samples = samples

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns (batch,)."""
        if y_pred.shape[2] == 2 + self.samples:
            y_true = tf.where(tf.equal(y_true, self.padding), self.padding, _RIGHT)
        return super().call(y_true, y_pred)


def windowed(core: keras.Model, rows: int, samples: int, padding: int) -> tuple[Carried, WindowCrossentropy]:
    """Returns what trains a language model over windows, and its loss.

    Args:
        core, rows: as `Carried` takes them.
        samples: words drawn for each batch; 0: the right one is compared with all.
        padding: target of the steps that are not there.

    Raises:
        ZooError: words are to be drawn, and are not scored with the vectors that they are read as; or there
            are no more than are to be drawn.
    """
    if not samples:
        return Carried(core, rows), WindowCrossentropy(padding)
    if samples + 2 >= (size := core.output["logits"].shape[-1]):
        raise ZooError(f"--samples {samples}: there are {size:,} words; draw fewer, or leave it out")
    if not core.get_layer("embedding").tie_weights:
        raise ZooError(
            "--samples: is for words that are scored with the vectors they are read as: add --tied"
        )
    return Sampled(core, rows, samples), SampledCrossentropy(padding, samples)


def log_uniform(number: int, size: int, seed: keras.random.SeedGenerator) -> tf.Tensor:
    """Draws numbers below `size`, int32 (number,): k by chance of log((k + 2) / (k + 1)) / log(size + 1)."""
    drawn = tf.exp(ops.convert_to_tensor(keras.random.uniform([number], seed=seed)) * math.log(size + 1))
    return tf.minimum(tf.cast(drawn, tf.int32) - 1, size - 1)


def log_expected(numbers: tf.Tensor, samples: int, size: int) -> tf.Tensor:
    """Returns the logarithm of how often numbers are among so many that `log_uniform` draws, on average."""
    k = tf.cast(numbers, tf.float32)
    return tf.math.log(samples * tf.math.log1p(1 / (k + 1)) / math.log(size + 1))
