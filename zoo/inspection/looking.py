"""Where in a picture, or when and where in a clip, a captioning model looks while it writes each word."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.cells import cell_len

from zoo.errors import ZooError
from zoo.inspection import pictures
from zoo.inspection.attention import characters, joined, words
from zoo.models import Model
from zoo.tasks.captioning import thumbnails, why_not

_COLUMNS = 5  # panels side by side
_PANEL = 2.2  # inches of a picture's longer side
_PIXELS = 360  # of it
_WIDTH = 1.3  # inches that a word has above its panel at least
_LETTERS = 18  # of a word above its panel
_PLAIN = 4  # times the mean weight: less is never shown as a peak, so that even attention looks even
_LIGHT = np.array([1.0, 0.75, 0.2])
_SHARE = 0.2  # of a word's attention; text shows no place below it
_SHOWN = 2  # places for each word
_DOWN, _ACROSS = ("top", "middle", "bottom"), ("left", "middle", "right")


class Looks(NamedTuple):
    """What a caption looked at.

    Attributes:
        words: of the caption.
        weights: float (words, rows, columns) over the picture, in whatever proportions; each word's add up
            to 1. Of a clip those of the frame at which the word looked most.
        caption: as text.
        times: of a clip, float (words, frames), how much each word looked at each frame; they add up to 1.
    """

    words: list[str]
    weights: np.ndarray
    caption: str
    times: np.ndarray | None = None

    @property
    def frames(self) -> list[int]:
        """The frame at which each word looked most, from 0; 0 of a still picture."""
        return [0] * len(self.words) if self.times is None else self.times.argmax(axis=1).tolist()


def looks(model: Model, path: Path) -> Looks:
    """Captions a picture or clip and returns where the model looked; a word's map is the mean of its pieces'.

    Raises:
        ZooError: the picture is missing or cannot be decoded, its caption is empty, or the model shows no
            attention.
    """
    if "attention" not in model.signatures:
        raise ZooError(
            f"{model.name}: has no signature attention; choose a captioning model that was trained with "
            "--attention dot or additive"
        )
    (answer,) = model.predict([path], "attention")
    if not answer["valid"]:
        raise ZooError(f"{path} {why_not(path, model.manifest)}")
    if not answer["tokens"]:
        raise ZooError(f"{model.name}: the caption of this picture is empty; try another one")
    weights = np.array(answer["attention"])
    flat = weights.reshape(len(weights), -1)
    pieces, tokens = characters(answer["tokens"])
    written, starts = words(pieces)
    flat = joined(flat, [tokens[start] for start in starts], range(flat.shape[1]))
    maps = flat.reshape(-1, *weights.shape[1:])
    if maps.ndim == 3:
        return Looks(written, maps, answer["caption"])
    times = maps.sum(axis=(2, 3))
    best = maps[np.arange(len(maps)), times.argmax(axis=1)]
    return Looks(written, best / best.sum(axis=(1, 2), keepdims=True), answer["caption"], times)


def draw_looking(model: Model, path: Path, output: Path) -> str:
    """Draws a picture with `looks` laid over it, a panel for each word, into a PNG, SVG or PDF file.

    Returns:
        The same for people without pictures: the caption, and `as_text`.
    """
    pictures.check_path(output)
    looked = looks(model, path)
    draw(looked, shown(path, model), model.name, output)
    return f"{looked.caption}\n\n{as_text(looked)}"


def shown(path: Path, model: Model) -> list[np.ndarray]:
    """Returns a picture in its own proportions on white, at most some hundred pixels long.

    Returns:
        float32 (height, width, 3), 0 to 1; of a clip all frames that the model reads.
    """
    return [frame / np.float32(255) for frame in thumbnails(path, model.manifest, _PIXELS)]


def draw(looked: Looks, pictures_: Sequence[np.ndarray], name: str, path: Path) -> None:
    """Draws the picture, and again for each word, dimmed where the word does not look.

    Args:
        looked: caption and maps, which are stretched to the picture's proportions.
        pictures_: (height, width, 3), 0 to 1; of a clip each frame, of which every word gets its own.
        name: of the model, for the title.
        path: the file.
    """
    from matplotlib.figure import Figure

    picture, moving = pictures_[0], looked.times is not None
    own = [pictures_[frame] for frame in looked.frames]
    panels = [picture, *(lit(frame, weights) for frame, weights in zip(own, looked.weights, strict=True))]
    titles = ["", *(word if len(word) <= _LETTERS else f"{word[: _LETTERS - 1]}…" for word in looked.words)]
    if moving:
        titles = ["frame 1", *(f"{t} ({n + 1})" for t, n in zip(titles[1:], looked.frames, strict=True))]
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    height, width = np.array(picture.shape[:2]) / max(picture.shape[:2]) * _PANEL
    size = (columns * (max(width, _WIDTH) + 0.15) + 0.2, rows * (height + 0.35) + 0.8)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.set_axis_off()
    for axis, panel, title in zip(axes, panels, titles, strict=False):
        axis.imshow(panel, interpolation="antialiased")
        axis.set_title(title, fontsize=10)
    figure.suptitle(pictures.wrapped(f"{name}: {looked.caption}", int(size[0] * 11)), fontsize=11)
    pictures.save(figure, path)


def lit(picture: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Returns a picture (height, width, 3), dark and gray but where weights (rows, columns) are high."""
    import tensorflow as tf

    smooth = tf.image.resize(weights[..., None], picture.shape[:2], "bicubic").numpy()
    light = np.clip(smooth / max(weights.max(), _PLAIN * weights.mean()), 0, 1)
    gray = 0.4 * picture.mean(axis=2, keepdims=True)
    # Warm, so that it is seen on what is black too.
    return np.clip(gray + light * (0.6 * picture + 0.4 * _LIGHT - gray), 0, 1)


def shares(weights: np.ndarray) -> dict[str, float]:
    """Returns place -> the part of a map's weight that lies there; places are ninths of the picture.

    Args:
        weights: (rows, columns); a cell that lies in several ninths is divided between them by its area.
    """
    ninths = _thirds(weights.shape[0]) @ weights @ _thirds(weights.shape[1]).T
    return {
        "middle" if down == across else f"{down} {across}": float(ninths[i, j])
        for i, down in enumerate(_DOWN)
        for j, across in enumerate(_ACROSS)
    }


def as_text(looked: Looks) -> str:
    """Writes each word in a line, with the parts of the picture that it looked at most, if any."""
    width = max(map(cell_len, looked.words))
    lines = []
    for number, (word, weights) in enumerate(zip(looked.words, looked.weights, strict=True)):
        best = sorted(shares(weights).items(), key=lambda item: -item[1])[:_SHOWN]
        seen = [f"{place:13} {share:.2f}" for place, share in best if share >= _SHARE]
        when = "" if looked.times is None else f"frame {looked.frames[number] + 1:2}  "
        lines.append(f"{word}{' ' * (width - cell_len(word))}  {when}{'  '.join(seen) or 'everywhere'}")
    return "\n".join(lines)


def _thirds(cells: int) -> np.ndarray:
    """Returns which part of each cell of a line lies in each third of it, (3, cells)."""
    edges = np.arange(cells + 1) / cells
    ends = np.array([[0], [1], [2]]) / 3
    overlap = np.minimum(edges[1:], ends + 1 / 3) - np.maximum(edges[:-1], ends)
    return np.maximum(overlap, 0) * cells
