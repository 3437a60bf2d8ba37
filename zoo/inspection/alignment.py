"""What a transcriber says at each moment: its symbols, and the blank between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import ZooError
from zoo.inspection import pictures
from zoo.models import Model

_SHOWN = 0.05  # probability that a symbol must reach somewhere to be drawn
_NAMED = 0.3  # and at its peak, to be named there
_BLANK = "0.6"  # a grey


def draw_alignment(model: Model, path: Path, output: Path) -> str:
    """Draws a recording or a line of print, and below it the probability of each symbol over time.

    Args:
        model: a transcriber.
        path: a WAV file or a picture.
        output: the picture, PNG, SVG or PDF.

    Returns:
        The text, and the share of steps at which the blank is the most probable.

    Raises:
        ZooError: a file cannot be read or written, or the model has no signature `alignment`.
    """
    from matplotlib.figure import Figure

    pictures.check_path(output)
    if "alignment" not in model.signatures:
        raise ZooError(f"{model.name}: is no transcriber; choose one, such as transcription_lines")
    (answer,) = model.predict([path])
    if not answer["valid"]:
        raise ZooError(f"{path}: cannot be read by {model.name}; see python -m zoo info {model.name}")
    (seen,) = model.predict([path], "alignment")
    sound = model.manifest.config["reads"] == "sound"
    frames, chances = np.asarray(seen["frames"]), np.asarray(seen["probabilities"])
    steps = np.arange(len(chances)) * seen["widths"] * model.manifest.config["strides"]

    figure = Figure(figsize=(10, 4.5), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.3))
    above.set_title(pictures.wrapped(f"{model.name}: {answer['text']}", 90))
    above.imshow(
        frames.T,
        aspect="auto",
        cmap="magma" if sound else "gray_r",
        origin="lower" if sound else "upper",
        interpolation="nearest",
        extent=(0, len(frames) * seen["widths"], *((0, frames.shape[1]) if sound else (frames.shape[1], 0))),
    )
    above.set(ylabel="mel band" if sound else "row", yticks=[])
    below.plot(steps, chances[:, 0], color=_BLANK, linestyle="--", linewidth=1, label="blank")
    for number in np.flatnonzero(chances[:, 1:].max(axis=0, initial=0) > _SHOWN) + 1:
        below.plot(steps, chances[:, number], linewidth=1.2)
        _name_peaks(below, steps, chances[:, number], seen["alphabet"][number])
    below.set(ylim=(0, 1.15), ylabel="probability", xlabel="seconds" if sound else "pixels")
    below.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    below.spines[["top", "right"]].set_visible(False)
    pictures.save(figure, output)
    nothing = np.mean(chances.argmax(axis=1) == 0)
    return (
        f"{answer['text']}\nnothing, the blank, is the most probable at {nothing:.0%} of {len(steps)} steps"
    )


def _name_peaks(axis: Any, steps: np.ndarray, chances: np.ndarray, symbol: str) -> None:
    """Writes a symbol above each of its peaks."""
    beside = np.pad(chances, 1)
    peaks = (chances > _NAMED) & (chances >= beside[:-2]) & (chances > beside[2:])
    for place in np.flatnonzero(peaks):
        shown = "␣" if symbol == " " else symbol
        axis.text(steps[place], chances[place] + 0.02, shown, ha="center", va="bottom", fontsize=8)
