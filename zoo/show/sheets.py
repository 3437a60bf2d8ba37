"""Pictures that a training leaves in its folder: the learning curve, and sheets of captioned pictures."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo import metrics
from zoo.show import report

_PIXELS = 240  # of the longer side of a picture on a sheet
# Of the sheet, in inches: a picture, a line of text, what is left between them.
_SIDE, _LINE, _GAP = 2.4, 0.15, 0.15
_LETTERS = 32  # in a line below a picture


def draw_learning_curve(outcome: Mapping[str, Any], path: Path) -> None:
    """Draws each metric of training and validation over the epochs, the best epoch marked.

    Args:
        outcome: what `zoo.training.fit` returned.
        path: the picture.
    """
    from matplotlib.figure import Figure

    history, best_epoch = outcome["history"], outcome["best_epoch"]
    names = dict.fromkeys(name.removeprefix("val_") for name in history[0] if name != "learning_rate")
    figure = Figure(figsize=(5 * len(names), 3.6), layout="constrained")
    epochs = range(1, len(history) + 1)
    for axis, name in zip(np.ravel(figure.subplots(1, len(names))), names, strict=True):
        for column, label in ((name, "training"), (f"val_{name}", "validation")):
            if column in history[0]:
                axis.plot(epochs, [row[column] for row in history], "o-", label=label)
        axis.axvline(best_epoch, color="0.6", linestyle=":", label=f"best epoch ({best_epoch})")
        axis.set(title=name.replace("_", " "), xlabel="epoch")
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.legend()
    figure.savefig(path, dpi=120)


def draw_sheet(
    dataset: Any, references: Sequence[Sequence[str]], predicted: Sequence[str], path: Path, samples: int = 12
) -> None:
    """Draws a sheet with `worst_and_others` of a captioning split, as `draw_captions` does.

    Args:
        dataset: the split, whose rows have an `image`.
        references: the true captions of each row.
        predicted: the model's caption of each.
        path: the PNG file.
        samples: how many of each kind.
    """
    from zoo import images

    worst, others = report.worst_and_others(references, predicted, samples)
    shown = dict.fromkeys(worst + others)
    for row, example in enumerate(dataset):
        if row in shown:
            shown[row] = images.thumbnail(example["image"], _PIXELS).numpy()
    rows = [[column[row] for row in shown] for column in (shown, references, predicted)]
    draw_captions(*rows, path, exact=metrics.are_names(references))


def draw_captions(
    pictures: Sequence[np.ndarray],
    references: Sequence[Sequence[str]],
    predicted: Sequence[str],
    path: Path,
    columns: int = 4,
    exact: bool = False,
) -> None:
    """Draws a sheet of pictures, each above its predicted caption and, in gray, one or two true ones.

    Args:
        pictures: uint8 (height, width, 3), or 4 with opacity, which are laid on white; sizes may differ.
        references: the true captions of each.
        predicted: the model's caption of each.
        path: the PNG file.
        columns: pictures side by side.
        exact: write captions that equal a reference in green and others in red; else all are black.
    """
    from matplotlib.figure import Figure

    texts = []  # of each picture: lines and their colours
    for true, found in zip(references, predicted, strict=True):
        right = metrics.is_a_reference(true, found)
        colour = ("green" if right else "red") if exact else "black"
        lines = [(line, colour) for line in _wrapped(found)]
        texts.append(lines + [(line, "0.5") for text in true[: report.REFERENCES] for line in _wrapped(text)])
    rows = -(-len(texts) // columns)
    cell = _SIDE + _GAP + _LINE * max(map(len, texts), default=1)
    width, height = columns * (_SIDE + _GAP) + _GAP, max(1, rows) * (cell + _GAP) + _GAP
    figure = Figure(figsize=(width, height), facecolor="white")
    for i, (picture, lines) in enumerate(zip(pictures, texts, strict=True)):
        left = _GAP + i % columns * (_SIDE + _GAP)
        top = height - _GAP - i // columns * (cell + _GAP)
        box = (left / width, (top - _SIDE) / height, _SIDE / width, _SIDE / height)
        axis = figure.add_axes(box, anchor="SW")
        axis.imshow(picture)
        axis.set_axis_off()
        for number, (line, colour) in enumerate(lines):
            place = (left / width, (top - _SIDE - _LINE * number - _GAP / 2) / height)
            # A dollar sign begins no formula.
            figure.text(*place, line, color=colour, fontsize=8, va="top", parse_math=False)
    figure.savefig(path, dpi=120)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(report.shown(text), _LETTERS) or ["(nothing)"]
