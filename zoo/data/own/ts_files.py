"""The .ts format of the archives of UEA and UCR: a header of @ lines, then one signal on each line."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zoo.data.own.numbers import LARGEST, number_of
from zoo.errors import ZooError

MISSING = "?"
"""What stands where a number is missing."""
_ABSENT = (MISSING, "nan", "NaN")


class Header(NamedTuple):
    """What stands above @data.

    Attributes:
        labels: those that the file may hold; none where it does not say.
        stamped: whether each number comes with a time.
    """

    labels: tuple[str, ...]
    stamped: bool


class Row(NamedTuple):
    """A line of data: its number, the numbers of each channel, and its label, "" where there is none."""

    line: int
    channels: list[list[float]]
    label: str

    def values(self) -> np.ndarray:
        """Returns float64 (time, channels); what a shorter channel lacks is NaN."""
        longest = max(map(len, self.channels))
        padded = [channel + [np.nan] * (longest - len(channel)) for channel in self.channels]
        return np.array(padded, np.float64).T


def parsed(name: str, text: str) -> tuple[Header, list[Row]]:
    """Reads a file.

    Args:
        name: of the file, for messages.
        text: what it holds.

    Raises:
        ZooError: it has no @data, its numbers come with times, a number is none, or a line has other channels
            than the first.
    """
    lines = text.splitlines()
    begin = next((i for i, line in enumerate(lines) if line.strip().lower() == "@data"), None)
    if begin is None:
        raise ZooError(f"{name}: has no line @data; give a .ts file of signals")
    header = _header(name, lines[:begin])
    if header.stamped:
        raise ZooError(f"{name}: its numbers come with times (@timeStamps true); write the numbers alone")
    rows: list[Row] = []
    for number, line in enumerate(lines[begin + 1 :], begin + 2):
        if not line.strip():
            continue
        *channels, last = line.split(":")
        label = last.strip() if header.labels else ""
        if not header.labels:
            channels.append(last)
        row = Row(number, [_numbers(f"{name}: line {number}", cells) for cells in channels], label)
        if not channels or (rows and len(row.channels) != len(rows[0].channels)):
            few = len(rows[0].channels) if rows else 1
            raise ZooError(f"{name}: line {number} has {len(channels)} channels, not {few}; mend its colons")
        rows.append(row)
    if not rows:
        raise ZooError(f"{name}: has no signals below @data; add some")
    return header, rows


def _header(name: str, lines: list[str]) -> Header:
    labels: tuple[str, ...] = ()
    stamped = False
    for line in lines:
        key, *values = line.split() or [""]
        if key.lower() == "@classlabel" and values and values[0].lower() == "true":
            labels = tuple(values[1:])
            if not labels:
                raise ZooError(f"{name}: @classLabel true names no labels; write them behind it")
        if key.lower() == "@targetlabel" and values and values[0].lower() == "true":
            raise ZooError(f"{name}: holds numbers for labels (@targetLabel true); give one with @classLabel")
        if key.lower() == "@timestamps":
            stamped = [value.lower() for value in values] == ["true"]
    return Header(labels, stamped)


def _numbers(where: str, cells: str) -> list[float]:
    numbers = []
    for cell in cells.split(","):
        cell = cell.strip()
        number = np.nan if cell in _ABSENT else number_of(cell)
        if number is None:
            raise ZooError(f"{where} holds {cell[:40]!r}, which is no number; write ? where one is missing")
        if abs(number) > LARGEST:
            raise ZooError(f"{where} holds {cell[:40]!r}, which is too large; mend it")
        numbers.append(number)
    return numbers
