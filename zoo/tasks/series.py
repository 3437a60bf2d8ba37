"""Many-to-one and many-to-many over numbers: what was observed goes in, what comes next comes out."""

from __future__ import annotations

import csv
import io
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data import Adapter, Examples, Part, histories, of_user
from zoo.data.own import observed, series, tables, times
from zoo.data.packages import content_of
from zoo.errors import ZooError
from zoo.metrics import Score
from zoo.tasks import rolled
from zoo.tasks.base import Answered, Described, Evaluation, Given, Model, Row, Task, in_blocks
from zoo.tasks.far import warn_if_far
from zoo.tasks.manifest import Manifest
from zoo.tasks.tries import Try
from zoo.tasks.windows import About, InUnit, Window, layout_of, windowed

if TYPE_CHECKING:
    import tensorflow as tf
    import tensorflow_datasets as tfds

_NAMED = 5  # series in a message
_ROWS = 256  # windows that go through a model together
_SHOWN, _LAST_DAYS = 120, ("2015-12-31", "2015-06-30", "2015-03-20")  # rows of a table to try, and its ends


@dataclass(frozen=True, kw_only=True)
class Observed(Adapter):
    """Of a stored set, numbers observed over time: a row for each series, which holds all of them."""

    columns: tuple[str, ...]
    """Names of the stored columns."""
    usual: str
    """Those that are read where none are asked for, joined by commas."""
    series: str = ""
    """What tells several series apart, and in what they are alike, joined by commas: the stored `static`;
    empty: there is one series."""

    def choose(self, dataset: str, info: tfds.core.DatasetInfo, **options: str) -> dict[str, str]:
        """Returns the columns that were asked for, and those that tell series apart."""
        if time := options["time"]:
            raise ZooError(f"time ({time!r}) names a column of a file; leave it out for {dataset}")
        told = ",".join(part for part in (options["series"], options["static"]) if part)
        if told != self.series:
            series, _, static = self.series.partition(",")
            needed = f"give --series {series}" + (f" --static {static}" if static else "")
            mend = needed if series else "leave --series and --static out"
            raise ZooError(f"{dataset}: {told!r} does not tell its series apart; {mend}")
        if missing := options["known"] or options["missing"]:
            raise ZooError(f"{dataset}: --known and --missing ({missing}) are for files; leave them out")
        asked = (options["columns"] or self.usual).split(",")
        wanted = [name.strip() for name in asked if name.strip()]
        for name in wanted:
            if name not in self.columns or wanted.count(name) > 1:
                known = ",".join(self.columns)
                raise ZooError(f"{dataset}: no column {name!r}, or named twice; choose among {known}")
        return {**options, "columns": ",".join(wanted)}

    def read(self, dataset: tf.data.Dataset, info: tfds.core.DatasetInfo, **options: str) -> tf.data.Dataset:
        """Turns the stored row into one of the mapping."""
        import tensorflow as tf

        places = [self.columns.index(name) for name in options["columns"].split(",")]

        def rename(example: Row) -> Row:
            return {
                "values": tf.gather(tf.cast(example["values"], tf.float64), places, axis=1),
                "times": example["times"],
                **({"static": example["static"]} if self.series else {}),
            }

        return dataset.map(rename)

    def label_names(self, train: Part, info: tfds.core.DatasetInfo, **options: str) -> list[str]:
        """Returns the names of the columns that are read."""
        return options["columns"].split(",")


class Series(Task):
    """Features: a row for each series, with `values`, float64 (time, columns), NaN where one is missing,
    `times`, int64 (time,), in seconds, and `static`, strings (n,): its name and what else is said of it; not
    of a series that stands alone.

    The user's own: a table with a column of times, as `zoo.data.own.observed.read_panel` takes it.

    Args:
        about: what a forecaster's manifest says of its series.
    """

    name = "series"
    pipeline = "time-series-forecasting"
    reads = "series"
    options = ("columns", "time", "series", "static", "known", "missing")
    kind = "a CSV, TSV, JSONL or Parquet file"
    suffixes = tables.SUFFIXES
    sets = {  # noqa: RUF012 - as Task says
        "seattle_weather": Observed(
            columns=("precipitation", "temp_max", "temp_min", "wind"),
            usual="temp_max",
            own="seattle_weather.SeattleWeather",
        ),
        "us_employment": Observed(
            columns=("employees",),
            usual="employees",
            series="industry,sector",
            own="us_employment.UsEmployment",
        ),
    }

    def __init__(self, about: About | None = None):
        self.about = about

    @classmethod
    def for_model(cls, manifest: Manifest) -> Task:
        """Returns the task as a model was trained on it."""
        return cls(About.of(manifest) if manifest.own.get("series") else None)

    def read_own(self, path: Path, **options: str) -> Examples:
        """Reads one file, split by time: the first 70 % train, then 10 % validation, the last 20 % test."""
        parts = observed.read_parts(path, observed.Layout(**options))
        rows = {split: Part(series.as_dataset(part)) for split, part in parts.items()}
        return of_user(path, rows, parts["train"][0].columns)

    def read_rows(self, path: Path, **options: str) -> Examples:
        """Reads a whole table as a test part; its columns are a model's, not the user's to choose."""
        panel = [told.series for told in observed.read_panel(path, observed.Layout(**options), flags=False)]
        none = Part(series.as_dataset([one.part(0, 0) for one in panel]))
        test = Part(series.as_dataset(panel))
        return of_user(path, {"train": none, "validation": none, "test": test}, panel[0].columns)

    # How a model is asked --------------------------------------------------------------------------------

    def rows(self, inputs: Any, model: Model) -> Sequence[Any]:
        """Turns files into the windows at the ends of their series, and arrays into windows.

        Args:
            inputs: paths of tables with the columns that the model reads, times in the column that it was
                trained with, of a table without it in the first; or `Window`s, or arrays float
                (time, columns) where the model knows no cycles. One of them need not be put in a list.
            model: the forecaster.

        Raises:
            ZooError: as `read_panel`, or a series' rows are not as far apart as the model's.
        """
        if isinstance(inputs, str | Path | Window) or getattr(inputs, "ndim", 0) == 2:
            inputs = [inputs]
        windows = [window for row in inputs for window in windowed(row, model)]
        about = About.of(model.manifest)
        learned = [not about.static or window.static[0] in about.said for window in windows]
        self._tell_strange(
            model.name, [window for window, known in zip(windows, learned, strict=True) if not known]
        )
        known = about.places(about.known)
        values = [window.in_unit(known) for window, own in zip(windows, learned, strict=True) if own]
        warn_if_far(model.name, values, about.columns, about.seen)
        return windows

    def _tell_strange(self, model: str, windows: Sequence[Window]) -> None:
        """Warns of series that a model has not learned: a name may be mistyped."""
        if not windows:
            return
        names = ", ".join(repr(window.static[0]) for window in windows[:_NAMED])
        more = " ..." if len(windows) > _NAMED else ""
        warnings.warn(
            f"{model}: has not learned {names}{more}; what it says of such a series it reads off the level "
            "and the scatter of the rows given",
            stacklevel=4,
        )

    def given_tensors(self, signature: str) -> tuple[str, ...]:
        """Returns the numbers, when the last of them were observed, and what else a model reads."""
        static, known = (self.about.static, self.about.known) if self.about else ((), ())
        return ("values", "time", *(["static"] if static else []), *(["known"] if known else []))

    def blocks(self, rows: Sequence[Any], signature: str, model: Model, few: bool) -> Iterator[list[Any]]:
        """Yields windows of one length, in their order."""
        for _, alike in groupby(rows, lambda window: len(window.values)):
            yield from in_blocks(list(alike), _ROWS)

    def tensors(self, block: list[Any], signature: str) -> dict[str, Any]:
        """Stacks windows."""
        known = self.about.places(self.about.known) if self.about else []
        tensors = {
            "values": np.stack([window.in_unit(known) for window in block]),
            "time": [window.time for window in block],
            "static": [list(window.static) for window in block],
            "known": [window.known for window in block],
        }
        return {name: tensors[name] for name in self.given_tensors(signature)}

    def answers(self, outputs: Mapping[str, np.ndarray], block: list[Any], manifest: Manifest) -> list[Row]:
        """Returns `forecasts` and `valid` of each window.

        `forecasts` is a dict for each step and column: `series`, where a model knows several, `time`, or
        where that is not known `step` from 1 on, `column`, `forecast`, and where the model gives bounds one
        for each of its quantiles, as `10%` and `90%`. A window that holds what is no number is not `valid`,
        and its numbers are None.
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
        for answer in answers:
            if not answer["valid"]:
                window, series_of = manifest.config["window"], answer["forecasts"][0].get("series")
                whose = f" of {series_of!r}" if series_of else ""
                what = "nothing that was observed, or " if manifest.config.get("missing") else ""
                raise ZooError(
                    f"{given.names[0]['file']}: the last {window} rows{whose} hold {what}numbers too large "
                    "to compute with; mend them"
                )
        return Answered([row for answer in answers for row in answer["forecasts"]], manifest)

    # Scores ----------------------------------------------------------------------------------------------

    def usual_options(self, manifest: Manifest, same_set: bool, in_catalogue: bool) -> dict[str, str]:
        """Returns the model's own columns, which are what they are by their names."""
        layout = asdict(layout_of(About.of(manifest), manifest.config))
        return {**layout, "time": ""} if in_catalogue else layout

    def evaluate(self, model: Model, examples: Examples, split: str) -> Evaluation:
        """Scores forecasts by rolling origin; errors are scaled by those of the model's own training part.

        Raises:
            ZooError: a series is too short, or its rows are not as far apart as the model's.
        """
        return rolled.evaluation(model, examples, split)

    def size(self, part: Part) -> int:
        """Returns how many observations there are."""
        return sum(len(row["times"]) for row in part.dataset.as_numpy_iterator())

    def baselines(self, examples: Examples, model: Any) -> dict[str, dict[str, Score]]:
        """Scores methods that every textbook has, by rolling origin."""
        parts = [(history.known, history.test) for history in histories(examples)]
        return {"test": rolled.textbook(model, parts)}

    def others(self, model: Model, examples: Examples, split: str) -> dict[str, Score]:
        """Scores them on data that the model was not made with, fitted to what comes before the part.

        Where that is too little to fit anything to there are none.
        """
        return rolled.others(model, examples, split)

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
        about, config = About.of(manifest), manifest.config
        row, names = (
            [0.0] * len(about.columns),
            next(([name, *said] for name, said in about.said.items()), []),
        )
        return {
            "values": f"tf.constant([[{row}] * {config['window']}], tf.float64)",
            "time": 'tf.constant(["2026-01-31"])',
            **({"static": f"tf.constant([{json.dumps(names, ensure_ascii=False)}])"} if about.static else {}),
            **(
                {"known": f"tf.zeros([1, {config['horizon']}, {len(about.known)}], tf.float64)"}
                if about.known
                else {}
            ),
        }

    def with_the_zoo(self, manifest: Manifest) -> str:
        """Returns the sentence of the card."""
        about = About.of(manifest)
        columns = " and ".join(f"`{column}`" for column in about.static + about.columns)
        ahead = " and ".join(f"`{column}`" for column in about.known)
        known = f" Its last rows\nhold {ahead} alone: they are known ahead." if ahead else ""
        return (
            f"With the zoo: `python -m zoo predict {manifest.name} --input FILE.csv`, "
            "a table with dates in its\n"
            f"first column, and {columns}.{known}"
        )

    def what_was_scored(self, rows: int, score: Score) -> str:
        """Says from how many origins forecasts were made."""
        return f"{rows:,} rows, forecast from {score.n:,} origins"


def forecasting_samples(
    whole: series.Series, state: int, about: About, horizon: int
) -> dict[str, dict[str, Any]]:
    """Returns inputs of a forecaster's signatures: the end of a series, and rows that are not valid.

    Args:
        whole: the series.
        state: size of the state that is handed from step to step.
        about: what the model reads.
        horizon: steps that it forecasts.
    """
    further: dict[str, Any] = {}
    if about.static:
        strange = ("a series that was never seen", *whole.static[1:])
        further["static"] = [list(whole.static), list(whole.static), list(strange)]
    if about.known:
        further["known"] = np.stack([whole.values[-horizon:, about.places(about.known)]] * 3)
    values = whole.values[-3:]
    dates = [times.written(seconds) for seconds in whole.times[-3:]]
    windows = np.stack([values, np.full_like(values, np.nan), values])
    return {
        "serving_default": {"values": windows, "time": [dates[-1], dates[-1], "no date"], **further},
        "step": {
            "values": values,
            "time": [*dates[:2], "no date"],
            "state": np.zeros([3, state], np.float32),
            **further,
        },
    }


def _steps(quantiles: np.ndarray, window: Window, manifest: Manifest) -> list[Row]:
    """Returns a dict for each step and column of quantiles (horizon, targets, levels)."""
    of = {"series": window.static[0]} if window.static else {}
    levels, columns = list(manifest.config["quantiles"]), About.of(manifest).targets
    rows = []
    for step, at_step in enumerate(quantiles.tolist()):
        when = {"time": window.ahead[step]} if window.ahead else {"step": step + 1}
        for column, found in zip(columns, at_step, strict=True):
            values = [_in_unit(value, window.unit) for value in found]
            bounds = {rolled.name_of(s): value for s, value in zip(levels, values, strict=True) if s != 0.5}
            rows.append({**of, **when, "column": column, "forecast": values[levels.index(0.5)], **bounds})
    return rows


def _in_unit(value: float | None, unit: tuple[float, float]) -> float | None:
    return None if value is None else value * unit[0] + unit[1]


def _reads_a_table(name: str) -> str:
    return (
        f"{name}: forecasts what follows a table of observations, by its serving_default; "
        f"give one: python -m zoo predict {name} --input SERIES.csv"
    )
