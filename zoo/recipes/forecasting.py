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
             --series store --static kind: several series in one table, which one model learns; --known
             price,holiday: columns that are known ahead; --missing: cells may be blank, rows may be left out
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from zoo import cli, data, export, layers, show, tasks, text, training
from zoo.errors import ZooError
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
    series: str = ""
    """Of a file with several series, the column that tells them apart; empty: it holds one."""
    static: str = ""
    """Of several series, columns that say more of each, such as its region, joined by commas."""
    known: str = ""
    """Columns of numbers that are known ahead, such as holidays and prices, joined by commas."""
    missing: bool = False
    """Values may be missing: blank cells, and rows that are left out. They are no part of what is learned."""
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
    static_units: Count = 8
    """Of several series, numbers that stand for what is said of one."""
    dropout: Share = 0.5
    """Dropout behind each layer: along depth, never along time."""
    warm_up: Size = 20
    """First steps of each training window whose forecasts do not count: little has been seen there."""
    shift: NotNegative = 0.4
    """Windows of training are shifted by random amounts of this size, in standard deviations: no year is
    like another."""
    blend: bool = True
    """Windows of training are drawn as weighted sums of two."""
    differences: bool = False
    """Changes from one step to the next are read, and what is forecast is how far what comes lies from what
    was observed last: for series that drift away, and come back to no level."""
    steps_per_epoch: Size = 100
    """Batches in an epoch; 0: as many windows as there are."""
    # Other defaults than elsewhere; what they mean is said where they are inherited from.
    epochs: Count = 6
    batch_size: Count = 32
    learning_rate: Positive = 5e-3
    weight_average: Annotated[float, training.Range(0, 0.99999)] = 0.98
    patience: Size = 0


# Data -------------------------------------------------------------------------------------------------------


def make_windows(
    config: Config, panel: Sequence[data.Series], usual: data.Usual, targets: Sequence[int], replicas: int
) -> data.Windows:
    """Cuts series into windows of training."""
    steps = (config.window, config.horizon, config.warm_up)
    augmentation = data.Augmentation(config.shift, config.blend)
    batches = (config.batch_size, replicas, augmentation)
    reads = (usual.known, usual.missing, usual.differences)
    return data.Windows(usual.stretches(panel), targets, *steps, *batches, *reads)


# Model ------------------------------------------------------------------------------------------------------


def build_model(
    config: Config,
    columns: int,
    waves_count: int,
    targets: int,
    static: int = 0,
    carried: bool = False,
) -> keras.Model:
    """Builds deviations (batch, time, columns) -> quantiles behind each step (batch, time, members, ...).

    Args:
        config: sizes.
        columns: that are read.
        waves_count: of the time of year and the like, which are read too.
        targets: how many columns are forecast.
        static: numbers that say which of several series it is, and what.
        carried: whether states `state_0` ... (batch, units) go in, and `quantiles` and states come out.
    """
    inputs = {
        "deviations": keras.Input((None, columns), name="deviations"),
        "waves": keras.Input((None, waves_count), name="waves"),
    }
    if config.missing:
        inputs["observed"] = keras.Input((None, columns), name="observed")
    read = ops.concatenate(list(inputs.values()), axis=-1)
    if known := len(data.names_in(config.known)):
        inputs["ahead"] = keras.Input((None, config.horizon, known), name="ahead")
        read = ops.concatenate(
            [read, keras.layers.Reshape((-1, config.horizon * known))(inputs["ahead"])], axis=-1
        )
    if static:
        inputs["static"] = keras.Input((static,), name="static")
        said = keras.layers.Dense(config.static_units, use_bias=False, name="static_units")(inputs["static"])
        at_each = ops.zeros_like(read[..., :1]) + said[:, None]
        read = ops.concatenate([read, at_each], axis=-1)
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
        readout = keras.layers.Reshape(shape, name=f"member_{member}")(dense(x))
        if known:
            readout = readout + build_local(config, member, targets, x, inputs["ahead"])
        readouts.append(readout)
    together = ops.concatenate(readouts, axis=2) if len(readouts) > 1 else readouts[0]
    quantiles = layers.quantiles_in_order(together, config.quantiles.index(0.5))
    if not carried:
        return keras.Model(inputs, quantiles, name="forecasting")
    outputs = {"quantiles": quantiles, **dict(zip(names, after, strict=True))}
    return keras.Model({**inputs, **states}, outputs, name="forecasting")


def build_local(config: Config, member: int, targets: int, x, ahead):
    """Builds what each step ahead adds for what is known of it, by weights that all steps share.

    What a holiday does depends on the shop and on how things stand: the local decoder of Wen et al. (2017).

    Args:
        config: sizes.
        member: number of the network.
        targets: how many columns are forecast.
        x: what is known at each step (batch, time, features).
        ahead: what is known of the steps behind it (batch, time, horizon, known).

    Returns:
        (batch, time, 1, horizon, targets, levels).
    """

    def dense(size: int, name: str, **options):
        return keras.layers.Dense(size, name=f"member_{member}_local_{name}", **options)

    at_all = ops.expand_dims(dense(config.units, "context")(x), axis=2)
    hidden = ops.relu(at_all + dense(config.units, "ahead", use_bias=False)(ahead))
    size, small = targets * len(config.quantiles), keras.initializers.RandomNormal(stddev=0.02)
    added = dense(size, "readout", kernel_initializer=small, dtype="float32")(hidden)
    shape = (-1, 1, config.horizon, targets, len(config.quantiles))
    return keras.layers.Reshape(shape, name=f"member_{member}_local")(added)


# Serving ----------------------------------------------------------------------------------------------------


class Forecasting(export.Serving):
    """Raw numbers and dates in; forecasts and quantiles, in the numbers' own units, out.

    Args:
        usual: of each series.
        about: what the manifest says.
        factors: by which quantiles lie farther from the median than was learned, (targets, levels).
    """

    mapping = "series"

    def __init__(
        self,
        config: Config,
        model: keras.Model,
        usual: data.Usual,
        about: tasks.About,
        factors: np.ndarray | float = 1.0,
    ):
        targets, static = about.places(about.targets), usual.statics.size
        count = model.input["waves"].shape[-1]
        reader = build_model(config, len(about.columns), count, len(targets), static, carried=True)
        trained = {weight.path: weight for weight in model.weights}
        for weight in reader.weights:
            weight.assign(trained[weight.path])
        factors = np.asarray(factors, np.float32)
        of_each = np.broadcast_to(factors, (len(targets), len(config.quantiles)))
        told = {"series": asdict(about), "usual": {**usual.told(), "factors": of_each.tolist()}}
        super().__init__(reader, config, about.columns, own=told)
        self.factors = factors
        self.usual, self.interval, self.columns = usual, about.interval, len(about.columns)
        self.targets, self.statics = targets, len(about.static)
        states = sum(name.startswith("state_") for name in reader.input)
        # Behind them, where changes are read, the last observation, and whether there was one.
        self.sizes = [*[config.units] * states, self.columns + 1 if config.differences else 0]

    def _static(self) -> tf.TensorSpec | None:
        return tf.TensorSpec([None, self.statics], tf.string) if self.statics else None

    def _known(self) -> tf.TensorSpec | None:
        known = len(self.usual.known)
        return tf.TensorSpec([None, self.config.horizon, known], tf.float64) if known else None

    @export.signature(
        values=lambda self: tf.TensorSpec([None, None, self.columns], tf.float64),
        time=tf.TensorSpec([None], tf.string),
        static=_static,
        known=_known,
    )
    def forecast(self, values, time, static=None, known=None):
        """Forecasts what follows windows of observations, the last of which was made at `time`.

        A model of several series takes `static`, the name of each window's and what else is said of it; one
        that reads columns which are known ahead takes them in `known`, of all steps of the horizon.

        Numbers that are missing (NaN), but for a model that was told that they may be, endless or too large
        to compute with, a `time` that is no date, where the model knows cycles, and a window without
        observations give NaN and are not `valid`. The last 10,000 observations are read; if there are more,
        all are `truncated`.
        """
        truncated = tf.fill([tf.shape(values)[0]], tf.shape(values)[1] > export.MOST_SHOWN)
        values = values[:, -export.MOST_SHOWN :]
        # Keras's loops need one step at least: where there is none, one that is missing.
        missing = tf.maximum(0, 1 - tf.shape(values)[1])
        padded = tf.pad(values, [[0, 0], [0, missing], [0, 0]], constant_values=np.nan)
        state = tf.zeros([tf.shape(values)[0], sum(self.sizes)])
        answer, _ = self.run(padded, time, state, static, known)
        return {**answer, "truncated": truncated}

    @export.signature(
        name="step",
        values=lambda self: tf.TensorSpec([None, self.columns], tf.float64),
        time=tf.TensorSpec([None], tf.string),
        state=lambda self: tf.TensorSpec([None, sum(self.sizes)], tf.float32),
        static=_static,
        known=_known,
    )
    def step(self, values, time, state, static=None, known=None):
        """Takes in one observation, made at `time`, and forecasts what follows it.

        `state` is what the step before returned, zeros at first. What is not `valid`, as in `forecast`,
        leaves it as it was. No step is valid from a state that holds NaN or infinity: begin with zeros again;
        nor one of a series that is none of those learned, since what is usual of it is not known.
        """
        answer, after = self.run(values[:, None], time, state, static, known, alone=True)
        return {**answer, "state": tf.where(answer["valid"][:, None], after, state)}

    def run(self, values, time, state, static, known, alone: bool = False):
        """Reads observations (batch, time, columns), one at least, from the states of all layers on.

        Returns:
            `forecast`, float64 (batch, horizon, targets), `quantiles` (..., levels), and `valid` (batch,);
            and the states behind the last observation.
        """
        seconds, dated = text.dates.seconds(time)
        steps, cycles = tf.shape(values, tf.int64)[1], self.usual.climatologies.cycles
        times = seconds[:, None] + self.interval * tf.range(1 - steps, 1)
        ahead = seconds[:, None] + self.interval * tf.range(1, self.config.horizon + 1, dtype=tf.int64)
        *parts, last = tf.split(state, self.sizes, axis=1)
        states = {f"state_{i}": part for i, part in enumerate(parts)}
        read = self.usual.read(values, times, ahead, static, known, last if alone else None)
        outputs = self.model(read.inputs | states, training=False)

        together = tf.reduce_mean(outputs["quantiles"][:, -1], axis=1)  # of the ensemble
        middle = self.config.quantiles.index(0.5)
        median = together[..., middle : middle + 1]
        # What is moved to or from the median stays on its side of it, and in order.
        together = tf.sort(median + self.factors * (together - median), axis=-1)
        spread, base = (tf.gather(x, self.targets, axis=-1)[..., None] for x in (read.spread, read.base))
        quantiles = tf.cast(together, tf.float64) * spread + base
        valid = read.valid & (dated | (not cycles))
        for numbers in (*read.inputs.values(), state, quantiles):
            valid &= tf.reduce_all(tf.math.is_finite(numbers), axis=list(range(1, len(numbers.shape))))
        quantiles = tf.where(valid[:, None, None, None], quantiles, tf.constant(np.nan, tf.float64))
        now = tf.concat([read.last, tf.ones_like(read.last[:, :1])], axis=1)[:, : self.sizes[-1]]
        after = tf.concat([*(outputs[name] for name in states), now], axis=1)
        return {"forecast": quantiles[..., middle], "quantiles": quantiles, "valid": valid}, after


# Program ----------------------------------------------------------------------------------------------------


def main(config: Config) -> None:
    """Trains, evaluates and exports."""
    run = training.Run(__file__, config)
    told = {"series": config.series, "static": config.static, "known": config.known}
    told["missing"] = "yes" if config.missing else ""
    examples = run.load("series", columns=config.columns, time=config.time, **told)
    panel = data.histories(examples)
    if config.differences and config.missing:
        raise ZooError("--differences: what was observed last may be --missing; leave one of them out")
    harmonics = {"year": config.year, "week": config.week, "day": config.day}
    data.check_histories(panel, config.dataset, config.window, config.horizon, harmonics, config.known)
    about = tasks.About.told(examples.label_names, config, panel)
    targets, cycles = about.places(about.targets), data.cycles_of(**harmonics)
    reads = (about.places(about.known), config.missing, config.differences)
    usual = data.Usual.of([history.train for history in panel], cycles, *reads)
    train = make_windows(config, [history.train for history in panel], usual, targets, run.replicas)
    # Windows that end where validation begins look back on training rows; only what comes last counts.
    last_step = replace(config, warm_up=config.window - 1)
    before = [history.validation_after(config.window) for history in panel]
    validation = make_windows(last_step, before, usual, targets, run.replicas)
    sizes = (len(about.columns), train.waves.shape[1], len(targets), usual.statics.size)
    model = run.build(build_model, config, *sizes)
    members = range(1, config.members + 1)
    run.start_from(model, whole=[f"member_{m}_{part}readout" for m in members for part in ("", "local_")])
    run.fit(model, train, validation, training.PinballLoss(config.quantiles))

    # Bounds are as wide as they should have been in the validation part, which the network did not learn.
    module = Forecasting(config, model, usual, about)
    rolled = [tasks.rolling(module, history.known, len(history.train.times)) for history in panel]
    truth, quantiles, _ = map(np.concatenate, zip(*rolled, strict=True))
    factors = training.conformal_factors(truth, quantiles, config.quantiles)
    # What is usual is known best from everything before the test part; so do the baselines.
    usual = data.Usual.of([history.known for history in panel], cycles, *reads)
    module = Forecasting(config, model, usual, about, factors)
    forecasts = run.evaluate(module)["test"].predicted
    picture = run.folder.directory / "forecast.png"
    drawn = [
        show.Forecast(history.whole, quantiles, rows, climatology.normal(history.whole.times).numpy())
        for history, (quantiles, rows), climatology in zip(
            panel, forecasts, usual.climatologies.each, strict=True
        )
    ]
    show.draw_forecasts(drawn, targets, config.quantiles, picture)
    run.export(module, tasks.forecasting_samples(panel[0].whole, sum(module.sizes), about, config.horizon))


if __name__ == "__main__":
    cli.run(Config, main, presets="forecasting")
