"""Forecasting: many-to-one and many-to-many. What was observed goes in; the next days come out, with bounds.

    x1   x2   x3   x4            observations, as deviations from what is usual for the time of year
    |    |    |    |
    RNN--RNN--RNN--RNN == state ==> with the next observation, and so on: live data
    |    |    |    |
    +    +    +    +             a readout of all steps ahead: --horizon 1 forecasts the next value alone
                   |
      low, median, high of x5 x6 x7 ...

Run it:      python -m zoo.recipes.forecasting
Its data:    the highest temperature of each day in Seattle, 2012-2015; nothing is downloaded.
Expect:      a MASE of 1.16 over 7 days of a new year, 6 % below that of the best simple method, and bounds
             that hold 79 % of what comes (80 % are asked for); under two minutes on two cores.
Others:      --columns temp_max,temp_min,wind --targets temp_max; --horizon 1; --cell simple_rnn; --members 1
Your data:   --dataset SERIES.csv (a column of dates, then columns of numbers) --year 0 or 2 --week 0 or 3
"""

from dataclasses import asdict, dataclass, replace
from typing import Annotated

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from zoo import cli, data, export, layers, metrics, show, tasks, text, training
from zoo.training import Count, NotNegative, Positive, Share, Size


@dataclass(frozen=True)
class Config(training.Settings):
    """What one experiment is; presets and flags change it."""

    dataset: str = "seattle_weather"
    """seattle_weather, or a CSV, TSV, JSONL or Parquet file with a column of times and columns of numbers."""
    columns: str = ""
    """Columns that are read, joined by commas; empty: of seattle_weather temp_max, of a file all."""
    targets: str = ""
    """Those of them that are forecast, joined by commas; empty: all."""
    time: str = ""
    """Of a file, the column of times; empty: the first."""
    window: Count = 90
    """Observations that a forecast looks back on."""
    horizon: Count = 7
    """Steps that are forecast; 1: the next value alone."""
    quantiles: Annotated[tuple[float, ...], training.Levels()] = (0.1, 0.5, 0.9)
    """Shares of what comes that shall lie below each forecast; 0.5, the median, is the point forecast. 0.5
    alone: no bounds."""
    year: Size = 2
    """Harmonics of what is usual for the time of year; 0: none, as for data of less than two years."""
    week: Size = 0
    """The same for the time of the week."""
    day: Size = 0
    """The same for the time of day."""
    cell: layers.Cell = "gru"
    """Recurrent cell."""
    layers: Count = 1
    """Layers on top of each other."""
    units: Count = 16
    """Size of each layer's state."""
    members: Count = 4
    """Networks that learn alone and whose quantiles are averaged: an ensemble."""
    dropout: Share = 0.5
    """Dropout behind each layer: along depth, never along time."""
    warm_up: Size = 20
    """First steps of each training window whose forecasts do not count: little has been seen there."""
    shift: NotNegative = 0.4
    """Windows of training are shifted by random amounts of this size, in standard deviations: no year is
    like another."""
    blend: bool = True
    """Windows of training are drawn as weighted sums of two."""
    steps_per_epoch: Size = 100
    """Batches in an epoch; 0: as many windows as there are."""
    # Other defaults than elsewhere; what they mean is said where they are inherited from.
    epochs: Count = 6
    batch_size: Count = 32
    learning_rate: Positive = 5e-3
    weight_average: Annotated[float, training.Range(0, 0.99999)] = 0.98
    patience: Size = 0


# Data -------------------------------------------------------------------------------------------------------


def make_windows(config: Config, series: data.Series, climatology, targets, replicas: int) -> data.Windows:
    """Cuts a series into windows of training."""
    deviations = climatology.deviations(series.values, series.times).numpy()
    waves = data.waves(series.times, climatology.cycles).numpy()
    steps = (config.window, config.horizon, config.warm_up)
    augmentation = data.Augmentation(config.shift, config.blend)
    return data.Windows(deviations, waves, targets, *steps, config.batch_size, replicas, augmentation)


# Model ------------------------------------------------------------------------------------------------------


def build_model(
    config: Config, columns: int, waves_count: int, targets: int, carried: bool = False
) -> keras.Model:
    """Builds deviations (batch, time, columns) -> quantiles behind each step (batch, time, members, ...).

    Args:
        config: sizes.
        columns: that are read.
        waves_count: of the time of year and the like, which are read too.
        targets: how many columns are forecast.
        carried: whether states `state_0` ... (batch, units) go in, and `quantiles` and states come out.
    """
    inputs = {
        "deviations": keras.Input((None, columns), name="deviations"),
        "waves": keras.Input((None, waves_count), name="waves"),
    }
    read = ops.concatenate(list(inputs.values()), axis=-1)
    states_each = layers.states_of(config.cell)
    names = [f"state_{i}" for i in range(config.members * config.layers * states_each)]
    states = {name: keras.Input((config.units,), name=name) for name in names} if carried else {}

    sequences_and_states = {"return_sequences": True, "return_state": True}
    readouts, left, after = [], list(states.values()), []
    for member in range(1, config.members + 1):
        x = read
        for number in range(1, config.layers + 1):
            own, left = left[:states_each], left[states_each:]
            name = f"member_{member}_rnn_{number}"
            layer = layers.recurrent(config.cell, config.units, **sequences_and_states, name=name)
            x, *behind = layer(x, initial_state=own or None)
            after += behind
            x = keras.layers.Dropout(config.dropout, name=f"member_{member}_dropout_{number}")(x)

        # What was read last goes straight to the readout, too: tomorrow is like today. Quantiles stay float32
        # under mixed precision: small steps between them would be lost.
        x = ops.concatenate([x, read], axis=-1)
        shape = (-1, 1, config.horizon, targets, len(config.quantiles))
        size, small = int(np.prod(shape[2:])), keras.initializers.RandomNormal(stddev=0.02)
        name = f"member_{member}_readout"
        dense = keras.layers.Dense(size, kernel_initializer=small, dtype="float32", name=name)
        readouts.append(keras.layers.Reshape(shape, name=f"member_{member}")(dense(x)))
    together = ops.concatenate(readouts, axis=2) if len(readouts) > 1 else readouts[0]
    quantiles = layers.quantiles_in_order(together, config.quantiles.index(0.5))
    if not carried:
        return keras.Model(inputs, quantiles, name="forecasting")
    outputs = {"quantiles": quantiles, **dict(zip(names, after, strict=True))}
    return keras.Model({**inputs, **states}, outputs, name="forecasting")


# Serving ----------------------------------------------------------------------------------------------------


class Forecasting(export.Serving):
    """Raw numbers and dates in; forecasts and quantiles, in the numbers' own units, out.

    Args:
        factors: by which quantiles lie farther from the median than was learned, (targets, levels).
    """

    mapping = "series"

    def __init__(
        self,
        config: Config,
        model: keras.Model,
        climatology: data.Climatology,
        about: tasks.About,
        factors: np.ndarray | float = 1.0,
    ):
        count = model.input["waves"].shape[-1]
        reader = build_model(config, len(about.columns), count, len(about.targets), carried=True)
        trained = {weight.path: weight for weight in model.weights}
        for weight in reader.weights:
            weight.assign(trained[weight.path])
        super().__init__(reader, config, about.columns, own={"series": asdict(about)})
        self.factors = np.asarray(factors, np.float32)
        self.climatology, self.interval, self.columns = climatology, about.interval, len(about.columns)
        self.targets = [about.columns.index(name) for name in about.targets]
        self.sizes = [config.units] * (len(reader.input) - 2)

    @export.signature(
        values=lambda self: tf.TensorSpec([None, None, self.columns], tf.float64),
        time=tf.TensorSpec([None], tf.string),
    )
    def forecast(self, values, time):
        """Forecasts what follows windows of observations, the last of which was made at `time`.

        Numbers that are missing (NaN), endless or too large to compute with, a `time` that is no date, where
        the model knows cycles, and a window without observations give NaN and are not `valid`. The last
        10,000 observations are read; if there are more, all are `truncated`.
        """
        truncated = tf.fill([tf.shape(values)[0]], tf.shape(values)[1] > export.MOST_SHOWN)
        values = values[:, -export.MOST_SHOWN :]
        # Keras's loops need one step at least: where there is none, one that is missing.
        missing = tf.maximum(0, 1 - tf.shape(values)[1])
        padded = tf.pad(values, [[0, 0], [0, missing], [0, 0]], constant_values=np.nan)
        answer, _ = self.run(padded, time, tf.zeros([tf.shape(values)[0], sum(self.sizes)]))
        return {**answer, "truncated": truncated}

    @export.signature(
        name="step",
        values=lambda self: tf.TensorSpec([None, self.columns], tf.float64),
        time=tf.TensorSpec([None], tf.string),
        state=lambda self: tf.TensorSpec([None, sum(self.sizes)], tf.float32),
    )
    def step(self, values, time, state):
        """Takes in one observation, made at `time`, and forecasts what follows it.

        `state` is what the step before returned, zeros at first. What is not `valid`, as in `forecast`,
        leaves it as it was. No step is valid from a state that holds NaN or infinity: begin with zeros again.
        """
        answer, after = self.run(values[:, None], time, state)
        return {**answer, "state": tf.where(answer["valid"][:, None], after, state)}

    def run(
        self, values: tf.Tensor, time: tf.Tensor, state: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """Reads observations (batch, time, columns), one at least, from the states of all layers on.

        Returns:
            `forecast`, float64 (batch, horizon, targets), `quantiles` (..., levels), and `valid` (batch,);
            and the states behind the last observation.
        """
        seconds, dated = text.dates.seconds(time)
        steps = tf.shape(values, tf.int64)[1]
        times = seconds[:, None] + self.interval * tf.range(1 - steps, 1)
        deviations = self.climatology.deviations(values, times)
        states = {f"state_{i}": part for i, part in enumerate(tf.split(state, self.sizes, axis=1))}
        inputs = {"deviations": deviations, "waves": data.waves(times, self.climatology.cycles), **states}
        outputs = self.model(inputs, training=False)

        ahead = seconds[:, None] + self.interval * tf.range(1, self.config.horizon + 1, dtype=tf.int64)
        normal = tf.gather(self.climatology.normal(ahead), self.targets, axis=-1)
        together = tf.reduce_mean(outputs["quantiles"][:, -1], axis=1)  # of the ensemble
        middle = self.config.quantiles.index(0.5)
        median = together[..., middle : middle + 1]
        # What is moved to or from the median stays on its side of it, and in order.
        together = tf.sort(median + self.factors * (together - median), axis=-1)
        quantiles = tf.cast(together, tf.float64) * self.climatology.spread[self.targets][:, None]
        quantiles += normal[..., None]
        valid = dated | (not self.climatology.cycles)
        for numbers in (deviations, state, quantiles):
            valid &= tf.reduce_all(tf.math.is_finite(numbers), axis=list(range(1, len(numbers.shape))))
        quantiles = tf.where(valid[:, None, None, None], quantiles, tf.constant(np.nan, tf.float64))
        forecast = quantiles[..., middle]
        after = tf.concat([outputs[name] for name in states], axis=1)
        return {"forecast": forecast, "quantiles": quantiles, "valid": valid}, after


# Program ----------------------------------------------------------------------------------------------------


def main(config: Config) -> None:
    """Trains, evaluates and exports."""
    run = training.Run(__file__, config)
    examples = run.load("series", columns=config.columns, time=config.time)
    columns, targets = list(examples.label_names), data.numbers_of(examples.label_names, config.targets)
    history = data.History.of(examples)
    harmonics = {"year": config.year, "week": config.week, "day": config.day}
    history.check(config.dataset, config.window, config.horizon, harmonics)
    cycles = data.cycles_of(**harmonics)
    climatology = data.Climatology.fit(history.train.values, history.train.times, cycles)
    train = make_windows(config, history.train, climatology, targets, run.replicas)
    # Windows that end where validation begins look back on training rows; only what comes last counts.
    before, last_step = history.validation_after(config.window), replace(config, warm_up=config.window - 1)
    validation = make_windows(last_step, before, climatology, targets, run.replicas)
    model = run.build(build_model, config, len(columns), train.waves.shape[1], len(targets))
    run.start_from(model, whole=[f"member_{member}_readout" for member in range(1, config.members + 1)])
    run.fit(model, train, validation, training.PinballLoss(config.quantiles))

    known = history.known
    scale = metrics.naive_error(history.train.values[:, targets]).tolist()
    whole, wanted = history.whole, [columns[number] for number in targets]
    seen = np.stack([known.values.min(axis=0), known.values.max(axis=0)], axis=1).tolist()
    about = tasks.About(columns, wanted, whole.interval, scale, seen)
    # Bounds are as wide as they should have been in the validation part, which the network did not learn.
    before = Forecasting(config, model, climatology, about)
    truth, quantiles, _ = tasks.rolling(before, known, len(history.train.times))
    factors = training.conformal_factors(truth[..., targets], quantiles, config.quantiles)
    # What is usual is known best from everything before the test part; so do the baselines.
    climatology = data.Climatology.fit(known.values, known.times, cycles)
    module = Forecasting(config, model, climatology, about, factors)
    quantiles, rows = run.evaluate(module)["test"].predicted
    usual, picture = climatology.normal(whole.times).numpy(), run.folder.directory / "forecast.png"
    show.draw_forecasts(whole, targets, config.quantiles, quantiles, rows, usual, picture)
    run.export(module, tasks.forecasting_samples(whole, sum(module.sizes)))


if __name__ == "__main__":
    cli.run(Config, main, presets="forecasting")
