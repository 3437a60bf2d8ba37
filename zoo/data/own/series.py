"""Series of numbers over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data.own.times import at_month_ends, dates_of, exists, usual_step
from zoo.data.part import Part
from zoo.errors import ZooError

if TYPE_CHECKING:
    import tensorflow as tf

MONTH = 2_629_746  # seconds: a twelfth of the Gregorian calendar's mean year


@dataclass(frozen=True)
class Series:
    """Observations at equal intervals.

    Attributes:
        columns: names of the values.
        values: float64 (time, columns): counts and prices have more digits than float32.
        times: when each row was observed, seconds since 1970 by the clock on the wall, int64 (time,).
        zone: of that clock, as in `+09:00`, where all times name it; of a clock that changes with the season,
            and of times that name none, empty.
        static: of one of several related series its name, and what else is said of it; else empty.
    """

    columns: tuple[str, ...]
    values: np.ndarray
    times: np.ndarray
    zone: str = ""
    static: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """That of one of several series; else empty."""
        return self.static[0] if self.static else ""

    @property
    def interval(self) -> int:
        """Seconds between two observations; where these are months or years, their mean length."""
        step, in_months = usual_step(self.times.tolist())
        return MONTH * step if in_months else step

    def only(self, columns: Sequence[int]) -> Series:
        """Returns some of the columns, by their numbers."""
        return replace(self, columns=tuple(self.columns[i] for i in columns), values=self.values[:, columns])

    def part(self, start: int, end: int | None) -> Series:
        """Returns the rows from `start` to before `end`."""
        return replace(self, values=self.values[start:end], times=self.times[start:end])


def as_dataset(panel: Sequence[Series]) -> tf.data.Dataset:
    """Returns series as a split of the mapping `series`: a row for each."""
    import tensorflow as tf

    several = bool(panel[0].static)

    def rows() -> Iterator[dict[str, Any]]:
        for series in panel:
            static = {"static": np.array(series.static, object)} if several else {}
            yield {"values": series.values, "times": series.times, **static}

    signature = {
        "values": tf.TensorSpec([None, len(panel[0].columns)], tf.float64),
        "times": tf.TensorSpec([None], tf.int64),
    }
    if several:
        signature["static"] = tf.TensorSpec([None], tf.string)
    return tf.data.Dataset.from_generator(rows, output_signature=signature)


def panel_of(part: Part, columns: Sequence[str]) -> list[Series]:
    """Returns the series that a part of the mapping `series` holds."""
    return [
        Series(
            tuple(columns),
            row["values"],
            row["times"],
            static=tuple(label.decode("utf-8") for label in row.get("static", ())),
        )
        for row in part.dataset.as_numpy_iterator()
    ]


def series_of(part: Part, columns: Sequence[str]) -> Series:
    """Returns the one series that a part holds."""
    (series,) = panel_of(part, columns)
    return series


def numbers_of(columns: Sequence[str], targets: str, known: str = "") -> list[int]:
    """Returns which of the columns are forecast: those that are named, joined by commas, or all not known.

    Raises:
        ZooError: one is not among the columns, is named twice, or its future is known.
    """
    ahead = names_in(known)
    wanted = names_in(targets) or [name for name in columns if name not in ahead]
    for name in wanted:
        if name not in columns or wanted.count(name) > 1:
            raise ZooError(
                f"--targets {targets}: {name!r} is not a column that is read, or there twice; choose "
                f"among {','.join(columns)}"
            )
        if name in ahead:
            raise ZooError(
                f"--targets {targets}: {name!r} is among --known, so that there is nothing to forecast"
            )
    return [list(columns).index(name) for name in wanted]


def names_in(columns: str) -> list[str]:
    """Returns the names that a text joins by commas."""
    return [name.strip() for name in columns.split(",") if name.strip()]


def join(*parts: Series) -> Series:
    """Returns series that follow each other as one."""
    values, times = ([getattr(part, name) for part in parts] for name in ("values", "times"))
    return replace(parts[0], values=np.concatenate(values), times=np.concatenate(times))


def refuse_constant(name: str, panel: Sequence[Series], known: str = "") -> None:
    """Checks that every column changes, in one of the series at least.

    Args:
        name: of the data set, for the message.
        panel: the series.
        known: the columns that are known ahead, joined by commas.

    Raises:
        ZooError: one does not, so that there is nothing to learn, nor a scale for it.
    """
    columns = panel[0].columns
    for number, column in enumerate(columns):
        if not any(_changes(series.values[:, number]) for series in panel):
            others = ",".join(other for other in columns if other != column)
            mend = f"leave it out with --columns {others}" if others else "give one that does"
            mend = "leave it out of --known" if column in names_in(known) else mend
            raise ZooError(f"{name}: the column {column!r} never changes in the training part; {mend}")


def _changes(values: np.ndarray) -> bool:
    return len(set(values[~np.isnan(values)].tolist())) > 1


def later(series: Series, steps: int) -> list[int]:
    """Returns the times, seconds since 1970, of the next `steps` observations."""
    return following(series.times.tolist(), series.interval, steps)


def following(times: Sequence[int], interval: int, steps: int, last: int | None = None) -> list[int]:
    """Returns the times of the next `steps` observations, which are so many seconds apart.

    Args:
        times: observations, by which months have a usual day.
        interval: seconds between two.
        steps: how many.
        last: the one that they follow, if that is not the last of all.
    """
    last = times[-1] if last is None else last
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
