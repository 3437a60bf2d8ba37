"""Scores of forecasters by rolling origin: each day once is the first that is not known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from zoo import baselines, metrics, show
from zoo.data import SPLITS, Examples
from zoo.data.climatology import cycles_of
from zoo.data.own import series, times
from zoo.errors import ZooError
from zoo.metrics import Score, Scores
from zoo.metrics.forecasts import ahead, by_step, origins
from zoo.tasks.base import Evaluation, Model
from zoo.tasks.windows import About, Window, check_interval

_FEW_ROWS = 8  # from which no method can be fitted
_MOST_STEPS = 14  # of a horizon, side by side in a table
_MOST_SERIES = 30  # below each other


def rolling(model: Model, whole: series.Series, start: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Forecasts a part of a series from each of its days in turn, which knows all that was before.

    Args:
        model: the forecaster.
        whole: the part, and at least a window of rows before it.
        start: first row of the part.

    Returns:
        What came, (origins, horizon, targets); the quantiles, (origins, horizon, targets, levels); and the
        last rows known, (origins,).
    """
    config, about = model.manifest.config, About.of(model.manifest)
    window, horizon, levels = config["window"], config["horizon"], config["quantiles"]
    rows = origins(start, len(whole.times), horizon)
    rows = rows[rows >= window - 1]
    known = about.places(about.known)
    windows = [
        Window(
            whole.values[row + 1 - window : row + 1],
            times.written(whole.times[row]),
            static=whole.static if about.static else (),
            known=whole.values[row + 1 : row + 1 + horizon, known] if known else None,
        )
        for row in rows
    ]
    names = [name_of(level) for level in levels]
    answers = [
        [[step[name] for name in names] for step in answer["forecasts"]] for answer in model.predict(windows)
    ]
    shape = (len(rows), horizon, len(about.targets), len(levels))
    quantiles = np.array(answers, np.float64).reshape(shape)
    return whole.values[ahead(rows, horizon)][..., about.places(about.targets)], quantiles, rows


def evaluation(model: Model, examples: Examples, split: str) -> Evaluation:
    """Scores a forecaster on a part of a data set.

    Returns:
        Scores of all series together; of each series the quantiles, and the last rows known, as `rolling`
        says; and every forecast.

    Raises:
        ZooError: a series is too short, or its rows are not as far apart as the model's.
    """
    about, config = About.of(model.manifest), model.manifest.config
    horizon, levels = config["horizon"], config["quantiles"]
    found, scales, forecasts = [], [], []
    for whole, start in until_end_of(examples, split, config["window"]):
        check_interval(examples.name, whole, about.interval, model.name)
        if len(whole.times) < start + horizon:
            whose = f" of {whole.name!r}" if whole.name else ""
            raise ZooError(
                f"{examples.name}: has {len(whole.times)} rows{whose}, but a window of {config['window']} "
                f"and a horizon of {horizon} are scored; give more rows"
            )
        truth, quantiles, rows = rolling(model, whole, start)
        found.append((whole, truth, quantiles, rows))
        scales.append(about.scale_of(whole.part(0, start)))
        forecasts += _told(whole, truth, quantiles, rows, about.targets, levels)
    counts, names = [len(rows) for *_, rows in found], [whole.name for whole, *_ in found if whole.name]
    score = metrics.forecasting(
        np.concatenate([truth for _, truth, _, _ in found]),
        np.concatenate([quantiles for _, _, quantiles, _ in found]),
        levels,
        np.repeat(scales, counts, axis=0) if names else np.array(scales[0]),
        about.targets,
        np.repeat(names, counts).tolist() if names else [],
    )
    return Evaluation(score, _show_scores, [(quantiles, rows) for *_, quantiles, rows in found], forecasts)


def textbook(model: Model, parts: Sequence[tuple[series.Series, series.Series]]) -> dict[str, Score]:
    """Scores the baselines on test parts; cycles are those of which what is known shows two.

    Args:
        model: the forecaster that is compared with them.
        parts: of each series what is known, and the test part.
    """
    about, config = About.of(model.manifest), model.manifest.config
    targets = about.places(about.targets)
    cycles = cycles_of(config["year"], config["week"], config["day"])
    span = min(int(known.times[-1] - known.times[0]) for known, _ in parts) + about.interval
    return baselines.forecasting(
        [(known.only(targets), test.only(targets)) for known, test in parts],
        np.array([about.scale_of(known) for known, _ in parts]),
        config["horizon"],
        list(config["quantiles"]),
        [(length, count) for length, count in cycles if span >= 2 * length],
    )


def others(model: Model, examples: Examples, split: str) -> dict[str, Score]:
    """Scores them on a part of other data, fitted to what comes before it; none where that is too little."""
    config = model.manifest.config
    parts = [
        (whole.part(0, start), whole.part(start, None))
        for whole, start in until_end_of(examples, split, config["window"])
        if start >= 2 * config["horizon"] + _FEW_ROWS
    ]
    return textbook(model, parts) if parts else {}


def name_of(level: float) -> str:
    """Returns what a quantile is called in tables."""
    return "forecast" if level == 0.5 else f"{100 * level:g}%"


def until_end_of(examples: Examples, split: str, window: int) -> Iterator[tuple[series.Series, int]]:
    """Yields each series of a part with all before it, and the first row that has a window before it."""
    splits = SPLITS[: SPLITS.index(split) + 1]
    panels = [series.panel_of(examples.split(part), examples.label_names) for part in splits]
    for first in panels[0]:  # the order of a stored part is its own
        parts = [one for panel in panels for one in panel if one.name == first.name]
        yield series.join(*parts), max(window, sum(len(known.times) for known in parts[:-1]))


def _told(
    whole: series.Series,
    truth: np.ndarray,
    quantiles: np.ndarray,
    rows: np.ndarray,
    targets: Sequence[str],
    levels: Sequence[float],
) -> list[dict[str, Any]]:
    """Returns a row of a table for each forecast of one series."""
    median, of = list(levels).index(0.5), {"series": whole.name} if whole.name else {}
    return [
        {
            **of,
            "known_until": times.written(whole.times[row]),
            "step": step + 1,
            "column": column,
            "truth": None if np.isnan(truth[origin, step, number]) else float(truth[origin, step, number]),
            "answer": float(quantiles[origin, step, number, median]),
            **{
                name_of(level): float(quantiles[origin, step, number, place])
                for place, level in enumerate(levels)
                if place != median
            },
        }
        for origin, row in enumerate(rows)
        for step in range(truth.shape[1])
        for number, column in enumerate(targets)
    ]


def _show_scores(scores: Scores, title: str) -> None:
    """Prints the scores of a part, and those of each step ahead, and of each series."""
    show.print_scores(scores, f"Scores on {title}, by rolling origin")
    for figure, heading in (("mase", "MASE"), ("coverage", "Coverage")):
        table = by_step(scores, figure)
        if table and 1 < len(next(iter(table.values()))) <= _MOST_STEPS:
            show.print_figures(table, f"{heading} by step")
    by_series = {
        name: {of: f"{value:.3f}" for of, value in score["mase_by_series"].items()}
        for name, score in scores.items()
        if "mase_by_series" in score
    }
    if by_series and len(next(iter(by_series.values()))) <= _MOST_SERIES:
        show.print_figures(by_series, "MASE by series")
