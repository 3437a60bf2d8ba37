"""Numbers in, answers out: what a signal is, and what follows a series."""

from __future__ import annotations

import csv
import datetime
import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from .base import Array, OfNumbers, Row
from .search import softmax

_MISSING = ("", "na", "nan")
_LARGEST = 1e15  # standard deviations from the mean, whose square float32 still holds
_MOST = 10_000  # observations that are read, the last ones
_EPOCH = datetime.datetime(1970, 1, 1)
_DAY, _MONTH = 86_400, 2_629_746  # a twelfth of a Gregorian year


class Recognition(OfNumbers):
    """A label for a signal."""

    keys: ClassVar[Mapping[str, str]] = {"values": "[row, row, ...]"}

    def __init__(self, folder: Path, about: Mapping[str, Any]):
        super().__init__(folder, about)
        self._core = self._network("core")

    def answer(self, values: Any) -> Row:
        """Answers one signal.

        Args:
            values: numbers (time, channels), in the order of `model.json`'s `columns`; NaN is missing.

        Raises:
            ValueError: it has another shape.
        """
        mean, spread = self._arrays["mean"], self._arrays["spread"]
        whole = _numbers(values, self._about["columns"])
        most = self._config["max_steps"]
        cut = whole[:most]
        seen = np.flatnonzero(~np.isnan(cut).all(axis=1))
        cut = cut[: seen[-1] + 1] if seen.size else np.full((1, len(mean)), np.nan)
        missing = np.isnan(cut)
        with np.errstate(over="ignore"):
            scaled = np.where(missing, 0.0, (cut - mean) / spread).astype(np.float32)
        signal = np.concatenate([scaled, missing.astype(np.float32)], axis=1)
        valid = bool(seen.size) and bool((np.abs(signal) < _LARGEST).all())
        given = {"signal": signal[None], "real": np.ones((1, len(signal)), np.int32)}
        logits = self._core(given)["logits"][0] / self._about["temperature"] if valid else mean[:0]
        valid = valid and bool(np.isfinite(logits).all())
        labels = self._about["labels"]
        scores = dict(zip(labels, softmax(logits).tolist() if valid else [0.0] * len(labels), strict=True))
        label = max(scores, key=lambda name: scores[name]) if valid else ""
        truncated = not bool(np.isnan(whole[most:]).all())
        row = {"label": label, "score": scores.get(label, 0.0), "scores": scores}
        return {**row, "valid": valid, "truncated": truncated}

    def read(self, path: Path) -> tuple[Any, ...]:
        """Reads a signal, a row for each moment."""
        return (_columns(_table(path), self._about["columns"], path),)


class Forecasting(OfNumbers):
    """What follows a series of observations."""

    keys: ClassVar[Mapping[str, str]] = {"values": "[row, row, ...]", "time": '"2026-01-31"'}

    def __init__(self, folder: Path, about: Mapping[str, Any]):
        super().__init__(folder, about)
        self._core = self._network("core")

    def answer(self, values: Any, time: str = "") -> Row:
        """Forecasts what follows observations.

        Args:
            values: numbers (time, columns), in the order of `model.json`'s `columns`, of which none may be
                missing.
            time: when the last was made, as 2026-01-31 or 2026-01-31T13:00; a model that knows the times of
                the year, the week or the day must be told.

        Raises:
            ValueError: they have another shape, or the time is missing or none.
        """
        about = self._about
        if about["cycles"] and not time:
            raise ValueError(f"{self.name} must be told when the last observation was made: give its time")
        last = _date(time) if time else None
        values = _numbers(values, about["columns"])[-_MOST:]
        if not len(values):
            values = np.full((1, len(about["columns"])), np.nan)
        seconds = int((last - _EPOCH).total_seconds()) if last else 0
        times = seconds + about["interval"] * np.arange(1 - len(values), 1)
        ahead = seconds + about["interval"] * np.arange(1, self._config["horizon"] + 1)
        waves = self._waves(times)
        usual = self._usual(waves)
        spread = self._arrays["spread"]
        deviations = (values - usual) / spread
        base = self._usual(self._waves(ahead))
        if about["differences"]:
            deviations = deviations.astype(np.float32)
            deviations = np.diff(deviations, axis=0, prepend=deviations[:1])
            base = base + (values - usual)[-1]
        given = {"deviations": deviations[None], "waves": waves[None]}
        with np.errstate(over="ignore", invalid="ignore"):
            given = {name: array.astype(np.float32) for name, array in given.items()}
            found = self._core(given)["quantiles"][0]  # (horizon, targets, levels)
            found = self._widened(found).astype(np.float64)
        levels, targets = self._config["quantiles"], about["targets"]
        middle = levels.index(0.5)
        found = found * spread[targets][:, None] + base[:, targets, None]
        every = (given["deviations"], found)
        valid = all(bool(np.isfinite(array).all()) for array in every)
        rows = []
        for step, at_step in enumerate(found.tolist()):
            dated = last and about["interval"] % _MONTH  # months end on days that are not known here
            when = {"time": _written(ahead[step], about["interval"])} if dated else {"step": step + 1}
            for target, numbers in zip(targets, at_step, strict=True):
                told = numbers if valid else [None] * len(levels)
                bounds = {f"{100 * s:g}%": x for s, x in zip(levels, told, strict=True) if s != 0.5}
                column = about["columns"][target]
                rows.append({**when, "column": column, "forecast": told[middle], **bounds})
        return {"forecasts": rows, "valid": valid}

    def read(self, path: Path) -> tuple[Any, ...]:
        """Reads the observations, and the time of the last.

        Times stand in the first column, unless the model's has another name, and are as far apart as in
        training.
        """
        rows = _table(path)
        column = self._config["time"] or next(iter(rows[0]))
        values = _columns(rows, self._about["columns"], path)
        times = [_in_line(path, number, _date, row[column]) for number, row in enumerate(rows, 2)]
        interval = self._about["interval"]
        for number, (before, when) in enumerate(itertools.pairwise(times), 3):
            apart = when - before
            # Months are not all as long, nor are days where clocks are changed.
            if not 0.9 * interval < apart.total_seconds() < 1.1 * interval:
                wanted = datetime.timedelta(seconds=interval)
                raise ValueError(
                    f"{path}, line {number}: comes {apart} after the row before it; the model's rows lie "
                    f"{wanted} apart, the oldest first"
                )
        return values[-self._config["window"] :], times[-1].isoformat()

    def _widened(self, quantiles: Array) -> Array:
        """Moves quantiles from the median, by what was missing in validation; they stay in order."""
        middle = self._config["quantiles"].index(0.5)
        median = quantiles[..., middle : middle + 1]
        return np.sort(median + self._arrays["factors"] * (quantiles - median), axis=-1)

    def _usual(self, waves: Array) -> Array:
        coefficients = self._arrays["coefficients"]
        return coefficients[0] + waves @ coefficients[1:]

    def _waves(self, times: Array) -> Array:
        """Returns sine and cosine of each harmonic (time, waves)."""
        columns = [
            wave(2 * np.pi * number * (times / length - np.floor(times / length)))
            for length, harmonics in self._about["cycles"]
            for number in range(1, harmonics + 1)
            for wave in (np.sin, np.cos)
        ]
        return np.stack(columns, axis=-1) if columns else np.zeros((len(times), 0))


def _numbers(values: Any, columns: Sequence[str]) -> Array:
    if isinstance(values, str | bytes | Path):
        raise ValueError("give a list of rows of numbers; answer_file reads a file")
    array = np.array(values, np.float64)  # in which None is NaN
    array = array.reshape(-1, len(columns)) if array.size == 0 else array
    if array.ndim != 2 or array.shape[1] != len(columns):
        raise ValueError(f"numbers of shape {array.shape}; give (time, {len(columns)}): {', '.join(columns)}")
    return array


def _table(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error):
        raise ValueError(f"{path}: is no table; give a CSV file in UTF-8") from None
    if not rows:
        raise ValueError(f"{path}: has no rows")
    return rows


def _columns(rows: Sequence[Mapping[str, str]], columns: Sequence[str], path: Path) -> Array:
    for column in columns:
        if column not in rows[0]:
            raise ValueError(f"{path}: has no column {column!r}; it has {', '.join(rows[0])}")

    def numbers(row: Mapping[str, str]) -> list[float]:
        return [_number(row[column], column) for column in columns]

    return np.array([_in_line(path, place, numbers, row) for place, row in enumerate(rows, 2)])


def _number(cell: str | None, column: str) -> float:
    cell = (cell or "").strip()
    try:
        return np.nan if cell.lower() in _MISSING else float(cell)
    except ValueError:
        raise ValueError(f"{column} is {cell!r}, which is no number") from None


def _in_line(path: Path, number: int, read: Callable[[Any], Any], what: Any) -> Any:
    """Reads part of a line, and says which one it was where that fails."""
    try:
        return read(what)
    except ValueError as error:
        raise ValueError(f"{path}, line {number}: {error}") from None


def _date(text: str) -> datetime.datetime:
    try:
        when = datetime.datetime.fromisoformat(str(text).strip().replace("/", "-").removesuffix("Z"))
        return when.replace(tzinfo=None)
    except ValueError:
        raise ValueError(f"{text!r} is no date; write it as 2026-01-31 or 2026-01-31T13:00") from None


def _written(seconds: int, interval: int) -> str:
    when = _EPOCH + datetime.timedelta(seconds=int(seconds))
    return when.isoformat()[: 10 if interval % _DAY == 0 and seconds % _DAY == 0 else 19]
