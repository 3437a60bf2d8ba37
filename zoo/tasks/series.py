"""Many-to-one and many-to-many over numbers: what was observed goes in, what comes next comes out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo import baselines, metrics, show
from zoo.data import SPLITS, Adapter, Examples, History, Part, of_user
from zoo.data.climatology import cycles_of
from zoo.data.own import series, tables, times
from zoo.data.packages import content_of
from zoo.errors import ZooError
from zoo.metrics import Score, Scores
from zoo.metrics.forecasts import ahead, by_step, origins
from zoo.tasks.base import Answered, Described, Evaluation, Given, Model, Row, Task, in_blocks
from zoo.tasks.far import warn_if_far
from zoo.tasks.manifest import Manifest
from zoo.tasks.tries import Try
from zoo.tasks.windows import About, InUnit, Window, check_interval, windowed

if TYPE_CHECKING:
    import tensorflow as tf
    import tensorflow_datasets as tfds

_ROWS = 256  # windows that go through a model together
_SHOWN, _LAST_DAYS = 120, ("2015-12-31", "2015-06-30", "2015-03-20")  # rows of a table to try, and its ends
_FEW_ROWS = 8  # from which no method can be fitted
_MOST_STEPS = 14  # of a horizon, side by side in a table


@dataclass(frozen=True, kw_only=True)
class Observed(Adapter):
    """Of a stored set, numbers observed over time: one row, which holds them all."""

    columns: tuple[str, ...]
    """Names of the stored columns."""
    usual: str
    """Those that are read where none are asked for, joined by commas."""

    def choose(self, dataset: str, info: tfds.core.DatasetInfo, **options: str) -> dict[str, str]:
        """Returns the columns that were asked for."""
        if time := options["time"]:
            raise ZooError(f"time ({time!r}) names a column of a file; leave it out for {dataset}")
        asked = (options["columns"] or self.usual).split(",")
        wanted = [name.strip() for name in asked if name.strip()]
        for name in wanted:
            if name not in self.columns or wanted.count(name) > 1:
                known = ",".join(self.columns)
                raise ZooError(f"{dataset}: no column {name!r}, or named twice; choose among {known}")
        return {"columns": ",".join(wanted)}

    def read(self, dataset: tf.data.Dataset, info: tfds.core.DatasetInfo, **options: str) -> tf.data.Dataset:
        """Turns the stored row into one of the mapping."""
        import tensorflow as tf

        places = [self.columns.index(name) for name in options["columns"].split(",")]

        def rename(example: Row) -> Row:
            return {
                "values": tf.gather(tf.cast(example["values"], tf.float64), places, axis=1),
                "times": example["times"],
            }

        return dataset.map(rename)

    def label_names(self, train: Part, info: tfds.core.DatasetInfo, **options: str) -> list[str]:
        """Returns the names of the columns that are read."""
        return options["columns"].split(",")


class Series(Task):
    """Features: one row with `values`, float64 (time, columns), and `times`, int64 (time,), in seconds.

    The user's own: a table with a column of times, as `zoo.data.own.series.read_series` takes it.
    """

    name = "series"
    pipeline = "time-series-forecasting"
    reads = "series"
    options = ("columns", "time")
    kind = "a CSV, TSV, JSONL or Parquet file"
    suffixes = tables.SUFFIXES
    sets = {  # noqa: RUF012 - as Task says
        "seattle_weather": Observed(
            columns=("precipitation", "temp_max", "temp_min", "wind"),
            usual="temp_max",
            own="seattle_weather.SeattleWeather",
        )
    }

    def read_own(self, path: Path, **options: str) -> Examples:
        """Reads one file, split by time: the first 70 % train, then 10 % validation, the last 20 % test."""
        parts = series.read_parts(path, **options)
        rows = {split: Part(series.as_dataset(part)) for split, part in parts.items()}
        return of_user(path, rows, parts["train"].columns)

    def read_rows(self, path: Path, **options: str) -> Examples:
        """Reads a whole table as a test part; its columns are a model's, not the user's to choose."""
        whole = series.read_series(path, options["columns"], options["time"], flags=False)
        none = Part(series.as_dataset(whole.part(0, 0)))
        test = Part(series.as_dataset(whole))
        return of_user(path, {"train": none, "validation": none, "test": test}, whole.columns)

    # How a model is asked --------------------------------------------------------------------------------

    def rows(self, inputs: Any, model: Model) -> Sequence[Any]:
        """Turns files into the windows at their ends, and arrays into windows.

        Args:
            inputs: paths of tables with the columns that the model reads, times in the column that it was
                trained with, of a table without it in the first; or `Window`s, or arrays float
                (time, columns) where the model knows no cycles. One of them need not be put in a list.
            model: the forecaster.

        Raises:
            ZooError: as `read_series`, or a series' rows are not as far apart as the model's.
        """
        if isinstance(inputs, str | Path | Window) or getattr(inputs, "ndim", 0) == 2:
            inputs = [inputs]
        windows = [windowed(row, model) for row in inputs]
        about = About.of(model.manifest)
        warn_if_far(model.name, [window.known for window in windows], about.columns, about.seen)
        return windows

    def given_tensors(self, signature: str) -> tuple[str, ...]:
        """Returns the numbers, and when the last of them were observed."""
        return ("values", "time")

    def blocks(self, rows: Sequence[Any], signature: str, model: Model, few: bool) -> Iterator[list[Any]]:
        """Yields windows of one length, in their order."""
        for _, alike in groupby(rows, lambda window: len(window.values)):
            yield from in_blocks(list(alike), _ROWS)

    def tensors(self, block: list[Any], signature: str) -> dict[str, Any]:
        """Stacks windows."""
        return {
            "values": np.stack([window.known for window in block]),
            "time": [window.time for window in block],
        }

    def answers(self, outputs: Mapping[str, np.ndarray], block: list[Any], manifest: Manifest) -> list[Row]:
        """Returns `forecasts` and `valid` of each window.

        `forecasts` is a dict for each step and column: `time`, or where that is not known `step` from 1 on,
        `column`, `forecast`, and where the model gives bounds one for each of its quantiles, as `10%` and
        `90%`. A window that holds what is no number is not `valid`, and its numbers are None.
        """
        none = np.full(outputs["quantiles"].shape[1:], None)
        return [
            {"forecasts": _steps(quantiles if valid else none, window, manifest), "valid": bool(valid)}
            for quantiles, valid, window in zip(outputs["quantiles"], outputs["valid"], block, strict=True)
        ]

    # The command line ------------------------------------------------------------------------------------

    def given(self, typed: Sequence[str], file: str, model: Described) -> Given:
        """Returns the table; numbers are not typed."""
        if typed:
            raise ZooError(_reads_a_table(model.name))
        return Given([Path(file)], [{"file": file}])

    def rescaled(self, given: Given, unit: tuple[float, float]) -> Given:
        """Returns the same tables, whose numbers are in another unit: see `Window`.

        Raises:
            ZooError: all numbers would be one.
        """
        if not all(map(np.isfinite, unit)) or unit[0] <= 0:
            raise ZooError("--rescale: the factor must be more than 0; of degrees Fahrenheit give 1.8 32")
        return replace(given, inputs=[InUnit(Path(path), unit) for path in given.inputs])

    def chosen(self, flags: Mapping[str, Any], signature: str, rows: int, manifest: Manifest) -> Row:
        """Refuses a signature: what is fed step by step is no file."""
        if signature:
            raise ZooError(_reads_a_table(manifest.name))
        return super().chosen(flags, signature, rows, manifest)

    def answered(self, given: Given, answers: list[Row], manifest: Manifest) -> Answered:
        """Returns a row for each step and column.

        Raises:
            ZooError: the table's last rows hold numbers too large to compute with.
        """
        for name, answer in zip(given.names, answers, strict=True):
            if not answer["valid"]:
                window = manifest.config["window"]
                raise ZooError(
                    f"{name['file']}: its last {window} rows hold numbers too large to compute with; "
                    "mend them"
                )
        return Answered([row for answer in answers for row in answer["forecasts"]], manifest)

    # Scores ----------------------------------------------------------------------------------------------

    def usual_options(self, manifest: Manifest, same_set: bool, in_catalogue: bool) -> dict[str, str]:
        """Returns the model's own columns, which are what they are by their names."""
        time = "" if in_catalogue else str(manifest.config["time"])
        return {"columns": ",".join(About.of(manifest).columns), "time": time}

    def evaluate(self, model: Model, examples: Examples, split: str) -> Evaluation:
        """Scores forecasts by rolling origin; errors are scaled by those of the model's own training part.

        Raises:
            ZooError: the series is too short, or its rows are not as far apart as the model's.
        """
        about, config = About.of(model.manifest), model.manifest.config
        whole, start = _until_end_of(examples, split, config["window"])
        check_interval(examples.name, whole, about.interval, model.name)
        if len(whole.times) < start + config["horizon"]:
            raise ZooError(
                f"{examples.name}: has {len(whole.times)} rows, but a window of {config['window']} and a "
                f"horizon of {config['horizon']} are scored; give more rows"
            )
        truth, quantiles, rows = rolling(model, whole, start)
        targets = [whole.columns.index(column) for column in about.targets]
        score = metrics.forecasting(
            truth[..., targets], quantiles, config["quantiles"], np.array(about.scale), about.targets
        )
        median = config["quantiles"].index(0.5)
        forecasts = [
            {
                "known_until": times.written(whole.times[row]),
                "step": step + 1,
                "column": column,
                "truth": float(truth[origin, step, targets[number]]),
                "answer": float(quantiles[origin, step, number, median]),
                **{
                    _name(level): float(quantiles[origin, step, number, place])
                    for place, level in enumerate(config["quantiles"])
                    if place != median
                },
            }
            for origin, row in enumerate(rows)
            for step in range(config["horizon"])
            for number, column in enumerate(about.targets)
        ]
        return Evaluation(score, _show_scores, (quantiles, rows), forecasts)

    def size(self, part: Part) -> int:
        """Returns how many observations there are."""
        (row,) = part.dataset.as_numpy_iterator()
        return len(row["times"])

    def baselines(self, examples: Examples, model: Any) -> dict[str, dict[str, Score]]:
        """Scores methods that every textbook has, by rolling origin."""
        history = History.of(examples)
        return {"test": _textbook(model, history.known, history.test)}

    def others(self, model: Model, examples: Examples, split: str) -> dict[str, Score]:
        """Scores them on data that the model was not made with, fitted to what comes before the part.

        Where that is too little to fit anything to there are none.
        """
        config = model.manifest.config
        whole, start = _until_end_of(examples, split, config["window"])
        if start < 2 * config["horizon"] + _FEW_ROWS:
            return {}
        return _textbook(model, whole.part(0, start), whole.part(start, None))

    # The page --------------------------------------------------------------------------------------------

    def to_try(self, manifest: Manifest) -> list[Try]:
        """Returns tables that end at some days of the weather that an installed package carries."""
        content = content_of("vega-datasets", "seattle-weather.csv")
        if manifest.dataset.name != "seattle_weather" or content is None:
            return []
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))
        days = [row["date"].replace("/", "-") for row in rows]
        columns, many = About.of(manifest).columns, max(_SHOWN, manifest.config["window"])

        def table(end: int) -> str:
            of = slice(max(0, end - many), end)
            cells = (
                [day, *map(row.__getitem__, columns)] for day, row in zip(days[of], rows[of], strict=True)
            )
            return "".join(f"{','.join(line)}\n" for line in (["date", *columns], *cells))

        return [Try(f"Seattle until {day}", table(days.index(day) + 1)) for day in _LAST_DAYS]

    # The card --------------------------------------------------------------------------------------------

    def example(self, manifest: Manifest) -> dict[str, str]:
        """Returns a window of zeros and its date."""
        row = [0.0] * len(About.of(manifest).columns)
        window = manifest.config["window"]
        return {
            "values": f"tf.constant([[{row}] * {window}], tf.float64)",
            "time": 'tf.constant(["2026-01-31"])',
        }

    def with_the_zoo(self, manifest: Manifest) -> str:
        """Returns the sentence of the card."""
        columns = " and ".join(f"`{column}`" for column in About.of(manifest).columns)
        return (
            f"With the zoo: `python -m zoo predict {manifest.name} --input FILE.csv`, "
            "a table with dates in its\n"
            f"first column, and {columns}."
        )

    def what_was_scored(self, rows: int, score: Score) -> str:
        """Says from how many origins forecasts were made."""
        return f"{rows:,} rows, forecast from {score.n:,} origins"


def _until_end_of(examples: Examples, split: str, window: int) -> tuple[series.Series, int]:
    """Returns a part with all that comes before it, and the first row of it that has a window before it."""
    splits = SPLITS[: SPLITS.index(split) + 1]
    parts = [series.series_of(examples.split(part), examples.label_names) for part in splits]
    return series.join(*parts), max(window, sum(len(known.times) for known in parts[:-1]))


def _textbook(model: Model, known: series.Series, test: series.Series) -> dict[str, Score]:
    """Scores the baselines on a part; cycles are those of which what is known shows two."""
    about, config = About.of(model.manifest), model.manifest.config
    targets = [test.columns.index(column) for column in about.targets]
    cycles = cycles_of(config["year"], config["week"], config["day"])
    span = int(known.times[-1] - known.times[0]) + about.interval
    return baselines.forecasting(
        known.only(targets),
        test.only(targets),
        np.array(about.scale),
        config["horizon"],
        list(config["quantiles"]),
        [(length, count) for length, count in cycles if span >= 2 * length],
    )


def rolling(model: Model, whole: series.Series, start: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Forecasts a part of a series from each of its days in turn, which knows all that was before.

    Args:
        model: the forecaster.
        whole: the part, and at least a window of rows before it.
        start: first row of the part.

    Returns:
        What came, (origins, horizon, columns); the quantiles, (origins, horizon, targets, levels); and the
        last rows known, (origins,).
    """
    config, about = model.manifest.config, About.of(model.manifest)
    window, horizon, levels = config["window"], config["horizon"], config["quantiles"]
    rows = origins(start, len(whole.times), horizon)
    rows = rows[rows >= window - 1]
    windows = [
        Window(whole.values[row + 1 - window : row + 1], times.written(whole.times[row])) for row in rows
    ]
    names = [_name(level) for level in levels]
    answers = [
        [[step[name] for name in names] for step in answer["forecasts"]] for answer in model.predict(windows)
    ]
    shape = (len(rows), horizon, len(about.targets), len(levels))
    quantiles = np.array(answers, np.float64).reshape(shape)
    return whole.values[ahead(rows, horizon)], quantiles, rows


def forecasting_samples(whole: series.Series, state: int) -> dict[str, dict[str, Any]]:
    """Returns inputs of a forecaster's signatures: the end of a series, and rows that are not valid.

    Args:
        whole: the series.
        state: size of the state that is handed from step to step.
    """
    values = whole.values[-3:]
    dates = [times.written(seconds) for seconds in whole.times[-3:]]
    windows = np.stack([values, np.full_like(values, np.nan), values])
    return {
        "serving_default": {"values": windows, "time": [dates[-1], dates[-1], "no date"]},
        "step": {
            "values": values,
            "time": [*dates[:2], "no date"],
            "state": np.zeros([3, state], np.float32),
        },
    }


def _name(level: float) -> str:
    return "forecast" if level == 0.5 else f"{100 * level:g}%"


def _steps(quantiles: np.ndarray, window: Window, manifest: Manifest) -> list[Row]:
    """Returns a dict for each step and column of quantiles (horizon, targets, levels)."""
    levels, columns = list(manifest.config["quantiles"]), About.of(manifest).targets
    rows = []
    for step, at_step in enumerate(quantiles.tolist()):
        when = {"time": window.ahead[step]} if window.ahead else {"step": step + 1}
        for column, found in zip(columns, at_step, strict=True):
            values = [_in_unit(value, window.unit) for value in found]
            bounds = {_name(s): value for s, value in zip(levels, values, strict=True) if s != 0.5}
            rows.append({**when, "column": column, "forecast": values[levels.index(0.5)], **bounds})
    return rows


def _in_unit(value: float | None, unit: tuple[float, float]) -> float | None:
    return None if value is None else value * unit[0] + unit[1]


def _show_scores(scores: Scores, title: str) -> None:
    """Prints the scores of a part, and those of each step ahead."""
    show.print_scores(scores, f"Scores on {title}, by rolling origin")
    for figure, heading in (("mase", "MASE"), ("coverage", "Coverage")):
        table = by_step(scores, figure)
        if table and 1 < len(next(iter(table.values()))) <= _MOST_STEPS:
            show.print_figures(table, f"{heading} by step")


def _reads_a_table(name: str) -> str:
    return (
        f"{name}: forecasts what follows a table of observations, by its serving_default; "
        f"give one: python -m zoo predict {name} --input SERIES.csv"
    )
