"""The picture of a forecaster at work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoo.data.own.series import Series
from zoo.metrics.forecasts import ahead


def draw_forecasts(
    series: Series,
    targets: Sequence[int],
    levels: Sequence[float],
    quantiles: np.ndarray,
    rows: np.ndarray,
    usual: np.ndarray,
    path: Path,
    most: int = 366,
) -> None:
    """Draws what came, and the forecasts laid end to end, each a horizon long, with their outer quantiles.

    Args:
        series: the part to draw, and what was before it.
        targets: numbers of the columns that are forecast.
        levels: of the quantiles.
        quantiles: forecasts, (origins, horizon, targets, levels).
        rows: the last row that each of them knows, (origins,).
        usual: what is usual for the time, (time, columns).
        path: the picture.
        most: steps that are drawn, the first ones of the part.
    """
    from matplotlib.figure import Figure

    start, horizon = rows[0] + 1, quantiles.shape[1]
    chosen = slice(0, most, horizon)
    places = ahead(rows, horizon)[chosen]
    quantiles = quantiles[chosen]
    if horizon == 1:  # single points, which are joined
        places, quantiles = places.T, quantiles.swapaxes(0, 1)
    dates = series.times[places].astype("datetime64[s]")
    figure = Figure(figsize=(12, 3.4 * len(targets)), layout="constrained")
    for place, (axis, target) in enumerate(
        zip(np.ravel(figure.subplots(len(targets), 1)), targets, strict=True)
    ):
        spread = f"{100 * (levels[-1] - levels[0]):g} % interval"
        for number, when in enumerate(dates):
            forecast = quantiles[number, :, place]
            once = number == 0
            if len(levels) > 1:
                axis.fill_between(
                    when,
                    forecast[:, 0],
                    forecast[:, -1],
                    color="C0",
                    alpha=0.25,
                    lw=0,
                    label=spread if once else None,
                )
            median = forecast[:, levels.index(0.5)]
            axis.plot(when, median, "C0", lw=1.5, label="forecast" if once else None)
        shown = slice(start, places.max() + 1)
        when = series.times[shown].astype("datetime64[s]")
        axis.plot(when, series.values[shown, target], "k.", ms=3, label="observed")
        axis.plot(when, usual[shown, target], color="0.6", lw=1, ls="--", label="usual for the time")
        steps = f"{horizon} steps" if horizon > 1 else "one step"
        axis.set(title=f"{series.columns[target]}: forecasts of {steps}, one behind the other")
        axis.margins(x=0.01)
        axis.legend(loc="upper left", ncols=4, fontsize=8)
    figure.savefig(path, dpi=120)
