"""Series of numbers over time: the user's own table, checked row by row, and split by time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.data.own import tables
from zoo.data.own.numbers import BLANK, LARGEST, number_of
from zoo.data.own.times import (
    Moment,
    at_month_ends,
    dates_of,
    exists,
    moment_of,
    months_between,
    on_one_clock,
)
from zoo.data.part import Part
from zoo.errors import ZooError

if TYPE_CHECKING:
    import tensorflow as tf

MONTH = 2_629_746  # seconds: a twelfth of the Gregorian calendar's mean year
_YEARS = (1700, 2199)  # that four digits are taken for, whatever their column is called
_PARTS = {"train": (0.0, 0.7), "validation": (0.7, 0.8), "test": (0.8, 1.0)}


@dataclass(frozen=True)
class Series:
    """Observations at equal intervals.

    Attributes:
        columns: names of the values.
        values: float64 (time, columns): counts and prices have more digits than float32.
        times: when each row was observed, seconds since 1970 by the clock on the wall, int64 (time,).
        zone: of that clock, as in `+09:00`, where all times name it; of a clock that changes with the season,
            and of times that name none, empty.
    """

    columns: tuple[str, ...]
    values: np.ndarray
    times: np.ndarray
    zone: str = ""

    @property
    def interval(self) -> int:
        """Seconds between two observations; where these are months or years, their mean length."""
        months = set(months_between(self.times))
        return MONTH * months.pop() if len(months) == 1 else int(self.times[1] - self.times[0])

    def only(self, columns: Sequence[int]) -> Series:
        """Returns some of the columns, by their numbers."""
        return replace(self, columns=tuple(self.columns[i] for i in columns), values=self.values[:, columns])

    def part(self, start: int, end: int | None) -> Series:
        """Returns the rows from `start` to before `end`."""
        return replace(self, values=self.values[start:end], times=self.times[start:end])


def read_parts(path: Path, columns: str = "", time: str = "") -> dict[str, Series]:
    """Reads one file, split by time: the first 70 % train, then 10 % validation, the last 20 % test.

    Args, Raises: as `read_series`.
    """
    series = read_series(path, columns, time)
    count = len(series.times)
    bounds = {part: (round(a * count), round(b * count)) for part, (a, b) in _PARTS.items()}
    parts = {part: series.part(*bound) for part, bound in bounds.items()}
    refuse_constant(str(path), parts["train"])
    return parts


def as_dataset(series: Series) -> tf.data.Dataset:
    """Returns a series as a split of the mapping `series`: one row with `values` and `times`."""
    import tensorflow as tf

    row = {"values": tf.constant(series.values), "times": tf.constant(series.times)}
    dataset = tf.data.Dataset.from_tensors(row)
    # As TFDS gives it: of any length.
    shapes = {"values": [None, len(series.columns)], "times": [None]}
    return dataset.map(
        lambda row: {name: tf.ensure_shape(tf.identity(value), shapes[name]) for name, value in row.items()}
    )


def series_of(part: Part, columns: Sequence[str]) -> Series:
    """Returns the one series that a part of the mapping `series` holds."""
    (row,) = part.dataset.as_numpy_iterator()
    return Series(tuple(columns), row["values"], row["times"])


def numbers_of(columns: Sequence[str], targets: str) -> list[int]:
    """Returns which of the columns are forecast: those that are named, joined by commas, or all.

    Raises:
        ZooError: one is not among the columns, or is named twice.
    """
    wanted = _split(targets) or list(columns)
    for name in wanted:
        if name not in columns or wanted.count(name) > 1:
            raise ZooError(
                f"--targets {targets}: {name!r} is not a column that is read, or there twice; choose "
                f"among {','.join(columns)}"
            )
    return [list(columns).index(name) for name in wanted]


def join(*parts: Series) -> Series:
    """Returns series that follow each other as one."""
    values, times = ([getattr(part, name) for part in parts] for name in ("values", "times"))
    return replace(parts[0], values=np.concatenate(values), times=np.concatenate(times))


def read_series(path: Path, columns: str = "", time: str = "", flags: bool = True) -> Series:
    """Reads a CSV, TSV, JSONL or Parquet file of times and columns of numbers, the oldest row first.

    Args:
        path: the file.
        columns: names of the columns of numbers, joined by commas; empty for all but that of times.
        time: name of the column of times, ISO dates as in `2015-01-31`, `2015-01-31T13:00`, `2015-01` or
            `2015`, all with a zone or none; empty for the first column.
        flags: whether columns and time are the user's to choose, by flags that messages name. Else they are a
            model's, and a table without its column of times has these in the first one.

    Raises:
        ZooError: a column is missing or is not of numbers, a cell is blank, times are no dates, repeat, are
            out of order or leave a gap, a name cannot be joined to others by commas, or there are fewer than
            three rows.
    """
    rows = list(tables.read_table(path, (), ()))
    if len(rows) < 3:
        raise ZooError(f"{path}: has {len(rows)} rows; a series needs three at least")
    names = list(rows[0][1])
    if not names:
        raise ZooError(f"{path}: the first row has no columns; give it a time, and numbers")
    if not time or (time not in names and not flags):
        time = names[0]
    wanted = _split(columns) or [name for name in names if name != time]
    _check_names(path, names, time, wanted, flags)
    moments = [_moment(path, line, row.get(time), time, flags) for line, row in rows]
    values = np.array([[_number(path, line, row, name, flags) for name in wanted] for line, row in rows])
    times, zone = on_one_clock(path, [line for line, _ in rows], moments)
    return Series(tuple(wanted), values, np.array(times, np.int64), zone)


def refuse_constant(name: str, series: Series) -> None:
    """Checks that every column changes.

    Raises:
        ZooError: one does not, so that there is nothing to learn, nor a scale for it.
    """
    for column, values in zip(series.columns, series.values.T, strict=True):
        if len(set(values.tolist())) < 2:
            others = ",".join(other for other in series.columns if other != column)
            mend = f"leave it out with --columns {others}" if others else "give one that does"
            raise ZooError(f"{name}: the column {column!r} never changes in the training part; {mend}")


def later(series: Series, steps: int) -> list[int]:
    """Returns the times, seconds since 1970, of the next `steps` observations."""
    return following(series.times.tolist(), series.interval, steps)


def following(times: Sequence[int], interval: int, steps: int) -> list[int]:
    """Returns the times of the next `steps` observations behind some, which are so many seconds apart."""
    last = times[-1]
    if interval % MONTH:
        return [last + interval * step for step in range(1, steps + 1)]
    when, found = datetime.fromtimestamp(last, UTC), []
    usual = 31 if at_month_ends(dates_of(times)) else when.day
    for step in range(1, steps + 1):
        years, month = divmod(when.month - 1 + step * interval // MONTH, 12)
        # The last day of a month stays one; the 30th of January is followed by the end of February.
        day = next(d for d in range(usual, 0, -1) if exists(when.year + years, month + 1, d))
        found.append(round(when.replace(year=when.year + years, month=month + 1, day=day).timestamp()))
    return found


def _split(columns: str) -> list[str]:
    return [name.strip() for name in columns.split(",") if name.strip()]


def _check_names(path: Path, names: Sequence[str], time: str, wanted: Sequence[str], flags: bool) -> None:
    """Refuses columns that are not there, named twice, that of times among them, and none."""
    for name in (time, *wanted):
        if name not in names:
            mend = "choose among these" if flags else "add it"
            raise ZooError(f"{path}: has no column {name!r}, but {', '.join(map(repr, names))}; {mend}")
    if time in wanted or not wanted:
        mend = "name other ones as columns of numbers" if flags else "put the column of times first"
        raise ZooError(f"{path}: {time!r} is the column of times; {mend}")
    if len(set(wanted)) < len(wanted):
        raise ZooError(f"{path}: --columns {','.join(wanted)}: names a column twice; name each once")
    for name in wanted:
        if _split(name) != [name]:
            raise ZooError(
                f"{path}: the name of the column {name!r} is blank, holds a comma, or begins or ends with a "
                "space; rename it"
            )


def _number(path: Path, line: int, row: dict, name: str, flags: bool) -> float:
    cell = "" if row.get(name) is None else str(row[name]).strip()
    where = f"{path}: line {line}: the column {name!r}"
    without = ", or leave the column out by naming the others with --columns" if flags else ""
    if cell.lower() in BLANK:
        raise ZooError(f"{where} is blank; fill it in, by the mean of its neighbours say{without}")
    value = number_of(cell)
    if value is None:
        raise ZooError(
            f"{where} holds {cell[:40]!r}, which is no number; write one with a decimal point{without}"
        )
    if abs(value) > LARGEST:
        raise ZooError(f"{where} holds {cell[:40]!r}, which is too large for a number; mend it")
    return value


def _moment(path: Path, line: int, cell, name: str, flags: bool) -> Moment:
    text = "" if cell is None else str(cell)
    moment = moment_of(text)
    where = f"{path}: line {line}: the time {text[:40]!r} (column {name!r})"
    if moment is None:
        other = "name the column of times with --time" if flags else "put the column of times first"
        raise ZooError(f"{where} is no date; write it as 2015-01-31 or 2015-01-31T13:00, or {other}")
    counted = re.fullmatch(r"\s*\d{4}\s*", text) and not _YEARS[0] <= int(text) <= _YEARS[1]
    if counted and not re.search("year|date", name, re.IGNORECASE):
        raise ZooError(
            f"{where} may be a year or a count; call its column 'year', or write dates for what is counted"
        )
    return moment
