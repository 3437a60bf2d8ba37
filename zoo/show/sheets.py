"""Sheets of captioned pictures."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo import metrics
from zoo.show.console import REFERENCES, shown
from zoo.show.texts import worst_and_others

_PIXELS = 240  # of the longer side of a picture on a sheet
# Of the sheet, in inches: a picture, a line of text, what is left between them.
_SIDE, _LINE, _GAP = 2.4, 0.15, 0.15
_FRAMES = 3, 4  # of a clip: rows and columns
_LETTERS = 32  # in a line below a picture


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
    worst, others = worst_and_others(references, predicted, samples)
    chosen: dict[int, Any] = dict.fromkeys(worst + others)
    for row, example in enumerate(dataset):
        if row in chosen:
            chosen[row] = _shown(example["image"])
    true, said = [references[row] for row in chosen], [predicted[row] for row in chosen]
    draw_captions(list(chosen.values()), true, said, path, exact=metrics.are_names(references))


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
    for true, caption in zip(references, predicted, strict=True):
        right = metrics.is_a_reference(true, caption)
        colour = ("green" if right else "red") if exact else "black"
        lines = [(line, colour) for line in _wrapped(caption)]
        texts.append(lines + [(line, "0.5") for text in true[:REFERENCES] for line in _wrapped(text)])
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


def _shown(image: Any) -> np.ndarray:
    """Returns a picture at the sheet's size, or some frames of a clip, line by line."""
    from zoo import images

    if len(image.shape) == 3:
        return images.thumbnail(image, _PIXELS).numpy()
    rows, columns = _FRAMES
    frames = [
        np.pad(
            images.thumbnail(frame, _PIXELS // columns).numpy(), ((1, 1), (1, 1), (0, 0)), constant_values=255
        )
        for frame in images.evenly(image, rows * columns)
    ]
    lines = [np.concatenate(frames[i : i + columns], axis=1) for i in range(0, len(frames), columns)]
    return np.concatenate(lines)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(shown(text), _LETTERS) or ["(nothing)"]
