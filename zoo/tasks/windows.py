"""What a forecaster is asked about: the end of a series, in the model's unit or another one."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zoo.data import History
from zoo.data.climatology import cycles_of
from zoo.data.own import series, times
from zoo.data.own.observed import Layout, Told, read_panel
from zoo.errors import ZooError
from zoo.metrics.forecasts import naive_error
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
        static: of a model of several series the column that tells them apart, and those that say more of one.
        known: those of the columns whose future is known.
        scales: of a model of several series what `scale` is of each.
        said: of each of them, what is said beside its name.
    """

    columns: list[str]
    targets: list[str]
    interval: int
    scale: list[float]
    seen: list[list[float]] = field(default_factory=list)
    static: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    scales: dict[str, list[float]] = field(default_factory=dict)
    said: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def told(cls, columns: Sequence[str], config: Any, panel: Sequence[History]) -> About:
        """Returns what a forecaster's settings and its series say.

        Args:
            columns: that are read.
            config: the recipe's settings.
            panel: the series.

        Raises:
            ZooError: `targets` are none of the columns, or known ahead.
        """
        targets = series.numbers_of(columns, config.targets, config.known)
        values = np.concatenate([history.known.values for history in panel])
        seen = np.stack([np.nanmin(values, axis=0), np.nanmax(values, axis=0)], axis=1).tolist()
        scales = np.stack([naive_error(history.train.values[:, targets]) for history in panel])
        # What never changed in training is as hard as the others are.
        scales = np.where(scales > 0, scales, np.nanmean(np.where(scales > 0, scales, np.nan), axis=0))
        several = bool(config.series)
        names = [history.train.name for history in panel]
        return cls(
            columns=list(columns),
            targets=[columns[number] for number in targets],
            interval=panel[0].whole.interval,
            scale=scales.mean(axis=0).tolist() if several else scales[0].tolist(),
            seen=seen,
            static=[config.series, *series.names_in(config.static)] if several else [],
            known=series.names_in(config.known),
            scales=dict(zip(names, scales.tolist(), strict=True)) if several else {},
            said={history.train.name: list(history.train.static[1:]) for history in panel} if several else {},
        )

    def places(self, names: Sequence[str]) -> list[int]:
        """Returns the numbers of some of the columns."""
        return [self.columns.index(name) for name in names]

    @property
    def layout(self) -> Layout:
        """How a table of such series is read, but for its column of times and for missing values."""
        series, *static = self.static or [""]
        return Layout(
            columns=",".join(self.columns), series=series, static=",".join(static), known=",".join(self.known)
        )

    def scale_of(self, known: series.Series) -> list[float]:
        """Returns what errors of a series are divided by; of one that is not among the model's, of its own.

        Args:
            known: what was observed of it before.
        """
        if not self.static:
            return self.scale
        if known.name in self.scales:
            return self.scales[known.name]
        own = naive_error(known.values[:, self.places(self.targets)])
        found: list[float] = np.where(own > 0, own, self.scale).tolist()
        return found

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
    `static` is, for a model of several series, the name of this one and what else is said of it; `known` the
    columns that are known ahead, (horizon, known), for a model that reads such.
    """

    values: np.ndarray
    time: str
    ahead: Sequence[str] = ()
    unit: tuple[float, float] = (1.0, 0.0)
    static: Sequence[str] = ()
    known: np.ndarray | None = None

    def in_unit(self, known: Sequence[int]) -> np.ndarray:
        """Returns the observations in the model's unit; columns that are known ahead have no other."""
        factor, added = self.unit
        values = np.array(self.values, np.float64)
        others = [place for place in range(values.shape[1]) if place not in known]
        values[:, others] = (values[:, others] - added) / factor
        return values


class InUnit(NamedTuple):
    """The path of a table whose numbers are in another unit: see `Window`."""

    path: Path
    unit: tuple[float, float]


def windowed(row: Any, model: Model) -> list[Window]:
    """Returns what a forecaster is asked about: the ends of a table's series, an array, or a window."""
    if isinstance(row, InUnit):
        return _windows_of(row.path, model, row.unit)
    return _windows_of(Path(row), model) if isinstance(row, str | Path) else [_as_window(row, model)]


def _windows_of(path: Path, model: Model, unit: tuple[float, float] = (1.0, 0.0)) -> list[Window]:
    """Returns the ends of a user's series."""
    about, config = About.of(model.manifest), model.manifest.config
    layout = layout_of(about, config)
    return [
        _window_of(path, observed, about, config, model.name, unit)
        for observed in read_panel(path, layout, flags=False)
    ]


def layout_of(about: About, config: Mapping[str, Any]) -> Layout:
    """Returns how a table for a model is read."""
    return replace(about.layout, time=config["time"], missing="yes" if config.get("missing") else "")


def _window_of(
    path: Path,
    found: Told,
    about: About,
    config: Mapping[str, Any],
    model: str,
    unit: tuple[float, float],
) -> Window:
    observed, known, _ = found
    check_interval(path, observed, about.interval, model)
    window, horizon = config["window"], config["horizon"]
    whose = f" of {observed.name!r}" if observed.name else ""
    if len(observed.times) < window:
        warnings.warn(
            f"{path}: has {len(observed.times)} rows{whose}, and {model} learned from windows of {window}; "
            "it forecasts from what there is, and is less sure than it says",
            stacklevel=6,
        )
    if about.known and len(known) < horizon:
        raise ZooError(
            f"{path}: {' and '.join(about.known)} {'are' if len(about.known) > 1 else 'is'} known for "
            f"{len(known)} of the {horizon} steps behind the last observation{whose}; add a row for each of "
            "them, its other columns blank"
        )
    following = [times.written(seconds, observed.zone) for seconds in series.later(observed, horizon)]
    last = times.written(observed.times[-1])
    ahead = known[:horizon] if about.known else None
    return Window(observed.values[-window:], last, following, unit, observed.static, ahead)


def _as_window(row: Any, model: Model) -> Window:
    """Returns an array as a window; a model that knows cycles must be told the time."""
    about, config = About.of(model.manifest), model.manifest.config
    wanted = f"zoo.tasks.Window(values, time{_further(about, config['horizon'])})"
    if isinstance(row, Window):
        if len(row.static) != len(about.static) or (row.known is None) == bool(about.known):
            raise ZooError(f"{model.name}: the window says too much or too little; give {wanted}")
        return row
    values = np.asarray(row, np.float64)
    columns = about.columns
    if values.ndim != 2 or values.shape[1] != len(columns):
        shape = f"(time, {len(columns)})"
        raise ZooError(f"{model.name}: an array of shape {values.shape}; give {shape}: {', '.join(columns)}")
    if about.static or about.known:
        raise ZooError(f"{model.name}: reads more than an array; give {wanted}, or the path of a table")
    if cycles_of(config["year"], config["week"], config["day"]):
        raise ZooError(
            f"{model.name}: knows what is usual for the time; give {wanted}, the time that of the last row, "
            "or the path of a table"
        )
    return Window(values, "")


def _further(about: About, horizon: int) -> str:
    """Returns what a window takes beside values and time."""
    static = f", static=[{', '.join(about.static)}]" if about.static else ""
    known = f", known=({horizon}, {len(about.known)}: {', '.join(about.known)})" if about.known else ""
    return static + known


def check_interval(name: Path | str, observed: series.Series, interval: int, model: str) -> None:
    """Refuses a series whose rows are not as far apart as those that a model has learned."""
    if abs(observed.interval / interval - 1) > 0.02:  # months differ by that
        apart, usual = (f"{seconds / 3600:g}" for seconds in (observed.interval, interval))
        raise ZooError(
            f"{name}: its rows are {apart} hours apart, those that {model} was trained on {usual}; "
            "give a series of such rows"
        )
