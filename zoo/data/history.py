"""Related series, each in its three parts, which follow each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from zoo.data.climatology import check_cycles
from zoo.data.examples import SPLITS, Examples
from zoo.data.own.series import Series, join, panel_of, refuse_constant
from zoo.errors import ZooError


@dataclass(frozen=True)
class History:
    """Training part, validation part and test part of a series, one after another."""

    train: Series
    validation: Series
    test: Series

    @cached_property
    def known(self) -> Series:
        """All that comes before the test part."""
        return join(self.train, self.validation)

    @cached_property
    def whole(self) -> Series:
        """All."""
        return join(self.known, self.test)

    def validation_after(self, rows: int) -> Series:
        """Returns the validation part, and so many rows of training before it."""
        return join(self.train.part(-rows, None), self.validation)


def histories(examples: Examples) -> list[History]:
    """Returns the series that examples of the mapping `series` hold.

    Raises:
        ZooError: a part lacks one of them, or has one more.
    """
    parts = [
        {one.name: one for one in panel_of(examples.split(part), examples.label_names)} for part in SPLITS
    ]
    for part, found in zip(SPLITS, parts, strict=True):
        if odd := set(found) ^ set(parts[0]):
            raise ZooError(f"{examples.name}: the series {sorted(odd)[0]!r} is not in train and {part} alike")
    return [History(*(part[name] for part in parts)) for name in parts[0]]


def check_histories(
    several: list[History],
    name: str,
    window: int,
    horizon: int,
    harmonics: Mapping[str, int],
    known: str = "",
) -> None:
    """Refuses parts that are too short for a window, a horizon or a cycle, or hold too little.

    Args:
        several: the series.
        name: of the data set, for the message.
        window: rows that a forecast looks back on.
        horizon: rows that it looks ahead.
        harmonics: as `check_cycles` takes them.
        known: the columns that are known ahead, joined by commas.

    Raises:
        ZooError: the parts are.
    """
    needed = (window + horizon, horizon, horizon)
    for history in several:
        whose = f" of {history.train.name!r}" if history.train.name else ""
        parts = (history.train, history.validation, history.test)
        for part, series, rows in zip(SPLITS, parts, needed, strict=True):
            if len(series.times) < rows:
                raise ZooError(
                    f"{name}: the {part} part{whose} has {len(series.times)} rows, but --window {window} and "
                    f"--horizon {horizon} take {rows}; give more rows, or lower them"
                )
        check_cycles(harmonics, history.train.times, history.whole.interval)
        for column, values in zip(history.train.columns, history.train.values.T, strict=True):
            if (count := int(np.sum(~np.isnan(values)))) < 2:
                raise ZooError(
                    f"{name}: the column {column!r}{whose} was observed {count} times in the train part, "
                    "from which nothing can be learned; give more, or leave it out"
                )
    for part in SPLITS[1:]:
        values = np.concatenate([getattr(history, part).values for history in several])
        missing = np.isnan(values).all(axis=0)
        for column, none in zip(several[0].train.columns, missing, strict=True):
            if none:
                told = f"nothing was observed of {column!r} in the {part} part"
                raise ZooError(f"{name}: {told}; give more, or leave it out")
    refuse_constant(name, [history.train for history in several], known)
