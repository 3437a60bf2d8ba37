"""What a forecaster is asked about: the end of a series, in the model's unit or another one."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zoo.data.climatology import cycles_of
from zoo.data.own import series, times
from zoo.errors import ZooError
from zoo.tasks.base import Model
from zoo.tasks.manifest import Manifest, own_part


@dataclass(frozen=True)
class About:
    """What a forecaster's manifest says of its series.

    Attributes:
        columns: that it reads.
        targets: those of them that it forecasts.
        interval: seconds between two rows.
        scale: what errors are divided by, one for each target.
        seen: the lowest and the highest value of each column that it was trained on; empty in exports of
            before this was kept.
    """

    columns: list[str]
    targets: list[str]
    interval: int
    scale: list[float]
    seen: list[list[float]] = field(default_factory=list)

    @classmethod
    def of(cls, manifest: Manifest) -> About:
        """Reads it off a manifest.

        Raises:
            ZooError: it does not say so.
        """
        return own_part(cls, manifest, "series", lambda about: all(len(bounds) == 2 for bounds in about.seen))


class Window(NamedTuple):
    """Observations (time, columns), the time of the last one, and those that follow, if known.

    `unit` is how their numbers come from those that a model knows: by a factor, and what is then added.
    """

    values: np.ndarray
    time: str
    ahead: Sequence[str] = ()
    unit: tuple[float, float] = (1.0, 0.0)

    @property
    def known(self) -> np.ndarray:
        """The observations in the model's unit."""
        factor, added = self.unit
        return (np.asarray(self.values, np.float64) - added) / factor


class InUnit(NamedTuple):
    """The path of a table whose numbers are in another unit: see `Window`."""

    path: Path
    unit: tuple[float, float]


def windowed(row: Any, model: Model) -> Window:
    """Returns what a forecaster is asked about: a table's end, or an array or window as it is."""
    if isinstance(row, InUnit):
        return _window_of(row.path, model, row.unit)
    return _window_of(Path(row), model) if isinstance(row, str | Path) else _as_window(row, model)


def _window_of(path: Path, model: Model, unit: tuple[float, float] = (1.0, 0.0)) -> Window:
    """Returns the end of a user's series."""
    about, config = About.of(model.manifest), model.manifest.config
    observed = series.read_series(path, ",".join(about.columns), config["time"], flags=False)
    check_interval(path, observed, about.interval, model.name)
    window, horizon = config["window"], config["horizon"]
    if len(observed.times) < window:
        warnings.warn(
            f"{path}: has {len(observed.times)} rows, and {model.name} learned from windows of {window}; it "
            "forecasts from what there is, and is less sure than it says",
            stacklevel=5,
        )
    following = [times.written(seconds, observed.zone) for seconds in series.later(observed, horizon)]
    return Window(observed.values[-window:], times.written(observed.times[-1]), following, unit)


def _as_window(row: Any, model: Model) -> Window:
    """Returns an array as a window; a model that knows cycles must be told the time."""
    if isinstance(row, Window):
        return row
    values = np.asarray(row, np.float64)
    columns = About.of(model.manifest).columns
    if values.ndim != 2 or values.shape[1] != len(columns):
        shape = f"(time, {len(columns)})"
        raise ZooError(f"{model.name}: an array of shape {values.shape}; give {shape}: {', '.join(columns)}")
    config = model.manifest.config
    if cycles_of(config["year"], config["week"], config["day"]):
        raise ZooError(
            f"{model.name}: knows what is usual for the time; give zoo.tasks.Window(values, time), the time "
            "that of the last row, or the path of a table"
        )
    return Window(values, "")


def check_interval(name: Path | str, observed: series.Series, interval: int, model: str) -> None:
    """Refuses a series whose rows are not as far apart as those that a model has learned."""
    if abs(observed.interval / interval - 1) > 0.02:  # months differ by that
        apart, usual = (f"{seconds / 3600:g}" for seconds in (observed.interval, interval))
        raise ZooError(
            f"{name}: its rows are {apart} hours apart, those that {model} was trained on {usual}; "
            "give a series of such rows"
        )
