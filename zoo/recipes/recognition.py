"""Recognition: many-to-one over numbers. A signal goes in, one label comes out.

    x1  x2  x3  x4  x5  x6  x7  x8    what was measured, in one channel or several; some may be missing
     \\___ |  _/      \\___ |  _/
        CNN             CNN           strided convolutions: fewer steps, each of which has seen its neighbours
         |               |
        RNN <---------> RNN           bidirectional, stacked
          \\____      ____/
              one vector              the mean or the maximum over time, or the last state
                  |
                label

Run it:      python -m zoo.recipes.recognition
Its data:    seven exercises for the shoulder, felt by a smartwatch; nothing is downloaded.
Expect:      an accuracy of about 0.85 on persons who were never seen; a minute on two cores.
Others:      --preset vowels (who said it?), --dataset gun_point, --cell tdnn (no state at all)
Your data:   --dataset TABLE.csv (columns id, label, and numbers), FOLDER (a folder for each label) or FILE.ts
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Literal

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from zoo import cli, data, export, layers, tasks, training
from zoo.training import Count, NotNegative, Positive, Share, Size

LARGEST = 1e15  # standard deviations from the mean, whose square float32 still holds


@dataclass(frozen=True)
class Config(training.Settings):
    """What one experiment is; presets and flags change it."""

    dataset: str = "shoulder_exercises"
    """shoulder_exercises, japanese_vowels, basic_motions, gun_point, italy_power_demand, osu_leaf, plaid,
    smartwatch_gestures, or a CSV, TSV, JSONL, Parquet or .ts file, or a folder."""
    columns: str = ""
    """Of the user's own data, the columns of numbers that are read, joined by commas; empty: all."""
    max_steps: Annotated[int, training.Range(1, 10_000)] = 2_000
    """Steps read of each signal, from its start."""
    encoder: Literal["conv", "none"] = "conv"
    """What reads the signal first: convolutions over time, or nothing."""
    convolutions: Count = 2
    """Convolutions on top of each other."""
    filters: Count = 64
    """Features of each."""
    kernel: Count = 7
    """Steps that each looks at."""
    stride: Count = 3
    """Each leaves one step of so many."""
    normalize: bool = True
    """Bring the features of each step to one mean and spread; not where small sizes tell labels apart."""
    cell: layers.AnyCell = "gru"
    """Recurrent cell; tdnn: a time-delay network in its place, which has no state."""
    layers: Count = 1
    """Bidirectional layers on top of each other."""
    units: Count = 64
    """Size of the state, in each direction."""
    pooling: Literal["last", "max", "mean"] = "mean"
    """How the top layer becomes one vector: last state, or maximum or mean over time."""
    dropout: Share = 0.3
    """Dropout between layers: along depth, never along time."""
    crop: Share = 0.2
    """Most of a training signal that is left out at its ends."""
    warp: Share = 0.2
    """How unevenly time runs in a training signal."""
    scale: NotNegative = 0.3
    """Standard deviation of the factor by which each channel of a training signal is made larger."""
    jitter: NotNegative = 0.1
    """Noise added to training signals, in standard deviations of a channel."""
    hidden: Share = 0.02
    """Share of a training signal's numbers that are made missing."""
    # Other defaults than elsewhere; what they mean is said where they are inherited from.
    epochs: Count = 30
    batch_size: Count = 32
    learning_rate: Positive = 2e-3
    patience: Size = 0


# Data -------------------------------------------------------------------------------------------------------


def make_batches(config: Config, scaling: data.Scaling, part: data.Part, replicas: int) -> data.Batches:
    """Scales every signal once; the batches are drawn from the cached numbers."""

    def encode_block(values, labels):
        return inputs_of(scaling, values[:, : config.max_steps]), labels

    return data.Batches.encoded(part.blocks("values", "label"), encode_block, config.batch_size, replicas)


def inputs_of(scaling: data.Scaling, values: tf.RaggedTensor) -> dict[str, tf.RaggedTensor]:
    """Turns numbers (batch, time, channels) into the model's inputs."""
    return {
        "signal": values.with_values(scaling(values.values)),
        "real": values.with_values(tf.ones(tf.shape(values.values)[:1], tf.int32)),
    }


# Model ------------------------------------------------------------------------------------------------------


def build_model(config: Config, channels: int, labels: int) -> keras.Model:
    """Builds signal (batch, time, 2 * channels), `real` (batch, time): 0 or 1 -> logits (batch, labels)."""
    signal = keras.Input((None, 2 * channels), name="signal")
    real = keras.Input((None,), dtype="int32", name="real")
    mask = ops.not_equal(real, 0)
    x = layers.SignalAugmentation(
        config.crop, config.warp, config.scale, config.jitter, config.hidden, config.seed, name="augmentation"
    )(signal, mask=mask)

    # Convolutions: what a moment looks like, and fewer moments to remember.
    for number in range(1, (config.convolutions if config.encoder == "conv" else 0) + 1):
        convolution = layers.SequenceConv1D(
            config.filters, config.kernel, strides=config.stride, name=f"conv_{number}"
        )
        x, mask = convolution(x, mask=mask), mask[:, :: config.stride]
        if config.normalize:
            x = keras.layers.LayerNormalization(name=f"scale_{number}")(x)
        x = keras.layers.Activation("relu", name=f"relu_{number}")(x)
        x = keras.layers.Dropout(config.dropout, name=f"conv_dropout_{number}")(x)

    # Memory: layer on layer, each reading in both directions.
    for number in range(1, config.layers + 1):
        if config.cell == "tdnn":
            layer = layers.time_delay(2 * config.units, number, return_sequences=config.pooling != "last")
        else:
            rnn = layers.recurrent(config.cell, config.units, return_sequences=True, name=f"rnn_{number}")
            layer = keras.layers.Bidirectional(rnn, name=f"both_ways_{number}")
        x = layer(x, mask=mask)
        x = keras.layers.Dropout(config.dropout, name=f"dropout_{number}")(x)
    x = layers.MaskedPooling(config.pooling, name="pooling")(x, mask=mask)

    # Logits stay float32 under mixed precision: a loss needs more digits than half precision has.
    logits = keras.layers.Dense(labels, dtype="float32", name="logits")(x)
    return keras.Model({"signal": signal, "real": real}, logits, name="recognition")


# Serving ----------------------------------------------------------------------------------------------------


class Recognition(export.Serving):
    """Raw numbers in; label and scores out; scaling is part of the graph."""

    mapping = "recognition"

    def __init__(
        self,
        config: Config,
        model: keras.Model,
        scaling: data.Scaling,
        about: tasks.AboutSignals,
        labels: Sequence[str],
        temperature: float = 1,
    ):
        super().__init__(model, config, labels, own={"signals": asdict(about), "temperature": temperature})
        self.temperature = temperature
        self.scaling, self.label_names = scaling, tf.constant(labels)
        self.channels, self.longest = len(about.channels), about.longest

    @export.signature(values=lambda self: tf.TensorSpec([None, None, self.channels], tf.float64))
    def recognise(self, values):
        """Returns `label` and `score` (batch,), `labels` and `scores` (batch, labels), `valid`, `truncated`.

        NaN is a number that is missing; what stands behind the last step with a number is not read, so that
        signals of unequal length are padded with NaN. A signal without a number, or with one that is endless
        or too large to compute with, has the label "" and the scores 0, and is not `valid`. Of more than
        `max_steps` steps the first are read.
        """
        cut = values[:, : self.config.max_steps]
        observed = tf.reduce_any(~tf.math.is_nan(values[:, self.config.max_steps :]), axis=[1, 2])
        return {**self.run(cut), "truncated": observed}

    @export.signature(
        name="step",
        values=lambda self: tf.TensorSpec([None, self.channels], tf.float64),
        state=lambda self: tf.TensorSpec([None, 1 + self.longest * self.channels], tf.float64),
    )
    def step(self, values, state):
        """Takes in what one moment brings, and returns what the signal so far is, and the `state` behind it.

        `state` is what the step before returned, zeros at first: how many moments there were, and the last of
        them, as many as the longest signal of training had. What came before these is forgotten.
        """
        shape = [-1, self.longest, self.channels]
        kept = tf.concat([tf.reshape(state[:, 1:], shape)[:, 1:], values[:, None]], axis=1)
        count = tf.minimum(state[:, 0] + 1, self.longest)
        first = self.longest - tf.cast(count, tf.int32)
        places = tf.range(self.longest) + first[:, None]  # the oldest first; behind the newest nothing
        so_far = tf.gather(kept, tf.minimum(places, self.longest - 1), batch_dims=1)
        so_far = tf.where((places < self.longest)[..., None], so_far, np.nan)
        after = tf.concat([count[:, None], tf.reshape(kept, [-1, self.longest * self.channels])], axis=1)
        return {**self.run(so_far), "state": after}

    @export.signature(
        name="states", values=lambda self: tf.TensorSpec([None, None, self.channels], tf.float64)
    )
    def states(self, values):
        """Returns `activations` (batch, steps, units) of the recurrent layers, and the `layers` of units.

        A step of these is `stride` steps of the signal for each convolution. What would take too much memory
        is `truncated` (batch,).
        """
        shown = [self.model.get_layer(f"both_ways_{n}") for n in range(1, self.config.layers + 1)]
        ragged, _ = self.cut_to_end(values[:, : self.config.max_steps])
        ragged, truncated = export.cut_to_show(ragged, shown)
        inputs = {name: rows.to_tensor() for name, rows in inputs_of(self.scaling, ragged).items()}
        return {**export.activations(self.model, shown, inputs), "truncated": truncated}

    @export.once(tf.TensorSpec([None, None, None], tf.float64))
    def run(self, values: tf.Tensor) -> dict[str, tf.Tensor]:
        """Recognises signals (batch, time, channels)."""
        ragged, observed = self.cut_to_end(values)
        inputs = inputs_of(self.scaling, ragged)
        finite = tf.reduce_all(tf.abs(inputs["signal"].to_tensor()) < LARGEST, axis=[1, 2])
        logits = export.by_length(self.model, inputs, tf.TensorSpec([None, len(self.label_names)]))
        valid = observed & finite & tf.reduce_all(tf.math.is_finite(logits), axis=1)
        scores = tf.where(valid[:, None], tf.nn.softmax(logits / self.temperature), 0.0)
        return {
            "label": tf.where(valid, tf.gather(self.label_names, tf.argmax(scores, axis=1)), ""),
            "score": tf.reduce_max(scores, axis=1),
            "labels": tf.repeat(self.label_names[None], tf.shape(values)[0], axis=0),
            "scores": scores,
            "valid": valid,
        }

    def cut_to_end(self, values: tf.Tensor) -> tuple[tf.RaggedTensor, tf.Tensor]:
        """Leaves out steps behind the last number, but for one; tells which signals have any number."""
        values = tf.pad(values, [[0, 0], [0, 1], [0, 0]], constant_values=np.nan)
        observed = tf.reduce_any(~tf.math.is_nan(values), axis=2)
        ends = tf.reduce_max(tf.where(observed, tf.range(1, tf.shape(values)[1] + 1), 0), axis=1)
        return tf.RaggedTensor.from_tensor(values, tf.maximum(ends, 1)), ends > 0


# Program ----------------------------------------------------------------------------------------------------


def main(config: Config) -> None:
    """Trains, evaluates and exports."""
    run = training.Run(__file__, config)
    examples = run.load("recognition", columns=config.columns)
    train, labels = examples.train.column("values"), examples.label_names
    scaling = data.Scaling.fit(train.values.numpy())
    about = tasks.AboutSignals.of_training(examples.columns, train, config.max_steps, scaling)
    model = run.build(build_model, config, len(about.channels), len(labels))
    run.start_from(model, by_label=["logits"])
    known = make_batches(config, scaling, examples.train, run.replicas)
    validation = make_batches(config, scaling, examples.validation, run.replicas)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    run.fit(model, known, validation, loss, [keras.metrics.SparseCategoricalAccuracy(name="accuracy")])

    module = Recognition(config, model, scaling, about, labels, training.calibrated(model, validation)[0])
    run.evaluate(module)
    run.export(module, tasks.recognition_samples(examples.test, module.longest))


if __name__ == "__main__":
    cli.run(Config, main, presets="recognition")
