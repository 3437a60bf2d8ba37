"""Series of numbers over time: the user's own table, checked row by row, and split by time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.data.own import tables
from zoo.data.part import Part
from zoo.errors import ZooError

if TYPE_CHECKING:
    import tensorflow as tf

MONTH = 2_629_746  # seconds: a twelfth of the Gregorian calendar's mean year
_PARTS = {"train": (0.0, 0.7), "validation": (0.7, 0.8), "test": (0.8, 1.0)}


@dataclass(frozen=True)
class Series:
    """Observations at equal intervals.

    Attributes:
        columns: names of the values.
        values: float32 (time, columns).
        times: when each row was observed, seconds since 1970, int64 (time,).
    """

    columns: tuple[str, ...]
    values: np.ndarray
    times: np.ndarray

    @property
    def interval(self) -> int:
        """Seconds between two observations; where these are months or years, their mean length."""
        months = set(_months_between(self.times))
        return MONTH * months.pop() if len(months) == 1 else int(self.times[1] - self.times[0])

    def only(self, columns: Sequence[int]) -> Series:
        """Returns some of the columns, by their numbers."""
        return Series(tuple(self.columns[i] for i in columns), self.values[:, columns], self.times)

    def part(self, start: int, end: int | None) -> Series:
        """Returns the rows from `start` to before `end`."""
        return Series(self.columns, self.values[start:end], self.times[start:end])


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
    return Series(parts[0].columns, np.concatenate(values), np.concatenate(times))


def read_series(path: Path, columns: str = "", time: str = "", flags: bool = True) -> Series:
    """Reads a CSV, TSV or JSONL file with a column of times and columns of numbers, oldest row first.

    Args:
        path: the file.
        columns: names of the columns of numbers, joined by commas; empty for all but that of times.
        time: name of the column of times, ISO dates as in `2015-01-31`, `2015-01-31T13:00`, `2015-01` or
            `2015`; empty for the first column.
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
    times = [_time(path, line, row.get(time), time, flags) for line, row in rows]
    values = np.array([[_number(path, line, row, name, flags) for name in wanted] for line, row in rows])
    _check_times(path, [line for line, _ in rows], times)
    return Series(tuple(wanted), values.astype(np.float32), np.array(times, np.int64))


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


def seconds_of(text: str) -> int | None:
    """Reads an ISO date, with or without a time of day, as seconds since 1970; None if it is no date."""
    text = text.strip().replace("/", "-")
    if re.fullmatch(r"\d{4}", text):
        text += "-01"
    if re.fullmatch(r"\d{4}-\d{2}", text):
        text += "-01"
    try:
        when = datetime.fromisoformat(text)
        # A time without a zone is counted as if in UTC, in which no day is longer than another.
        return round(when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC).timestamp())
    except (ValueError, OverflowError):  # the latter: in UTC it is of no year from 1 to 9999
        return None


def written(seconds: int) -> str:
    """Writes a time as an ISO date, with the time of day where that is not midnight."""
    when = datetime.fromtimestamp(seconds, UTC)
    return when.isoformat()[: 10 if seconds % 86_400 == 0 else 19]


def later(series: Series, steps: int) -> list[int]:
    """Returns the times, seconds since 1970, of the next `steps` observations."""
    last, interval = int(series.times[-1]), series.interval
    if interval % MONTH:
        return [last + interval * step for step in range(1, steps + 1)]
    when, times = datetime.fromtimestamp(last, UTC), []
    usual = 31 if _at_month_ends(_dates(series.times)) else when.day
    for step in range(1, steps + 1):
        years, month = divmod(when.month - 1 + step * interval // MONTH, 12)
        # The last day of a month stays one; the 30th of January is followed by the end of February.
        day = next(d for d in range(usual, 0, -1) if _exists(when.year + years, month + 1, d))
        times.append(round(when.replace(year=when.year + years, month=month + 1, day=day).timestamp()))
    return times


def _exists(year: int, month: int, day: int) -> bool:
    try:
        datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return False
    return True


def _dates(times: Iterable[int]) -> list[datetime]:
    return [datetime.fromtimestamp(int(seconds), UTC) for seconds in times]


def _at_month_ends(dates: Sequence[datetime]) -> bool:
    return all(not _exists(when.year, when.month, when.day + 1) for when in dates)


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
    if not cell or cell.lower() in ("na", "nan", "null", "none", "-"):
        raise ZooError(f"{where} is blank; fill it in, by the mean of its neighbours say{without}")
    try:
        value = float(cell)
    except ValueError:
        raise ZooError(
            f"{where} holds {cell[:40]!r}, which is no number; write one with a decimal point{without}"
        ) from None
    if not abs(value) <= float(np.finfo(np.float32).max):
        raise ZooError(f"{where} holds {cell[:40]!r}, which is too large for a number; mend it")
    return value


def _time(path: Path, line: int, cell, name: str, flags: bool) -> int:
    seconds = seconds_of("" if cell is None else str(cell))
    if seconds is None:
        other = "name the column of times with --time" if flags else "put the column of times first"
        raise ZooError(
            f"{path}: line {line}: the time {str(cell or '')[:40]!r} (column {name!r}) is no date; write it "
            f"as 2015-01-31 or 2015-01-31T13:00, or {other}"
        )
    return seconds


def _check_times(path: Path, lines: Sequence[int], times: Sequence[int]) -> None:
    """Refuses times that repeat, run backwards or skip one."""
    for line, before, after in zip(lines[1:], times, times[1:], strict=False):
        if after <= before:
            what = "repeats the one before it" if after == before else "is earlier than the one before it"
            raise ZooError(
                f"{path}: line {line}: the time {written(after)} {what}; give each once, the oldest first"
            )
    steps = np.diff(times)
    months = _months_between(times)
    usual, _ = Counter(steps.tolist()).most_common(1)[0]
    if months:
        usual_months, _ = Counter(months).most_common(1)[0]
        wrong = [i for i, count in enumerate(months) if count != usual_months]
    else:
        wrong = np.flatnonzero(steps != usual).tolist()
    if wrong:
        i = wrong[0]
        length = _counted(usual_months, "months") if months else _length(usual)
        raise ZooError(
            f"{path}: line {lines[i + 1]}: {written(times[i + 1])} follows {written(times[i])}, but rows are "
            f"{length} apart elsewhere; add the missing rows, or write times at equal intervals"
        )


def _months_between(times: Iterable[int]) -> list[int]:
    """Returns the whole months between neighbours; none if these are not all on one day of the month."""
    dates = _dates(times)
    one_day = len({when.day for when in dates}) == 1 or _at_month_ends(dates)
    if not one_day or len({when.time() for when in dates}) > 1:
        return []
    numbers = [12 * when.year + when.month for when in dates]
    return [b - a for a, b in pairwise(numbers)]


def _length(seconds: int) -> str:
    sizes = (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1))
    name, size = next((name, size) for name, size in sizes if seconds % size == 0)
    return _counted(seconds // size, name)


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" if count > 1 else f"one {name[:-1]}"
