"""What a recogniser does over a signal: how its answer grows, and what its units do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.data.own.signals import to_last_number
from zoo.errors import ZooError
from zoo.inspection import pictures
from zoo.inspection.states import correlations
from zoo.models import Model
from zoo.tasks import AboutSignals

_ENDS = 60  # beginnings of a signal that a model is asked about
_UNITS = 24  # that are drawn, unless others are asked for
_BEST = 3  # units that follow a channel


def scores_while_reading(model: Model, values: np.ndarray) -> tuple[list[int], dict[str, list[float]]]:
    """Asks a recogniser about beginnings of a signal.

    Args:
        model: the recogniser.
        values: (time, channels).

    Returns:
        How many steps each beginning has, and label -> the score after each.
    """
    ends = sorted({round(end) for end in np.linspace(1, len(values), min(_ENDS, len(values)))})
    answers = model.predict([values[:end] for end in ends])
    return ends, {label: [answer["scores"][label] for answer in answers] for label in model.manifest.labels}


def draw_reading(model: Model, path: Path, output: Path) -> str:
    """Draws a signal, and below it the score of each label after each of its steps.

    Args:
        model: the recogniser.
        path: a table or `.ts` file, of whose signals the first is read.
        output: the picture, PNG, SVG or PDF.

    Returns:
        What was recognised in the end.
    """
    pictures.check_path(output)
    values, channels = _read(model, path)
    ends, scores = scores_while_reading(model, values)
    figure, (above, below) = _panels(f"{model.name}: the answer after each step", (1, 1))
    _draw_channels(above, values, channels)
    for label, shown in scores.items():
        below.plot([end - 1 for end in ends], shown, label=label)
    below.set(ylim=(0, 1), ylabel="score", xlabel="step")
    below.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    pictures.save(figure, output)
    best = max(scores, key=lambda label: scores[label][-1])
    return f"in the end {best}, {scores[best][-1]:.2f}"


def draw_states(model: Model, path: Path, output: Path, units: Sequence[int] = ()) -> str:
    """Draws a signal, and below it the activations of units over the same time.

    Args:
        model: a recogniser, whose SavedModel has the signature `states`.
        path: a table or `.ts` file, of whose signals the first is read.
        output: the picture, PNG, SVG or PDF.
        units: numbers of those to draw; none for those that change most.

    Returns:
        The units that follow each channel best, by the absolute value of Pearson's correlation.

    Raises:
        ZooError: the model has no such signature, a unit does not exist, or a file cannot be read or written.
    """
    pictures.check_path(output)
    if "states" not in model.signatures:
        raise ZooError(f"{model.name}: has no signature states; export it anew")
    values, channels = _read(model, path)
    outputs = model.signatures["states"](values=tf.constant(values[None]))
    activations, layers = outputs["activations"].numpy()[0], outputs["layers"].numpy()
    total = activations.shape[1]
    for unit in units:
        if not 0 <= unit < total:
            raise ZooError(f"--units {unit}: {model.name} has units 0 to {total - 1}")
    most_moved = sorted(np.argsort(-activations.std(axis=0), kind="stable")[:_UNITS].tolist())
    chosen = list(units) or most_moved
    figure, (above, below) = _panels(f"{model.name}: its units over a signal", (1, 2))
    _draw_channels(above, values, channels)
    apart = _apart(model)
    below.imshow(
        activations[:, chosen].T,
        aspect="auto",
        cmap="PuOr_r",
        vmin=-1,
        vmax=1,
        interpolation="nearest",
        extent=(-apart / 2, apart * (len(activations) - 0.5), len(chosen), 0),
    )
    named = [f"unit {unit} (layer {layers[unit] + 1})" for unit in chosen]
    below.set_yticks(np.arange(len(chosen)) + 0.5, named, fontsize=6)
    below.set(xlabel="step")
    pictures.save(figure, output)
    return _followed(activations, values, channels, apart)


def _apart(model: Model) -> int:
    """Returns how many steps of a signal a step of the recurrent layers is."""
    config = model.manifest.config
    return int(config["stride"] ** config["convolutions"]) if config["encoder"] == "conv" else 1


def _read(model: Model, path: Path) -> tuple[np.ndarray, list[str]]:
    """Returns the first signal of a file, as far as the model reads it, and the names of its channels."""
    about = AboutSignals.of(model.manifest)
    values = to_last_number(model.task.rows([path], model)[0][: int(model.manifest.config["max_steps"])])
    return values, about.channels


def _panels(title: str, heights: tuple[int, int]) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 2 + 1.6 * sum(heights)), layout="constrained")
    axes = figure.subplots(2, 1, sharex=True, height_ratios=heights)
    axes[0].set_title(title)
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _draw_channels(axis: Any, values: np.ndarray, channels: Sequence[str]) -> None:
    for channel, numbers in zip(channels, values.T, strict=True):
        axis.plot(numbers, label=channel, linewidth=1)
    axis.set(ylabel="signal")
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, fontsize=7)


def _followed(activations: np.ndarray, values: np.ndarray, channels: Sequence[str], apart: int) -> str:
    """Says which units follow each channel, where that changes at all."""
    places = np.minimum(np.arange(len(activations)) * apart, len(values) - 1)
    lines = []
    for channel, numbers in zip(channels, values[places].T, strict=True):
        seen = np.isfinite(numbers)
        if seen.sum() < 2:
            continue
        found = correlations(activations[seen], numbers[seen])
        best = [unit for unit in np.argsort(-np.abs(found), kind="stable")[:_BEST] if found[unit]]
        if best:
            lines.append(f"{channel}: " + ", ".join(f"unit {unit} {found[unit]:+.2f}" for unit in best))
    return "units that follow a channel best, by correlation:\n" + "\n".join(lines) if lines else ""
