"""Scores of forecasts by their standard definitions, over rolling origins."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from zoo.metrics.score import Score, Scores


def forecasting(
    truth: np.ndarray,
    quantiles: np.ndarray,
    levels: Sequence[float],
    scale: np.ndarray,
    columns: Sequence[str],
    series: Sequence[str] = (),
) -> Score:
    """Scores forecasts, those of several columns on average.

    Args:
        truth: what came, (origins, horizon, columns); NaN where that is not known, which does not count.
        quantiles: what was forecast, (origins, horizon, columns, levels).
        levels: share of the truth that should lie below each quantile; the one of 0.5 is the forecast.
        scale: what `naive_error` says of each column, (columns,), or of each origin's, (origins, columns).
        columns: their names.
        series: of several related series, the name of each origin's.

    Returns:
        `n`, the number of origins; `mase`, the mean absolute error over `scale` (Hyndman and Koehler 2006);
        `smape`, of 100: the mean of 200 |error| / (|truth| + |forecast|), 0 where all are 0; where there are
        several levels `coverage`, the share of the truth between the outer quantiles, bounds included;
        `pinball`, the mean pinball loss over `scale`; `mase_by_step` and `coverage_by_step`, one for each
        step of the horizon; and of several columns `mase_by_column`, of several series `mase_by_series`.
    """
    forecast = quantiles[..., list(levels).index(0.5)]
    scale = scale[:, None] if scale.ndim == 2 else scale
    known = ~np.isnan(truth)

    def mean(x: np.ndarray, axis: Any = None) -> Any:
        """Returns the mean over what is known: a forecast that is none stays NaN."""
        if known.all():
            return np.mean(x, axis=axis)
        seen = known if x.ndim == known.ndim else known[..., None]
        return np.mean(x, axis=axis, where=np.broadcast_to(seen, x.shape))

    errors = np.abs(truth - forecast)
    scaled = errors / scale
    size = np.abs(truth) + np.abs(forecast)
    smape = 200 * np.divide(errors, size, out=0 * errors, where=size > 0)
    below = truth[..., None] - quantiles
    pinball = np.maximum(np.array(levels) * below, (np.array(levels) - 1) * below) / scale[..., None]
    inside = (quantiles[..., 0] <= truth) & (truth <= quantiles[..., -1])
    several = len(levels) > 1
    figures = {
        "mase": float(mean(scaled)),
        "smape": float(mean(smape)),
        **({"coverage": float(mean(inside))} if several else {}),
        "pinball": float(mean(pinball)),
    }
    details: dict[str, Any] = {
        "mase_by_step": mean(scaled, axis=(0, 2)).tolist(),
        **({"coverage_by_step": mean(inside, axis=(0, 2)).tolist()} if several else {}),
    }
    if len(columns) > 1:
        details["mase_by_column"] = dict(zip(columns, mean(scaled, axis=(0, 1)).tolist(), strict=True))
    if names := list(dict.fromkeys(series)):
        rows = {name: np.array(series) == name for name in names}
        details["mase_by_series"] = {
            name: float(scaled[of][known[of]].mean()) for name, of in rows.items() if known[of].any()
        }
    return Score(len(truth), figures, details=details)


def naive_error(values: np.ndarray) -> np.ndarray:
    """Returns the mean absolute change from one step to the next of each column: what MASE is scaled by.

    Args:
        values: of the training part, (time, columns); NaN where one is missing, whose changes do not count.
    """
    values = values.astype(np.float64)
    if not np.isnan(values).any():
        return np.abs(np.diff(values, axis=0)).mean(axis=0)
    return np.array([_naive_error(column) for column in values.T])


def _naive_error(column: np.ndarray) -> float:
    changes = np.abs(np.diff(column))
    if np.isnan(changes).all():  # no two neighbours were observed: then one and the next one that was
        changes = np.abs(np.diff(column[~np.isnan(column)]))
    return float(np.nanmean(changes)) if len(changes) else 0.0


def origins(start: int, end: int, horizon: int) -> np.ndarray:
    """Returns the last rows known from which a part is forecast: each day once is the first one ahead.

    Args:
        start: first row of the part.
        end: the row behind its last one.
        horizon: steps ahead, all of which lie in the part.
    """
    return np.arange(start - 1, end - horizon)


def ahead(rows: np.ndarray, horizon: int) -> np.ndarray:
    """Returns the rows (origins, horizon) that follow each of some rows."""
    return rows[:, None] + np.arange(1, horizon + 1)


def by_step(scores: Scores, figure: str) -> dict[str, dict[str, str]]:
    """Returns name -> step of the horizon -> a figure such as `mase`, as `zoo.show.report` prints tables."""
    return {
        name: {f"+{step}": f"{value:.3f}" for step, value in enumerate(score[f"{figure}_by_step"], 1)}
        for name, score in scores.items()
        if f"{figure}_by_step" in score
    }
