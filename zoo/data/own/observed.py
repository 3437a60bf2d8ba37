"""Tables of observations: checked row by row, and read as one series or as several related ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zoo.data.own import tables
from zoo.data.own.numbers import BLANK, LARGEST, number_of
from zoo.data.own.series import Series, following, names_in, refuse_constant
from zoo.data.own.times import Moment, Rule, moment_of, on_one_clock
from zoo.errors import ZooError

_YEARS = (1700, 2199)  # that four digits are taken for, whatever their column is called
_PARTS = {"train": (0.0, 0.7), "validation": (0.7, 0.8), "test": (0.8, 1.0)}
_FEWEST = 3  # rows of a series


@dataclass(frozen=True)
class Layout:
    """What the columns of a table mean, by their names; several are joined by commas.

    Attributes:
        columns: numbers that are read; empty: all that are nothing else.
        time: ISO dates as in `2015-01-31`, `2015-01-31T13:00`, `2015-01` or `2015`, all with a zone or none;
            empty: the first column.
        series: what tells several series of one table apart; empty: it holds one.
        static: what further says of a series what it is, the same in all its rows.
        known: those columns of numbers whose future is known, such as holidays. The last rows of a series may
            hold nothing else.
        missing: whether a blank cell, or a row that is left out, stands for what was not observed; empty:
            both are refused.
    """

    columns: str = ""
    time: str = ""
    series: str = ""
    static: str = ""
    known: str = ""
    missing: str = ""


class Told(NamedTuple):
    """What a table tells of one series.

    Attributes:
        series: what was observed.
        ahead: the columns that are known of the steps behind it, float64 (steps, known).
        zoned: whether its times name a zone.
    """

    series: Series
    ahead: np.ndarray
    zoned: bool


def read_parts(path: Path, layout: Layout) -> dict[str, list[Series]]:
    """Reads one file, each series split by time: first 70 % train, then 10 % validation, the last 20 % test.

    Args, Raises: as `read_panel`.
    """
    panel = [told.series for told in read_panel(path, layout)]
    parts: dict[str, list[Series]] = {}
    for part, (a, b) in _PARTS.items():
        parts[part] = [
            series.part(round(a * len(series.times)), round(b * len(series.times))) for series in panel
        ]
    refuse_constant(str(path), parts["train"], layout.known)
    return parts


def read_series(path: Path, columns: str = "", time: str = "", flags: bool = True) -> Series:
    """Reads a table that holds one series: see `read_panel`."""
    (told,) = read_panel(path, Layout(columns, time), flags)
    return told.series


def read_panel(path: Path, layout: Layout, flags: bool = True) -> list[Told]:
    """Reads a CSV, TSV, JSONL or Parquet file of times and columns of numbers, the oldest rows first.

    Args:
        path: the file.
        layout: what its columns mean.
        flags: whether that is the user's to choose, by flags that messages name. Else it is a model's, and a
            table without its column of times has these in the first one.

    Returns:
        The series, in the order in which they begin.

    Raises:
        ZooError: a column is missing or is not of numbers, a cell is blank, times are no dates, repeat, are
            out of order or leave a gap, a name cannot be joined to others by commas, a series has fewer than
            three rows, other times between them than the others, or more than one value of a static column.
    """
    rows = list(tables.read_table(path, (), ()))
    if len(rows) < _FEWEST:
        raise ZooError(f"{path}: has {len(rows)} rows; a series needs three at least")
    names = list(rows[0][1])
    if not names:
        raise ZooError(f"{path}: the first row has no columns; give it a time, and numbers")
    table = _Table.of(path, names, layout, flags)
    groups: dict[tuple[str, ...], list[tuple[int, dict]]] = {}
    for line, row in rows:
        groups.setdefault(table.labels(line, row), []).append((line, row))
    table.check(list(groups))
    panel = [table.observed(labels, group) for labels, group in groups.items()]
    if len({told.zoned for told in panel}) > 1:
        raise ZooError(f"{path}: the times of some series have a zone, those of others none; write all alike")
    intervals = {found.series.interval: found.series.name for found in panel}
    if len(intervals) > 1:
        told = " and ".join(f"{apart / 3600:g} hours in {name!r}" for apart, name in intervals.items())
        raise ZooError(f"{path}: rows are {told} apart; give all series rows at the same intervals")
    return panel


@dataclass(frozen=True)
class _Table:
    """A table whose columns are known by what they mean."""

    path: Path
    layout: Layout
    flags: bool
    time: str
    columns: list[str]
    static: list[str]
    known: list[str]

    @classmethod
    def of(cls, path: Path, names: Sequence[str], layout: Layout, flags: bool) -> _Table:
        """Finds the columns in the header of a table.

        Raises:
            ZooError: one is not there, or serves twice.
        """
        time, series = layout.time, layout.series.strip()
        static = [*([series] if series else []), *names_in(layout.static)]
        if names_in(layout.static) and not series:
            raise ZooError(
                f"{path}: --static {layout.static}: says what each of several series is; name the column "
                "that tells them apart with --series"
            )
        known = names_in(layout.known)
        if not time or (time not in names and not flags):
            time = next((name for name in names if name not in (*static, *known)), names[0])
        wanted = names_in(layout.columns) or [name for name in names if name not in (time, *static)]
        wanted += [name for name in known if name not in wanted]
        _check_names(path, names, time, [*static, *wanted], flags)
        if set(wanted) <= set(known):
            raise ZooError(
                f"{path}: {', '.join(map(repr, wanted))}: of all columns the future is known; nothing is "
                "left to forecast"
            )
        return cls(path, layout, flags, time, wanted, static, known)

    def labels(self, line: int, row: dict[str, Any]) -> tuple[str, ...]:
        """Returns which series a row is of, and what else is said of that."""
        if not self.static:
            return ()
        # Numbers of a column with gaps come as 1.0 out of Parquet.
        cells = {name: _whole(row.get(name)) for name in self.static}
        return tables.filled_cells(f"{self.path}: line {line}", cells, self.static)

    def check(self, series: Sequence[tuple[str, ...]]) -> None:
        """Refuses what is said of one series in two ways."""
        seen: dict[str, tuple[str, ...]] = {}
        for labels in series:
            first = seen.setdefault(labels[0], labels) if labels else labels
            for name, one, other in zip(self.static, first, labels, strict=True):
                if one != other:
                    raise ZooError(
                        f"{self.path}: the series {labels[0]!r} has {one!r} and {other!r} as {name}; a "
                        "static column is the same in all rows of a series: mend it, or leave it out"
                    )

    def observed(self, labels: tuple[str, ...], rows: Sequence[tuple[int, dict[str, Any]]]) -> Told:
        """Reads the rows of one series."""
        whose = f" of {labels[0]!r}" if labels else ""
        if len(rows) < _FEWEST:
            raise ZooError(f"{self.path}: has {len(rows)} rows{whose}; a series needs three at least")
        lines = [line for line, _ in rows]
        moments = [_moment(self.path, line, row.get(self.time), self.time, self.flags) for line, row in rows]
        values = np.array([[self._number(line, row, name) for name in self.columns] for line, row in rows])
        times, zone = on_one_clock(f"{self.path}{whose}", lines, moments, self._rule)
        series = Series(tuple(self.columns), values, np.array(times, np.int64), zone, labels)
        last = self._observed_rows(values)
        observed, ahead = series.part(0, last), values[last:, self._known_places]
        if last < _FEWEST:
            raise ZooError(f"{self.path}: has {last} rows{whose}; a series needs three at least")
        if not self.layout.missing and (blank := np.argwhere(np.isnan(observed.values))).size:
            line, column = lines[blank[0][0]], self.columns[blank[0][1]]
            raise ZooError(self._is_blank(f"{self.path}: line {line}: the column {column!r}", column))
        if self.layout.missing:
            whole = _without_gaps(series)
            kept = len(whole.times) - len(ahead)
            if self.known and (absent := np.argwhere(np.isnan(whole.values[:, self._known_places]))).size:
                raise ZooError(
                    f"{self.path}: between lines {lines[0]} and {lines[-1]} rows{whose} are left out, but "
                    f"{self.known[absent[0][1]]!r}, which is known ahead, is needed in all; add the rows, "
                    "other cells blank"
                )
            observed = whole.part(0, kept)
        return Told(observed, ahead, moments[0].ahead is not None)

    @property
    def _rule(self) -> Rule:
        """What its times must keep to, and what the user may do if they do not."""
        return Rule(
            gaps=bool(self.layout.missing),
            repeated="; of several series in one table, name the column that tells them apart with --series"
            if self.flags and not self.layout.series
            else "",
            left_out=", or let what is left out be missing, with --missing"
            if self.flags and not self.layout.missing
            else "",
        )

    @property
    def _known_places(self) -> list[int]:
        return [self.columns.index(name) for name in self.known]

    def _observed_rows(self, values: np.ndarray) -> int:
        """Returns how many rows there are before those that tell the known future alone."""
        if not self.known:
            return len(values)
        others = [place for place in range(len(self.columns)) if place not in self._known_places]
        seen = np.flatnonzero(~np.isnan(values[:, others]).all(axis=1))
        return int(seen[-1]) + 1 if len(seen) else 0

    def _number(self, line: int, row: dict[str, Any], name: str) -> float:
        cell = "" if row.get(name) is None else str(row[name]).strip()
        where = f"{self.path}: line {line}: the column {name!r}"
        if cell.lower() in BLANK:
            # Whether it may be depends on what comes behind it.
            if name not in self.known and (self.layout.missing or self.known):
                return float("nan")
            raise ZooError(self._is_blank(where, name))
        value = number_of(cell)
        if value is None:
            raise ZooError(
                f"{where} holds {cell[:40]!r}, which is no number; write one with a decimal "
                f"point{_without(self.flags)}{self._text}"
            )
        if abs(value) > LARGEST:
            raise ZooError(f"{where} holds {cell[:40]!r}, which is too large for a number; mend it")
        return value

    @property
    def _text(self) -> str:
        """Returns what a column of text may be."""
        if not self.flags:
            return ""
        tells = "--static, if it says what a series is"
        if not self.layout.series:
            tells = "--series, if it tells several series apart"
        return f"; or name it with {tells}"

    def _is_blank(self, where: str, name: str) -> str:
        mend = (
            f"{_without(self.flags)}, or let what is missing be missing, with --missing" if self.flags else ""
        )
        if self.flags and name in self.known:
            mend = ", or leave it out of --known"
        return f"{where} is blank; fill it in, by the mean of its neighbours say{mend}"


def _whole(cell: Any) -> Any:
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell


def _without(flags: bool) -> str:
    return ", or leave the column out by naming the others with --columns" if flags else ""


def _without_gaps(series: Series) -> Series:
    """Returns a series with a row of missing values wherever one was left out."""
    apart, all_times = series.interval, series.times.tolist()
    times, places = all_times[:1], [0]
    for when in all_times[1:]:
        steps = round((when - times[-1]) / apart)
        times += following(all_times, apart, steps - 1, times[-1]) if steps > 1 else []
        places.append(len(times))
        times.append(when)
    values = np.full((len(times), len(series.columns)), np.nan)
    values[places] = series.values
    return replace(series, values=values, times=np.array(times, np.int64))


def _check_names(path: Path, names: Sequence[str], time: str, wanted: Sequence[str], flags: bool) -> None:
    """Refuses columns that are not there, named twice, that of times among them, and none."""
    for name in (time, *wanted):
        if name not in names:
            mend = "choose among these" if flags else "add it"
            raise ZooError(f"{path}: has no column {name!r}, but {', '.join(map(repr, names))}; {mend}")
    if time in wanted or not wanted:
        mend = "name other ones as columns of numbers" if flags else "put the column of times first"
        raise ZooError(f"{path}: {time!r} is the column of times; {mend}")
    if twice := [name for name in wanted if wanted.count(name) > 1]:
        raise ZooError(f"{path}: {twice[0]!r} is named twice among {','.join(wanted)}; name each column once")
    for name in wanted:
        if names_in(name) != [name]:
            raise ZooError(
                f"{path}: the name of the column {name!r} is blank, holds a comma, or begins or ends with a "
                "space; rename it"
            )


def _moment(path: Path, line: int, cell: Any, name: str, flags: bool) -> Moment:
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
