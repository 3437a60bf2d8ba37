"""Where in a picture a captioning model looks while it writes each word of its caption."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.cells import cell_len

from zoo.data.own import picture_files
from zoo.errors import ZooError
from zoo.inspection import pictures
from zoo.inspection.attention import characters, joined, words
from zoo.models import Model

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
            to 1.
        caption: as text.
    """

    words: list[str]
    weights: np.ndarray
    caption: str


def looks(model: Model, path: Path) -> Looks:
    """Captions a picture and returns where the model looked; a word's map is the mean over its pieces.

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
        reason = picture_files.refusal(path)
        raise ZooError(f"{path} {reason}; give a picture in JPEG, PNG, GIF, BMP or WebP")
    if not answer["tokens"]:
        raise ZooError(f"{model.name}: the caption of this picture is empty; try another one")
    weights = np.array(answer["attention"])
    flat = weights.reshape(len(weights), -1)
    pieces, tokens = characters(answer["tokens"])
    written, starts = words(pieces)
    flat = joined(flat, [tokens[start] for start in starts], range(flat.shape[1]))
    return Looks(written, flat.reshape(-1, *weights.shape[1:]), answer["caption"])


def draw_looking(model: Model, path: Path, output: Path) -> str:
    """Draws a picture with `looks` laid over it, a panel for each word, into a PNG, SVG or PDF file.

    Returns:
        The same for people without pictures: the caption, and `as_text`.
    """
    pictures.check_path(output)
    looked = looks(model, path)
    draw(looked, shown(path), model.name, output)
    return f"{looked.caption}\n\n{as_text(looked)}"


def shown(path: Path) -> np.ndarray:
    """Returns a picture in its own proportions on white, at most some hundred pixels long.

    Returns:
        float32 (height, width, 3), 0 to 1.
    """
    from zoo import images

    return images.thumbnail(images.decode(picture_files.read(path)), _PIXELS).numpy() / np.float32(255)


def draw(looked: Looks, picture: np.ndarray, name: str, path: Path) -> None:
    """Draws the picture, and again for each word, dimmed where the word does not look.

    Args:
        found: caption and maps, which are stretched to the picture's proportions.
        picture: (height, width, 3), 0 to 1.
        name: of the model, for the title.
        path: the file.
    """
    from matplotlib.figure import Figure

    panels = [picture, *(lit(picture, weights) for weights in looked.weights)]
    titles = ["", *(word if len(word) <= _LETTERS else f"{word[: _LETTERS - 1]}…" for word in looked.words)]
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
    for word, weights in zip(looked.words, looked.weights, strict=True):
        best = sorted(shares(weights).items(), key=lambda item: -item[1])[:_SHOWN]
        seen = [f"{place:13} {share:.2f}" for place, share in best if share >= _SHARE]
        lines.append(f"{word}{' ' * (width - cell_len(word))}  {'  '.join(seen) or 'everywhere'}")
    return "\n".join(lines)


def _thirds(cells: int) -> np.ndarray:
    """Returns which part of each cell of a line lies in each third of it, (3, cells)."""
    edges = np.arange(cells + 1) / cells
    ends = np.array([[0], [1], [2]]) / 3
    overlap = np.minimum(edges[1:], ends + 1 / 3) - np.maximum(edges[:-1], ends)
    return np.maximum(overlap, 0) * cells
