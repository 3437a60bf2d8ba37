"""What each unit of a recurrent network does over a text, and what it keeps track of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from zoo.data import load
from zoo.data.own import tables
from zoo.errors import ZooError
from zoo.inspection import pictures, state_pages
from zoo.inspection.tracked import tracked
from zoo.models import Model
from zoo.text import WORD

_PIECE = 2_000  # characters of the probe that are read together
_PIECES = 16
_LONGEST = 20_000  # characters of a text to be drawn
_FEW_ROWS = 8


class States(NamedTuple):
    """A text as a network read it.

    Attributes:
        text: with line breaks `\\n`.
        places: (start, end) of each token in the text, in characters.
        activations: float (time, units) of all layers.
        layers: layer of each unit, from 0 on (units,).
    """

    text: str
    places: list[tuple[int, int]]
    activations: np.ndarray
    layers: np.ndarray


class Tracker(NamedTuple):
    """A unit and how well it follows something.

    Attributes:
        unit: its number among those of all layers.
        correlation: from -1 to 1.
    """

    unit: int
    correlation: float


def states(model: Model, texts: Sequence[str]) -> list[States]:
    """Reads texts through the signature `states` of a saved model.

    Raises:
        ZooError: the model has no such signature, or one that gives something else.
    """
    if "states" not in model.signatures:
        raise ZooError(
            f"{model.name}: has no signature states; choose a language model or a tagger, and export it "
            "anew if it is an older one"
        )
    if model.manifest.config.get("backwards"):
        raise ZooError(f"{model.name}: reads texts from their end; choose a model that reads from the start")
    read = []
    texts = [text.replace("\r\n", "\n").replace("\r", "\n") for text in texts]
    for first in range(0, len(texts), _FEW_ROWS):
        block = texts[first : first + _FEW_ROWS]
        outputs = model.signatures["states"](text=tf.constant(block))
        if missing := {"tokens", "activations", "layers"} - outputs.keys():
            raise ZooError(
                f"{model.name}: its signature states gives no {min(missing)}; export the model anew"
            )
        tokens, activations = outputs["tokens"].numpy(), outputs["activations"].numpy()
        for text, row, values in zip(block, tokens, activations, strict=True):
            real = [token.decode("utf-8") for token in row if token]
            level = model.manifest.config.get("level", "")
            places = _places(text, real, level)
            read.append(States(text, places, values[: len(real)], outputs["layers"].numpy()))
    return read


def rank(read: Sequence[States], code: bool, most: int = 3) -> dict[str, list[Tracker]]:
    """Finds the units that follow best what stands in texts.

    Args:
        read: what a model read.
        code: whether the texts are source code.
        most: units for each.

    Returns:
        What is followed -> units, the best first, by the absolute value of Pearson's correlation over all
        tokens; a token has the number of its last character. What never changes in these texts, and what no
        unit follows, is left out.
    """
    activations = np.concatenate([reading.activations for reading in read]).astype(np.float64)
    numbers: dict[str, list[float]] = {}
    for reading in read:
        for name, values in tracked(reading.text, code).items():
            numbers.setdefault(name, []).extend(values[end - 1] for _, end in reading.places)
    ranking = {}
    for name, followed in numbers.items():
        found = correlations(activations, np.array(followed))
        best = np.argsort(-np.abs(found), kind="stable")[:most]
        trackers = [Tracker(int(unit), float(found[unit])) for unit in best if found[unit]]
        if trackers:
            ranking[name] = trackers
    return ranking


def draw_states(model: Model, text: str, path: Path, probe: str = "", units: Sequence[int] = ()) -> str:
    """Draws units over a text, and writes a page with all of them beside the picture; prints the ranking.

    Args:
        model: whose SavedModel has the signature `states`.
        text: what is read, or the path of a text file.
        path: the picture, PNG, SVG or PDF; the page has the same name and ends in `.html`.
        probe: file of a longer text that units are ranked on; empty for part of the model's test data, or
            where that is not to be had for the text itself.
        units: numbers of the units to draw; none for the best of each thing that is tracked.

    Returns:
        What units were ranked on.

    Raises:
        ZooError: the text is empty, a unit does not exist, they are too many, or a file cannot be read or
            written.
    """
    pictures.check_path(path)
    text = _given(text)
    (read,) = states(model, [text])
    if not read.places:
        raise ZooError("the text is empty; give at least one word")
    total = read.activations.shape[1]
    for unit in units:
        if not 0 <= unit < total:
            raise ZooError(f"--units {unit}: {model.name} has units 0 to {total - 1}")
    if len(units) > state_pages.MOST_PANELS:
        raise ZooError(
            f"--units: {len(units)} are too many for a picture; give {state_pages.MOST_PANELS} at most, "
            "for the page has the others"
        )
    code = _reads_code(model)
    texts, named = _probe(model, text, probe)
    ranking = rank([reading for reading in states(model, texts) if reading.places], code)
    state_pages.print_ranking(ranking, read.layers, named)
    chosen = list(units) or list(dict.fromkeys(best[0].unit for best in ranking.values()))
    if not chosen:  # too short a text for anything to change in it
        chosen = [int(np.argmax(read.activations.std(axis=0)))]
    state_pages.print_text(read, chosen[0], ranking)
    page = state_pages.as_html(read, ranking, model.name, chosen[0])
    state_pages.draw(read, chosen, ranking, model.name, path)
    state_pages.write(page, path.with_suffix(".html"))
    return f"units were ranked on {named}"


def _given(text: str) -> str:
    path = Path(text)
    try:
        is_file = "\n" not in text and path.is_file()
    except OSError:  # a text that is too long for a name
        is_file = False
    text = tables.read_text(path) if is_file else text
    if len(text) > _LONGEST:
        raise ZooError(f"the text has {len(text):,} characters; give {_LONGEST:,} at most")
    return text


def _reads_code(model: Model) -> bool:
    """Tells whether a model was made for source code."""
    config = model.manifest.config
    return config.get("style") == "code" or config.get("dataset") == "python_source"


def _probe(model: Model, text: str, probe: str) -> tuple[list[str], str]:
    """Returns texts that units are ranked on, and what they are called."""
    if probe:
        texts, named = [tables.read_text(Path(probe))], probe
        if not texts[0].strip():
            raise ZooError(f"--probe {probe}: the file is empty; it needs text")
    else:
        try:
            texts, named = _test_texts(model), f"the test part of {model.manifest.dataset.name}"
        except (ZooError, KeyError) as error:
            texts, named = [text], f"this text alone (no test data: {error})"
    pieces = [piece for text in texts if (piece := _first_piece(text)).strip()]
    if len(pieces) < _PIECES:  # few texts, but long ones
        pieces = [piece for text in texts for piece in _pieces(text) if piece.strip()]
    chosen: Any = np.unique(np.linspace(0, len(pieces) - 1, _PIECES).round().astype(int)) if pieces else []
    return ([pieces[i] for i in chosen], named) if len(chosen) else ([text], "this text alone")


def _test_texts(model: Model) -> list[str]:
    own = model.manifest.config
    options = {name: own[name] for name in model.task.options if own.get(name)}
    part = load(model.manifest.dataset.name, model.manifest.mapping, **options).test
    if "text" in part.features:
        return part.strings("text")
    return [" ".join(row) for row in part.rows_of_strings("tokens")]


def _pieces(text: str) -> list[str]:
    """Cuts a text behind line breaks, where there are any, into pieces that are not too long."""
    pieces = []
    while text:
        pieces.append(_first_piece(text))
        text = text[len(pieces[-1]) :]
    return pieces


def _first_piece(text: str) -> str:
    if len(text) <= _PIECE:
        return text
    end = text.rfind("\n", 0, _PIECE) + 1
    return text[: end or _PIECE]


def _places(text: str, tokens: Sequence[str], level: str) -> list[tuple[int, int]]:
    """Returns where tokens stand; unknown ones are not written as they stand, but one by one."""
    if level == "char":
        return [(i, i + 1) for i in range(len(tokens))]
    if level == "word":
        return [match.span() for match in WORD.finditer(text)][: len(tokens)]
    places, at = [], 0
    if level == "token":  # in lower case; a letter that would become two stays as it is
        text = "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)
    for token in tokens:
        start = text.find(token, at)
        start = at if start < 0 else start
        at = min(len(text), start + len(token))
        places.append((start, at))
    return places


def correlations(activations: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Returns Pearson's correlation of each column (time, units) with values (time,); of constants, 0."""
    activations, values = activations - activations.mean(axis=0), values - values.mean()
    sizes = np.sqrt((activations**2).sum(axis=0) * (values**2).sum())
    return np.divide(values @ activations, sizes, out=np.zeros(len(sizes)), where=sizes > 1e-9)
