"""The picture of a forecaster at work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from zoo.data.own.series import Series
from zoo.metrics.forecasts import ahead

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_SERIES = 6  # in one picture


class Forecast(NamedTuple):
    """What was forecast of one series.

    Attributes:
        series: the part that was forecast, and what was before it.
        quantiles: forecasts, (origins, horizon, targets, levels).
        rows: the last row that each of them knows, (origins,).
        usual: what is usual for the time, (time, columns).
    """

    series: Series
    quantiles: np.ndarray
    rows: np.ndarray
    usual: np.ndarray


def draw_forecasts(
    forecasts: Sequence[Forecast],
    targets: Sequence[int],
    levels: Sequence[float],
    path: Path,
    most: int = 366,
) -> None:
    """Draws what came, and the forecasts laid end to end, each a horizon long, with their outer quantiles.

    Args:
        forecasts: of several series the first six are drawn.
        targets: numbers of the columns that are forecast.
        levels: of the quantiles.
        path: the picture.
        most: steps that are drawn, the first ones of the part.
    """
    from matplotlib.figure import Figure

    shown = [(one, place) for one in forecasts[:_MOST_SERIES] for place in range(len(targets))]
    figure = Figure(figsize=(12, 3.4 * len(shown)), layout="constrained")
    axes = np.ravel(figure.subplots(len(shown), 1))
    for axis, (one, place) in zip(axes, shown, strict=True):
        _draw(axis, one, place, targets[place], levels, most)
    figure.savefig(path, dpi=120)


def _draw(axis: Axes, one: Forecast, place: int, target: int, levels: Sequence[float], most: int) -> None:
    """Draws one column of one series."""
    series, start, horizon = one.series, one.rows[0] + 1, one.quantiles.shape[1]
    chosen = slice(0, most, horizon)
    places = ahead(one.rows, horizon)[chosen]
    quantiles = one.quantiles[chosen]
    if horizon == 1:  # single points, which are joined
        places, quantiles = places.T, quantiles.swapaxes(0, 1)
    spread = f"{100 * (levels[-1] - levels[0]):g} % interval"
    for number, when in enumerate(series.times[places].astype("datetime64[s]")):
        forecast = quantiles[number, :, place]
        once = number == 0
        if len(levels) > 1:
            label = spread if once else None
            axis.fill_between(
                when, forecast[:, 0], forecast[:, -1], color="C0", alpha=0.25, lw=0, label=label
            )
        median = forecast[:, list(levels).index(0.5)]
        axis.plot(when, median, "C0", lw=1.5, label="forecast" if once else None)
    shown = slice(start, places.max() + 1)
    when = series.times[shown].astype("datetime64[s]")
    axis.plot(when, series.values[shown, target], "k.", ms=3, label="observed")
    axis.plot(when, one.usual[shown, target], color="0.6", lw=1, ls="--", label="usual for the time")
    steps = f"{horizon} steps" if horizon > 1 else "one step"
    whose = f"{series.name}, " if series.name else ""
    axis.set(title=f"{whose}{series.columns[target]}: forecasts of {steps}, one behind the other")
    axis.margins(x=0.01)
    axis.legend(loc="upper left", ncols=4, fontsize=8)
