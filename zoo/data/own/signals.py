"""Signals with a label each: the user's own tables, folders and .ts files, checked number by number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zoo.data.own import tables, ts_files
from zoo.data.own.numbers import BLANK, LARGEST, number_of
from zoo.data.part import Part
from zoo.errors import ZooError

SUFFIXES = (*tables.SUFFIXES, ".ts")
ID, LABEL = "id", "label"


class Signal(NamedTuple):
    """One recording.

    Attributes:
        name: by which it is found again.
        values: float64 (time, channels); NaN where a number is missing.
        label: what it is; empty where that is not told.
    """

    name: str
    values: np.ndarray
    label: str = ""


@dataclass(frozen=True)
class Signals:
    """Recordings of the same channels."""

    channels: tuple[str, ...]
    rows: list[Signal]


def read(path: Path, columns: str = "", labelled: bool = True) -> Signals:
    """Reads a file of signals.

    Args:
        path: a `.ts` file; or a CSV, TSV, JSONL or Parquet table, a row for each moment in order, with a
            column `id` that tells which signal it is of, a column `label`, and columns of numbers, the
            channels. Without a column `id` the table is one signal. A blank cell, NA and NaN are missing.
        columns: names of the channels, joined by commas; empty for all columns of numbers that there are.
        labelled: whether each signal must have a label.

    Raises:
        ZooError: a file is missing or malformed, a cell is no number, a signal has two labels, or none where
            it must have one, or not one number.
    """
    is_ts = path.suffix == ".ts"
    found = _of_ts(path, columns, labelled) if is_ts else _of_table(path, columns, labelled)
    found = Signals(found.channels, [row._replace(values=to_last_number(row.values)) for row in found.rows])
    for signal in found.rows:
        if not np.isfinite(signal.values).any():
            raise ZooError(f"{path}: the signal {signal.name!r} has not one number; fill it in or remove it")
        if labelled and not signal.label:
            raise ZooError(f"{path}: the signal {signal.name!r} has no label; give it one, or remove it")
    return found


def to_last_number(values: np.ndarray) -> np.ndarray:
    """Returns a signal (time, channels) without the moments behind its last number, one at least."""
    observed = np.flatnonzero(np.isfinite(values).any(axis=1))
    return values[: observed[-1] + 1 if len(observed) else 1]


def read_parts(path: Path, columns: str = "") -> tuple[tuple[str, ...], dict[str, list[Signal]]]:
    """Reads a file or folder, split into parts.

    Args:
        path: a file as `read` takes it, split 80 / 10 / 10 by a hash of the signals' names; a folder with
            files `train`, `validation` and `test`; or one with a folder for each label, whose tables are a
            signal each, split by a hash of the files' names.
        columns: as `read` takes them.

    Returns:
        The channels, and split -> signals.

    Raises:
        ZooError: as `read`, or a part has no signals, or the files differ in their channels.
    """
    channels: set[tuple[str, ...]] = set()

    def one(file: Path) -> list[Signal]:
        found = read(file, columns)
        channels.add(found.channels)
        return found.rows

    def by_label(folder: Path) -> list[Signal]:
        files = [
            file
            for file in sorted(folder.glob("*/*"))
            if file.suffix in tables.SUFFIXES and not file.name.startswith(".") and file.parent.name[0] != "."
        ]
        rows = []
        for file in files:
            found = read(file, columns, labelled=False)
            channels.add(found.channels)
            name = f"{file.parent.name}/{file.name}"
            if len(found.rows) != 1 or found.rows[0].name or found.rows[0].label:
                raise ZooError(
                    f"{file}: holds a column {ID} or {LABEL}, though its folder is the label; remove it, or "
                    "give one table of all signals"
                )
            rows.append(Signal(name, found.rows[0].values, file.parent.name))
        return rows

    if path.is_dir() and not any(file.suffix in SUFFIXES for file in path.iterdir()):
        rows = by_label(path)
        if not rows:
            raise ZooError(
                f"{path}: holds no signals; give it a folder for each label with tables in them, or files "
                "train, validation and test"
            )
        parts = tables.parted(path, rows, lambda row: row.name, "signals")
    else:
        parts = tables.split_parts(path, SUFFIXES, one, lambda row: row.name, "signals")
    if len(channels) > 1:
        one_, other = (", ".join(names) for names in sorted(channels)[:2])
        raise ZooError(f"{path}: files differ in their channels, {one_} and {other}; give all the same")
    return channels.pop(), parts


def part_of(rows: Sequence[Signal], numbers: Mapping[str, int], channels: int) -> Part:
    """Returns signals as a part: `values` float64 (time, channels), and `label` int64 by its number."""
    import tensorflow as tf

    lengths = [len(row.values) for row in rows]
    flat = np.concatenate([row.values for row in rows] or [np.zeros([0, channels])])
    values = tf.RaggedTensor.from_row_lengths(flat, np.array(lengths, np.int64))
    return Part({"values": values, "label": np.array([numbers[row.label] for row in rows], np.int64)})


def _of_ts(path: Path, columns: str, labelled: bool) -> Signals:
    header, rows = ts_files.parsed(str(path), tables.read_text(path))
    count = len(rows[0].channels) if rows else 0
    names = tuple(f"channel_{number}" for number in range(1, count + 1))
    chosen = _chosen(path, columns, names)
    places = [names.index(name) for name in chosen]
    known = set(header.labels)
    signals = []
    for row in rows:
        if labelled and known and row.label not in known:
            raise ZooError(
                f"{path}: line {row.line}: the label {row.label!r} is not one of @classLabel; mend either"
            )
        signals.append(Signal(f"line {row.line}", row.values()[:, places], row.label))
    return Signals(chosen, signals)


def _of_table(path: Path, columns: str, labelled: bool) -> Signals:
    needed = (ID, LABEL) if labelled else ()
    found = list(tables.read_table(path, needed, ()))
    if not found:
        raise ZooError(f"{path}: has no rows below its first line; add some")
    names = dict.fromkeys(name for _, row in found for name in row)  # lines of JSONL may lack some
    channels = _chosen(path, columns, tuple(name for name in names if name not in (ID, LABEL)))
    values: dict[str, list[list[float]]] = {}
    labels: dict[str, str] = {}
    for line, row in found:
        where = f"{path}: line {line}"
        name = _text(row.get(ID))
        if ID in names and not name:
            raise ZooError(f"{where} has a blank {ID}; fill it in or remove the row")
        label = _text(row.get(LABEL))
        if labels.setdefault(name, label) != label:
            raise ZooError(
                f"{where}: the signal {name!r} has the labels {labels[name]!r} and {label!r}; give it one"
            )
        values.setdefault(name, []).append([_number(where, column, row.get(column)) for column in channels])
    return Signals(
        channels, [Signal(name, np.array(rows, np.float64), labels[name]) for name, rows in values.items()]
    )


def _chosen(path: Path, columns: str, present: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the channels that were asked for, or all."""
    wanted = tuple(name.strip() for name in columns.split(",") if name.strip())
    for name in wanted:
        if name not in present or wanted.count(name) > 1:
            known = ", ".join(map(repr, present))
            raise ZooError(
                f"{path}: has no column of numbers {name!r}, or it is named twice; there is {known}"
            )
    if not present:
        raise ZooError(f"{path}: has no columns of numbers; give it one for each channel")
    for name in wanted or present:
        if name != name.strip() or not name or "," in name:
            raise ZooError(
                f"{path}: a channel is called {name!r}, which is blank, holds a comma, or has spaces at "
                "its ends; rename it, or name the others with --columns"
            )
    return wanted or present


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _number(where: str, column: str, cell: Any) -> float:
    text = _text(cell)
    if text == ts_files.MISSING or text.lower() in BLANK:
        return np.nan
    value = number_of(text)
    if value is None:
        raise ZooError(
            f"{where}: the column {column!r} holds {text[:40]!r}, which is no number; write one with a "
            "decimal point, leave the cell blank if it is missing, or name the other columns with --columns"
        )
    if abs(value) > LARGEST:
        raise ZooError(f"{where}: the column {column!r} holds {text[:40]!r}, which is too large; mend it")
    return value
