"""A series in its three parts, which follow each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from zoo.data.climatology import check_cycles
from zoo.data.examples import SPLITS, Examples
from zoo.data.own.series import Series, join, refuse_constant, series_of
from zoo.errors import ZooError


@dataclass(frozen=True)
class History:
    """Training part, validation part and test part of a series, one after another."""

    train: Series
    validation: Series
    test: Series

    @classmethod
    def of(cls, examples: Examples) -> History:
        """Returns what examples of the mapping `series` hold."""
        return cls(*(series_of(examples.split(part), examples.label_names) for part in SPLITS))

    def check(self, name: str, window: int, horizon: int, harmonics: Mapping[str, int]) -> None:
        """Refuses parts that are too short for a window, a horizon or a cycle, and columns that never change.

        Args:
            name: of the data set, for the message.
            window: rows that a forecast looks back on.
            horizon: rows that it looks ahead.
            harmonics: as `check_cycles` takes them.

        Raises:
            ZooError: the parts are.
        """
        needed = (window + horizon, horizon, horizon)
        parts = (self.train, self.validation, self.test)
        for part, series, rows in zip(SPLITS, parts, needed, strict=True):
            if len(series.times) < rows:
                raise ZooError(
                    f"{name}: the {part} part has {len(series.times)} rows, but --window {window} and "
                    f"--horizon {horizon} take {rows}; give more rows, or lower them"
                )
        refuse_constant(name, self.train)
        check_cycles(harmonics, self.train.times, self.whole.interval)

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
