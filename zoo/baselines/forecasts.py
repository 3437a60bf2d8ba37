"""What a forecaster must beat: methods that every textbook has, fitted in a moment."""

from collections.abc import Callable, Mapping, Sequence
from itertools import product

import numpy as np

from zoo.data.climatology import DAY, YEAR, Climatology
from zoo.data.own.series import Series
from zoo.metrics import Score
from zoo.metrics import forecasting as scored
from zoo.metrics.forecasts import ahead, origins

# Shares of a new observation in the level: from a memory of a hundred steps to hardly any.
_SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
# Of the level, of its trend, and of the trend that is left after a step.
_DAMPED = tuple(product((0.2, 0.5, 0.8, 0.99), (0.05, 0.1, 0.2, 0.4), (0.8, 0.9, 0.95, 0.98)))
Forecasts = Callable[[np.ndarray], np.ndarray]


def forecasting(
    parts: Sequence[tuple[Series, Series]],
    scales: np.ndarray,
    horizon: int,
    levels: Sequence[float],
    cycles: Sequence[tuple[float, int]],
) -> dict[str, Score]:
    """Scores the baselines by rolling origin over the test part of each series, fitted to that series alone.

    - naive: the last value goes on.
    - same day last year: what was observed a year (365 days) before; without a yearly cycle, one period of
      the longest cycle before; left out where there is none, or no such row.
    - climatology: the smooth cycles, which a model is given too; without any, the mean.
    - exponential smoothing: the level of the deviations from the climatology goes on (Holt-Winters' method
      with a fixed additive season and no trend). The share that a new observation has in the level is the one
      of least absolute error over the whole horizon, by rolling origin over the known part.
    - damped trend: without a cycle, the level and its trend go on, and the trend fades (Gardner and McKenzie
      1985); the three shares are those of least absolute error, as above.
    - AR(1): the last deviation from the climatology goes on, and fades by the same share at each step
      (Box and Jenkins 1970), the one of least squared error one step ahead.

    The interval of each is made of the quantiles that its own errors have in the known part, step by step.

    Args:
        parts: of each series everything before the test part, and the test part: the columns that are
            forecast; NaN where one is missing, which the last one observed stands for.
        scales: of each series what `zoo.metrics.forecasts.forecasting` takes, (series, columns).
        horizon: steps ahead.
        levels: of the quantiles.
        cycles: as `zoo.data.climatology.Climatology` takes them.

    Returns:
        Name -> what `zoo.metrics.forecasts.forecasting` says.
    """
    each = [_of_one(known, test, horizon, levels, cycles) for known, test in parts]
    truth = np.concatenate([came for came, _ in each])
    counts = [len(came) for came, _ in each]
    columns, named = parts[0][0].columns, [known.name for known, _ in parts if known.name]
    series = np.repeat(named, counts).tolist() if named else []
    scale = np.repeat(scales, counts, axis=0) if named else scales[0]
    scores = {}
    for name in each[0][1]:
        if all(name in methods for _, methods in each):
            quantiles = np.concatenate([methods[name] for _, methods in each])
            scores[name] = scored(truth, quantiles, levels, scale, columns, series)
    return scores


def _of_one(
    known: Series, test: Series, horizon: int, levels: Sequence[float], cycles: Sequence[tuple[float, int]]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Returns what came, (origins, horizon, columns), and by method the quantiles it said, (..., levels)."""
    values = np.concatenate([known.values, test.values]).astype(np.float64)
    times = np.concatenate([known.times, test.times])
    methods = fitted(values, times, len(known.times), horizon, cycles, known.interval)
    tested = origins(len(known.times), len(values), horizon)
    quantile = np.nanquantile if np.isnan(values).any() else np.quantile
    found = {}
    for name, (first, forecasts) in methods.items():
        past = origins(max(first, 1), len(known.times), horizon)
        errors = values[ahead(past, horizon)] - forecasts(past)
        spread = np.moveaxis(quantile(errors, levels, axis=0), 0, -1)
        spread[..., list(levels).index(0.5)] = 0  # the forecast stays what the method says
        found[name] = forecasts(tested)[..., None] + spread
    return values[ahead(tested, horizon)], found


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
        values: (time, columns); NaN where one is missing.
        times: (time,), seconds since 1970.
        known: rows that may be fitted to.
        horizon, cycles: as `forecasting` takes them.
        interval: seconds between two rows.
    """
    climatology = Climatology.fit(values[:known], times[:known], cycles)
    normal = climatology.normal(_times_ahead(times, horizon, interval)).numpy().astype(np.float64)
    came, mean = values, np.nanmean if np.isnan(values).any() else np.mean
    values = _carried_on(values)
    deviations = values - normal[: len(values)]
    past = origins(len(values[:known]) // 10 + 1, known, horizon)
    errors = {
        share: mean(
            np.abs(came[ahead(past, horizon)] - _smoothed(normal, deviations, share, past, horizon)), axis=0
        )
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
    if not cycles:
        methods["damped trend"] = (2, _damped_trend(came, normal, deviations, past, horizon))
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


def _carried_on(values: np.ndarray) -> np.ndarray:
    """Returns values with the last one observed for each that is missing, at the beginning the first one."""
    missing = np.isnan(values)
    if not missing.any():
        return values
    rows = np.where(missing, -1, np.arange(len(values))[:, None])
    last = np.maximum.accumulate(rows, axis=0)
    last = np.where(last < 0, np.argmin(missing, axis=0), last)
    return np.take_along_axis(values, last, axis=0)


def _damped_trend(came, normal, deviations, past, horizon) -> Forecasts:
    """Returns what goes on with the level and the fading trend of each column, by its own best shares."""
    share, of_trend, left = np.array(_DAMPED).T[..., None]
    level, trend = np.tile(deviations[0], (len(_DAMPED), 1)), np.zeros((len(_DAMPED), deviations.shape[1]))
    states = []
    for deviation in deviations:
        before, level = level, share * deviation + (1 - share) * (level + left * trend)
        trend = of_trend * (level - before) + (1 - of_trend) * left * trend
        states.append(np.stack([level, trend]))
    levels, trends = np.stack(states, axis=2)  # each (shares, rows, columns)
    fading = np.cumsum(left ** np.arange(1, horizon + 1), axis=1)[..., None]

    def forecasts(rows: np.ndarray, shares: int) -> np.ndarray:
        return (
            normal[ahead(rows, horizon)]
            + levels[shares, rows, None]
            + fading[shares] * trends[shares, rows, None]
        )

    mean = np.nanmean if np.isnan(came).any() else np.mean
    errors = [
        mean(np.abs(came[ahead(past, horizon)] - forecasts(past, shares)), axis=(0, 1))
        for shares in range(len(_DAMPED))
    ]
    best = np.argmin(errors, axis=0)
    return lambda rows: np.stack(
        [forecasts(rows, shares)[..., column] for column, shares in enumerate(best)], axis=-1
    )


def _smoothed(normal, deviations, share, rows, horizon) -> np.ndarray:
    """Returns the climatology plus the level of the deviations known at each of the rows."""
    level, levels = np.zeros(deviations.shape[1]), np.empty_like(deviations)
    for row, deviation in enumerate(deviations):
        level = level + share * (deviation - level)
        levels[row] = level
    return normal[ahead(rows, horizon)] + levels[rows][:, None]
