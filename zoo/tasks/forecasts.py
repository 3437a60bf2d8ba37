"""A forecaster at work: over rolling origins, behind the end of a user's series, in tables and pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data.own.series import Series, later, read_series, written
from zoo.errors import ZooError
from zoo.metrics.forecasts import ahead, by_step, origins
from zoo.show import report

if TYPE_CHECKING:
    from zoo.models.registry import Model

_ROWS = 256  # windows that go through a model together
_MOST_STEPS = 14  # of a horizon, side by side in a table


def rolling(
    forecast: Callable[..., Mapping[str, Any]], series: Series, start: int, window: int, horizon: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Forecasts a part of a series from each of its days in turn, which knows all that was before.

    Args:
        forecast: values (batch, window, columns) and time (batch,) -> `quantiles` (batch, horizon, targets,
            levels) and more, as a forecaster's `serving_default`.
        series: the part, and at least `window` rows before it.
        start: first row of the part.
        window: rows that each forecast looks back on.
        horizon: steps ahead.

    Returns:
        What came, (origins, horizon, columns); the quantiles, (origins, horizon, targets, levels); and the
        last rows known, (origins,).
    """
    rows = origins(start, len(series.times), horizon)
    rows = rows[rows >= window - 1]
    found = []
    for first in range(0, len(rows), _ROWS):
        block = rows[first : first + _ROWS]
        values = series.values[block[:, None] + np.arange(1 - window, 1)]
        times = [written(seconds) for seconds in series.times[block]]
        found.append(forecast(values, times)["quantiles"].numpy())
    return series.values[ahead(rows, horizon)].astype(np.float64), np.concatenate(found), rows


def print_scores(scores: Mapping[str, Mapping[str, Any]], part: str = "test") -> None:
    """Prints the scores of a part, and those of each step ahead.

    Args:
        scores: name -> what `zoo.metrics.forecasts.forecasting` returns; the model itself last.
        part: what the title calls the rows.
    """
    report.print_scores(scores, f"Scores on {part}, by rolling origin")
    for figure, title in (("mase", "MASE"), ("coverage", "Coverage")):
        table = by_step(scores, figure)
        if table and 1 < len(next(iter(table.values()))) <= _MOST_STEPS:
            report.print_figures(table, f"{title} by step")


def samples(module: Any, series: Series) -> dict[str, dict[str, Any]]:
    """Returns inputs of a forecaster's signatures: the end of a series, and rows that are not valid."""
    values = series.values[-3:]
    times = [written(seconds) for seconds in series.times[-3:]]
    windows = np.stack([values, np.full_like(values, np.nan), values])
    state = np.zeros([3, sum(module.sizes)], np.float32)
    return {
        "serving_default": {"values": windows, "time": [times[-1], times[-1], "no date"]},
        "step": {"values": values, "time": [*times[:2], "no date"], "state": state},
    }


def predict(model: Model, path: Path) -> list[dict[str, Any]]:
    """Forecasts what follows the end of a user's series.

    Args:
        model: a loaded forecaster.
        path: a table with the columns that the model reads. Times are in the column that the model was
            trained with, of a table without it in the first.

    Returns:
        A dict for each step and column: `time`, `column`, `forecast`, and where the model gives bounds one
        for each of its quantiles, as `10%` and `90%`.

    Raises:
        ZooError: as `read_series`, or the series is shorter than the model's window, its rows
            are not as far apart as the model's, or its numbers are too large to compute with.
    """
    about, config = model.manifest["series"], model.manifest["config"]
    series = read_series(path, ",".join(about["columns"]), config["time"], flags=False)
    check_interval(path, series, about["interval"], model.name)
    window, horizon = config["window"], config["horizon"]
    if len(series.times) < window:
        raise ZooError(
            f"{path}: has {len(series.times)} rows, but {model.name} looks back on {window}; give more rows"
        )
    found = _signature(model)(series.values[None, -window:], [written(series.times[-1])])
    if not found["valid"][0]:
        raise ZooError(f"{path}: its last {window} rows hold numbers too large to compute with; mend them")
    levels = config["quantiles"]
    rows = []
    for step, when in enumerate(later(series, horizon)):
        for place, column in enumerate(about["targets"]):
            quantiles = found["quantiles"][0, step, place].numpy().tolist()
            bounds = {
                f"{100 * level:g}%": value
                for level, value in zip(levels, quantiles, strict=True)
                if level != 0.5
            }
            forecast = quantiles[levels.index(0.5)]
            rows.append({"time": written(when), "column": column, "forecast": forecast, **bounds})
    return rows


def check_interval(path: Path | str, series: Series, interval: int, name: str) -> None:
    """Refuses a series whose rows are not as far apart as those that a model has learned.

    Raises:
        ZooError: they are not.
    """
    if abs(series.interval / interval - 1) > 0.02:  # months differ by that
        raise ZooError(
            f"{path}: its rows are {series.interval / 3600:g} hours apart, those that {name} was trained on "
            f"{interval / 3600:g}; give a series of such rows"
        )


def answer_all(model: Model, series: Series, start: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `rolling`, by a loaded forecaster."""
    config = model.manifest["config"]
    return rolling(_signature(model), series, start, config["window"], config["horizon"])


def _signature(model: Model) -> Callable[..., Mapping[str, Any]]:
    import tensorflow as tf

    run = model.signatures["serving_default"]
    return lambda values, times: run(values=tf.constant(values, tf.float32), time=tf.constant(times))


def draw(module: Any, series: Series, forecast: tuple, path: Path, most: int = 366) -> None:
    """Draws what came, and the forecasts laid end to end, each a horizon long, with their outer quantiles.

    Args:
        module: the forecaster, with a `forecast`, `config`, `climatology` and `targets`.
        series: the part to draw, and what was before it.
        forecast: what `rolling` returned for the part.
        path: the picture.
        most: steps that are drawn, the first ones of the part.
    """
    from matplotlib.figure import Figure

    config, targets = module.config, module.targets
    _, quantiles, rows = forecast
    start = rows[0] + 1
    chosen = slice(0, most, config.horizon)
    places = ahead(rows, config.horizon)[chosen]
    quantiles = quantiles[chosen]
    if config.horizon == 1:  # single points, which are joined
        places, quantiles = places.T, quantiles.swapaxes(0, 1)
    dates = series.times[places].astype("datetime64[s]")
    normal = module.climatology.normal(series.times[start : places.max() + 1]).numpy()
    figure = Figure(figsize=(12, 3.4 * len(targets)), layout="constrained")
    for place, (axis, target) in enumerate(
        zip(np.ravel(figure.subplots(len(targets), 1)), targets, strict=True)
    ):
        spread = f"{100 * (config.quantiles[-1] - config.quantiles[0]):g} % interval"
        for number, when in enumerate(dates):
            each = quantiles[number, :, place]
            once = number == 0
            if len(config.quantiles) > 1:
                axis.fill_between(
                    when,
                    each[:, 0],
                    each[:, -1],
                    color="C0",
                    alpha=0.25,
                    lw=0,
                    label=spread if once else None,
                )
            median = each[:, config.quantiles.index(0.5)]
            axis.plot(when, median, "C0", lw=1.5, label="forecast" if once else None)
        shown = slice(start, places.max() + 1)
        when = series.times[shown].astype("datetime64[s]")
        axis.plot(when, series.values[shown, target], "k.", ms=3, label="observed")
        axis.plot(when, normal[:, target], color="0.6", lw=1, ls="--", label="usual for the time")
        steps = f"{config.horizon} steps" if config.horizon > 1 else "one step"
        axis.set(title=f"{series.columns[target]}: forecasts of {steps}, one behind the other")
        axis.margins(x=0.01)
        axis.legend(loc="upper left", ncols=4, fontsize=8)
    figure.savefig(path, dpi=120)
