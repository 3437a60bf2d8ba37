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
             that hold 78 % of what comes (80 % are asked for); under two minutes on two cores.
Others:      --columns temp_max,temp_min,wind --targets temp_max; --horizon 1; --cell simple_rnn; --members 1
Your data:   --dataset SERIES.csv (a column of dates, then columns of numbers) --year 0 or 2 --week 0 or 3
"""

from dataclasses import dataclass, replace

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from zoo import cli, export, training
from zoo.baselines import forecasts as forecast_baselines
from zoo.data import Series, Windows, load
from zoo.data.climatology import CYCLES, Climatology, waves
from zoo.data.feeds.windows import Augmentation
from zoo.data.own.series import join, refuse_constant, series_of
from zoo.errors import ZooError
from zoo.export import serving
from zoo.layers import Cell, recurrent, states_of
from zoo.metrics.forecasts import forecasting as scored
from zoo.metrics.forecasts import naive_error
from zoo.show import sheets
from zoo.tasks import forecasts
from zoo.text import dates
from zoo.training.losses import PinballLoss
from zoo.training.run import Run
from zoo.training.warm_start import warm_start

RECIPE = "forecasting"
PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Config(training.Settings):
    """What one experiment is; presets and flags change it."""

    dataset: str = "seattle_weather"
    """seattle_weather, or a CSV, TSV or JSONL file with a column of times and columns of numbers."""
    columns: str = ""
    """Columns that are read, joined by commas; empty: of seattle_weather temp_max, of a file all."""
    targets: str = ""
    """Those of them that are forecast, joined by commas; empty: all."""
    time: str = ""
    """Of a file, the column of times; empty: the first."""
    window: int = 90
    """Observations that a forecast looks back on."""
    horizon: int = 7
    """Steps that are forecast; 1: the next value alone."""
    quantiles: tuple[float, ...] = (0.1, 0.5, 0.9)
    """Shares of what comes that shall lie below each forecast; 0.5, the median, is the point forecast. 0.5
    alone: no bounds."""
    year: int = 2
    """Harmonics of what is usual for the time of year; 0: none, as for data of less than two years."""
    week: int = 0
    """The same for the time of the week."""
    day: int = 0
    """The same for the time of day."""
    cell: Cell = "gru"
    """Recurrent cell."""
    layers: int = 1
    """Layers on top of each other."""
    units: int = 16
    """Size of each layer's state."""
    members: int = 4
    """Networks that learn alone and whose quantiles are averaged: an ensemble."""
    dropout: float = 0.5
    """Dropout behind each layer: along depth, never along time."""
    warm_up: int = 20
    """First steps of each training window whose forecasts do not count: little has been seen there."""
    shift: float = 0.4
    """Windows of training are shifted by random amounts of this size, in standard deviations: no year is
    like another."""
    blend: bool = True
    """Windows of training are drawn as weighted sums of two."""
    epochs: int = 6
    """Most epochs; the schedule ends with the last one."""
    steps_per_epoch: int = 100
    """Batches in an epoch; 0: as many windows as there are."""
    batch_size: int = 32
    """Windows in a batch, over all devices."""
    learning_rate: float = 5e-3
    """Highest learning rate."""
    weight_average: float = 0.98
    """Decay of the moving average of weights that is validated and exported; 0: the weights themselves."""
    patience: int = 0
    """Epochs without a better validation loss before training stops; 0: all epochs are run."""


# Data -------------------------------------------------------------------------------------------------------


def cycles_of(config: Config) -> tuple[tuple[float, int], ...]:
    """Returns length in seconds and harmonics of each cycle that is asked for."""
    harmonics = {"year": config.year, "week": config.week, "day": config.day}
    return tuple((CYCLES[name], number) for name, number in harmonics.items() if number)


def numbers_of(config: Config, columns: tuple[str, ...]) -> list[int]:
    """Returns which of the columns are forecast.

    Raises:
        ZooError: one of the targets is not among them.
    """
    wanted = [name.strip() for name in config.targets.split(",") if name.strip()] or list(columns)
    for name in wanted:
        if name not in columns or wanted.count(name) > 1:
            raise ZooError(
                f"--targets {config.targets}: {name!r} is not a column that is read, or there twice; choose "
                f"among {','.join(columns)}"
            )
    return [columns.index(name) for name in wanted]


def make_windows(config: Config, series: Series, climatology: Climatology, targets, replicas: int) -> Windows:
    """Cuts a series into windows of training."""
    return Windows(
        climatology.deviations(series.values, series.times).numpy(),
        waves(series.times, climatology.cycles).numpy(),
        targets,
        config.window,
        config.horizon,
        config.warm_up,
        config.batch_size,
        replicas,
        Augmentation(config.shift, config.blend),
    )


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
    each = states_of(config.cell)
    names = [f"state_{i}" for i in range(config.members * config.layers * each)]
    states = {name: keras.Input((config.units,), name=name) for name in names} if carried else {}

    found, left, after = [], list(states.values()), []
    for member in range(1, config.members + 1):
        x = read
        for number in range(1, config.layers + 1):
            own, left = left[:each], left[each:]
            layer = recurrent(
                config.cell,
                config.units,
                return_sequences=True,
                return_state=True,
                name=f"member_{member}_rnn_{number}",
            )
            x, *behind = layer(x, initial_state=own or None)
            after += behind
            x = keras.layers.Dropout(config.dropout, name=f"member_{member}_dropout_{number}")(x)

        # What was read last goes straight to the readout, too: tomorrow is like today. Quantiles stay float32
        # under mixed precision: small steps between them would be lost.
        x = ops.concatenate([x, read], axis=-1)
        shape = (-1, 1, config.horizon, targets, len(config.quantiles))
        dense = keras.layers.Dense(
            int(np.prod(shape[2:])),
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.02),
            dtype="float32",
            name=f"member_{member}_readout",
        )
        found.append(keras.layers.Reshape(shape, name=f"member_{member}")(dense(x)))
    together = ops.concatenate(found, axis=2) if len(found) > 1 else found[0]
    quantiles = in_order(together, config.quantiles.index(0.5))
    if not carried:
        return keras.Model(inputs, quantiles, name=RECIPE)
    outputs = {"quantiles": quantiles, **dict(zip(names, after, strict=True))}
    return keras.Model({**inputs, **states}, outputs, name=RECIPE)


def in_order(x, middle: int):
    """Turns numbers (..., levels) into quantiles that cannot cross: a median, and steps away from it."""
    median, steps = x[..., middle : middle + 1], ops.softplus(x)
    parts = [median]
    if middle:
        below = ops.flip(ops.cumsum(ops.flip(steps[..., :middle], axis=-1), axis=-1), axis=-1)
        parts.insert(0, median - below)
    if middle + 1 < x.shape[-1]:
        parts.append(median + ops.cumsum(steps[..., middle + 1 :], axis=-1))
    return ops.concatenate(parts, axis=-1)


# Serving ----------------------------------------------------------------------------------------------------


class Forecasting(serving.Serving):
    """Raw numbers and dates in; forecasts and quantiles, in the numbers' own units, out."""

    def __init__(self, config: Config, model: keras.Model, climatology: Climatology, targets, interval: int):
        columns, count = len(climatology.spread), model.input["waves"].shape[-1]
        reader = build_model(config, columns, count, len(targets), carried=True)
        trained = {weight.path: weight for weight in model.weights}
        for weight in reader.weights:
            weight.assign(trained[weight.path])
        super().__init__(reader, config.storage)
        self.config, self.climatology = config, climatology
        self.targets, self.interval = list(targets), interval
        self.sizes = [config.units] * (len(reader.input) - 2)
        # What the numbers of columns and states are is known now, not when the class is defined.
        time = tf.TensorSpec([None], tf.string)
        self.forecast = self.exported(
            self._forecast, values=tf.TensorSpec([None, None, columns], tf.float32), time=time
        )
        self.step = self.exported(
            self._step,
            values=tf.TensorSpec([None, columns], tf.float32),
            time=time,
            state=tf.TensorSpec([None, sum(self.sizes)], tf.float32),
        )

    def _forecast(self, values, time):
        """Forecasts what follows windows of observations, the last of which was made at `time`.

        Numbers that are missing (NaN), endless or too large to compute with, a `time` that is no date, where
        the model knows cycles, and a window without observations give NaN and are not `valid`.
        """
        # Keras's loops need one step at least: where there is none, one that is missing.
        missing = tf.maximum(0, 1 - tf.shape(values)[1])
        padded = tf.pad(values, [[0, 0], [0, missing], [0, 0]], constant_values=np.nan)
        found, _ = self.run(padded, time, tf.zeros([tf.shape(values)[0], sum(self.sizes)]))
        return found

    def _step(self, values, time, state):
        """Takes in one observation, made at `time`, and forecasts what follows it.

        `state` is what the step before returned, zeros at first. What is not `valid`, as in `forecast`,
        leaves it as it was. No step is valid from a state that holds NaN or infinity: begin with zeros again.
        """
        found, after = self.run(values[:, None], time, state)
        return {**found, "state": tf.where(found["valid"][:, None], after, state)}

    def run(
        self, values: tf.Tensor, time: tf.Tensor, state: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """Reads observations (batch, time, columns), one at least, from the states of all layers on.

        Returns:
            `forecast` (batch, horizon, targets), `quantiles` (..., levels), and `valid` (batch,); and the
            states behind the last observation.
        """
        seconds, dated = dates.seconds(time)
        steps = tf.shape(values, tf.int64)[1]
        times = seconds[:, None] + self.interval * tf.range(1 - steps, 1)
        deviations = self.climatology.deviations(values, times)
        states = {f"state_{i}": part for i, part in enumerate(tf.split(state, self.sizes, axis=1))}
        inputs = {"deviations": deviations, "waves": waves(times, self.climatology.cycles), **states}
        outputs = self.model(inputs, training=False)

        ahead = seconds[:, None] + self.interval * tf.range(1, self.config.horizon + 1, dtype=tf.int64)
        normal = tf.gather(self.climatology.normal(ahead), self.targets, axis=-1)
        together = tf.reduce_mean(outputs["quantiles"][:, -1], axis=1)  # of the ensemble
        quantiles = normal[..., None] + together * self.climatology.spread[self.targets][:, None]
        valid = dated | (not self.climatology.cycles)
        for numbers in (deviations, state, quantiles):
            valid &= tf.reduce_all(tf.math.is_finite(numbers), axis=list(range(1, len(numbers.shape))))
        quantiles = tf.where(valid[:, None, None, None], quantiles, np.nan)
        forecast = quantiles[..., self.config.quantiles.index(0.5)]
        after = tf.concat([outputs[name] for name in states], axis=1)
        return {"forecast": forecast, "quantiles": quantiles, "valid": valid}, after


# Program ----------------------------------------------------------------------------------------------------


def check(config: Config) -> None:
    """Refuses sizes and shares that make no model."""
    training.require(config, 1, None, "window", "horizon", "layers", "units", "members")
    training.require(config, 0, None, "year", "week", "day", "shift")
    training.require(config, 0, config.window - 1, "warm_up")
    training.require(config, 0, 0.99, "dropout")
    levels = config.quantiles
    if 0.5 not in levels or sorted(set(levels)) != list(levels) or not 0 < levels[0] <= levels[-1] < 1:
        raise ZooError(
            f"--quantiles {' '.join(map(str, levels))}: must rise, lie between 0 and 1, and hold 0.5"
        )


def check_series(config: Config, parts: dict[str, Series]) -> None:
    """Refuses columns that never change, and parts too short for a window, the horizon, or a cycle."""
    needed = {"train": config.window + config.horizon, "validation": config.horizon, "test": config.horizon}
    for part, rows in needed.items():
        if len(parts[part].times) < rows:
            raise ZooError(
                f"{config.dataset}: the {part} part has {len(parts[part].times)} rows, but --window "
                f"{config.window} and --horizon {config.horizon} take {rows}; give more rows, or lower them"
            )
    refuse_constant(config.dataset, parts["train"])
    interval = join(*parts.values()).interval
    span = int(parts["train"].times[-1] - parts["train"].times[0]) + interval
    for name in ("year", "week", "day"):
        number = getattr(config, name)
        if number and (span < 2 * CYCLES[name] or CYCLES[name] < 2 * number * interval):
            raise ZooError(
                f"--{name} {number}: the training part shows no such cycle, since it is shorter than two of "
                f"them, or its rows lie too far apart; set --{name} 0"
            )


def evaluate(
    module: Forecasting, name: str, parts: dict[str, Series], scale: np.ndarray, forecast
) -> dict[str, dict]:
    """Scores the baselines, and what `forecasts.rolling` says of the model, over the test part."""
    config, known = module.config, join(parts["train"], parts["validation"])
    levels, targets = list(config.quantiles), module.targets
    scores = forecast_baselines.score_all(
        known.only(targets), parts["test"].only(targets), scale, config.horizon, levels, cycles_of(config)
    )
    truth, found, _ = forecast
    columns = parts["test"].only(targets).columns
    scores[name] = scored(truth[..., targets], found, levels, scale, columns)
    forecasts.print_scores(scores)
    return scores


def main(config: Config) -> None:
    """Trains, evaluates and exports."""
    check(config)
    run = Run(RECIPE, config)
    target = export.SAVED_MODELS / run.name
    export.check_target(target, RECIPE)
    strategy = training.start(config)
    examples = load(config.dataset, "series", columns=config.columns, time=config.time)
    columns = examples.label_names
    parts = {part: series_of(examples.split(part), columns) for part in PARTS}
    targets = numbers_of(config, columns)
    check_series(config, parts)
    interval = join(*parts.values()).interval
    climatology = Climatology.fit(parts["train"].values, parts["train"].times, cycles_of(config))
    replicas = strategy.num_replicas_in_sync
    train = make_windows(config, parts["train"], climatology, targets, replicas)
    # Windows that end where validation begins look back on training rows; only what comes last counts.
    before = parts["train"].part(-config.window, None)
    last_step = replace(config, warm_up=config.window - 1)
    validation = make_windows(last_step, join(before, parts["validation"]), climatology, targets, replicas)
    with strategy.scope():
        model = build_model(config, len(columns), train.waves.shape[1], len(targets))
        readouts = [f"member_{member}_readout" for member in range(1, config.members + 1)]
        warm_start(model, config.init_from, [], columns, readouts)

    # Nothing is written before this line, and what can be wrong with the input was found.
    run.create(examples.fingerprint(), columns)
    outcome = training.fit(run, config, model, train, validation, PinballLoss(config.quantiles), [])
    sheets.draw_learning_curve(outcome, run.directory / "learning_curve.png")

    # What is usual is known best from everything before the test part; so do the baselines.
    known = join(parts["train"], parts["validation"])
    module = Forecasting(
        config, model, Climatology.fit(known.values, known.times, cycles_of(config)), targets, interval
    )
    scale = naive_error(parts["train"].values[:, targets])
    whole = join(known, parts["test"])
    forecast = forecasts.rolling(module.forecast, whole, len(known.times), config.window, config.horizon)
    scores = evaluate(module, run.name, parts, scale, forecast)
    forecasts.draw(module, whole, forecast, run.directory / "forecast.png")
    run.write_metrics({"test": scores, **outcome})

    sizes = {part: len(series.times) for part, series in parts.items()}
    manifest = export.manifest(run, "series", examples, sizes, {"test": scores}, outcome)
    manifest["series"] = {
        "columns": list(columns),
        "targets": [columns[number] for number in targets],
        "interval": interval,
        "scale": scale.tolist(),
    }
    signatures = {"serving_default": module.forecast, "step": module.step}
    export.save(module, target, signatures, forecasts.samples(module, whole), manifest)


if __name__ == "__main__":
    cli.run(RECIPE, Config, main)
