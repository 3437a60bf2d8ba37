"""What a forecaster must beat: methods that every textbook has, fitted in a moment."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from zoo.data.climatology import DAY, YEAR, Climatology
from zoo.data.own.series import Series
from zoo.metrics import Score
from zoo.metrics import forecasting as scored
from zoo.metrics.forecasts import ahead, origins

# Shares of a new observation in the level: from a memory of a hundred steps to hardly any.
_SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
Forecasts = Callable[[np.ndarray], np.ndarray]


def forecasting(
    known: Series,
    test: Series,
    scale: np.ndarray,
    horizon: int,
    levels: Sequence[float],
    cycles: Sequence[tuple[float, int]],
) -> dict[str, Score]:
    """Scores the baselines by rolling origin over the test part.

    - naive: the last value goes on.
    - same day last year: what was observed a year (365 days) before; without a yearly cycle, one period of
      the longest cycle before; left out where there is none, or no such row.
    - climatology: the smooth cycles, which a model is given too; without any, the mean.
    - exponential smoothing: the level of the deviations from the climatology goes on (Holt-Winters' method
      with a fixed additive season and no trend). The share that a new observation has in the level is the one
      of least absolute error over the whole horizon, by rolling origin over the known part.
    - AR(1): the last deviation from the climatology goes on, and fades by the same share at each step
      (Box and Jenkins 1970), the one of least squared error one step ahead.

    The interval of each is made of the quantiles that its own errors have in the known part, step by step.

    Args:
        known: everything before the test part, the columns that are forecast.
        test: the test part.
        scale: as `zoo.metrics.forecasts.forecasting` takes it.
        horizon: steps ahead.
        levels: of the quantiles.
        cycles: as `zoo.data.climatology.Climatology` takes them.

    Returns:
        Name -> what `zoo.metrics.forecasts.forecasting` says.
    """
    values = np.concatenate([known.values, test.values]).astype(np.float64)
    times = np.concatenate([known.times, test.times])
    methods = fitted(values, times, len(known.times), horizon, cycles, known.interval)
    tested = origins(len(known.times), len(values), horizon)
    truth = values[ahead(tested, horizon)]
    scores = {}
    for name, (first, forecasts) in methods.items():
        past = origins(max(first, 1), len(known.times), horizon)
        errors = values[ahead(past, horizon)] - forecasts(past)
        spread = np.moveaxis(np.quantile(errors, levels, axis=0), 0, -1)
        spread[..., list(levels).index(0.5)] = 0  # the forecast stays what the method says
        scores[name] = scored(truth, forecasts(tested)[..., None] + spread, levels, scale, known.columns)
    return scores


def fitted(
    values: np.ndarray,
    times: np.ndarray,
    known: int,
    horizon: int,
    cycles: Sequence[tuple[float, int]],
    interval: int,
) -> Mapping[str, tuple[int, Forecasts]]:
    """Returns name -> the first row that can be forecast, and a function from origins to forecasts.

    Args:
        values: (time, columns).
        times: (time,), seconds since 1970.
        known: rows that may be fitted to.
        horizon, cycles: as `forecasting` takes them.
        interval: seconds between two rows.
    """
    climatology = Climatology.fit(values[:known], times[:known], cycles)
    normal = climatology.normal(_times_ahead(times, horizon, interval)).numpy().astype(np.float64)
    deviations = values - normal[: len(values)]
    past = origins(len(values[:known]) // 10 + 1, known, horizon)
    errors = {
        share: np.abs(
            values[ahead(past, horizon)] - _smoothed(normal, deviations, share, past, horizon)
        ).mean(0)
        for share in _SHARES
    }
    totals = {share: error.sum(0) for share, error in errors.items()}
    shares = np.array([min(_SHARES, key=lambda s: totals[s][column]) for column in range(values.shape[1])])
    before, after = deviations[: known - 1], deviations[1:known]
    fading = (before * after).sum(0) / np.maximum((before**2).sum(0), np.finfo(np.float64).tiny)
    steps = np.arange(1, horizon + 1)[:, None]
    methods: dict[str, tuple[int, Forecasts]] = {
        "naive": (1, lambda rows: np.repeat(values[rows][:, None], horizon, 1)),
        "climatology": (1, lambda rows: normal[ahead(rows, horizon)]),
        "exponential smoothing": (1, lambda rows: _smoothed(normal, deviations, shares, rows, horizon)),
        "AR(1)": (1, lambda rows: normal[ahead(rows, horizon)] + fading**steps * deviations[rows][:, None]),
    }
    name, lag = season_of(cycles, interval)
    if horizon <= lag and lag + horizon < known:
        methods = {
            "naive": methods.pop("naive"),
            name: (lag, lambda rows: values[ahead(rows, horizon) - lag]),
            **methods,
        }
    return methods


def season_of(cycles: Sequence[tuple[float, int]], interval: int) -> tuple[str, int]:
    """Returns what the seasonal naive method is called, and how many rows ago it looks; 0 without a cycle."""
    length = max((length for length, _ in cycles), default=0)
    lag = round(round(length / DAY) * DAY / interval)  # whole days: noon is compared with noon
    if length != YEAR:
        return f"{lag} steps before", lag
    return ("same day last year", lag) if interval == DAY else ("same time last year", lag)


def _times_ahead(times: np.ndarray, horizon: int, interval: int) -> np.ndarray:
    return np.concatenate([times, times[-1] + interval * np.arange(1, horizon + 1)])


def _smoothed(normal, deviations, share, rows, horizon) -> np.ndarray:
    """Returns the climatology plus the level of the deviations known at each of the rows."""
    level, levels = np.zeros(deviations.shape[1]), np.empty_like(deviations)
    for row, deviation in enumerate(deviations):
        level = level + share * (deviation - level)
        levels[row] = level
    return normal[ahead(rows, horizon)] + levels[rows][:, None]
