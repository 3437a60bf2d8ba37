"""Which pieces of a sentence a translation model looks at while it writes each piece of its translation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.cells import cell_len

from zoo.errors import ZooError
from zoo.inspection import pictures
from zoo.models import Model
from zoo.tasks.base import Answered

_END = "<end>"
_CELL = 0.26  # inches, enough for a label
_LONGEST = 60.0  # inches that the cells of one side share, however many they are
_SHARE = 0.1  # of a word's attention; below it, text shows no source word but the first
_SHOWN = 3  # source words for each word


class AttentionMap(NamedTuple):
    """What a translation looked at.

    Attributes:
        source: pieces that were read; the space before a word belongs to its first piece. The last one is
            the end of the sentence.
        target: pieces that were written.
        weights: float (target, source); each row adds up to 1.
        translation: the target as text.
        notes: what else there is to say of it, such as that the sentence was cut.
    """

    source: list[str]
    target: list[str]
    weights: np.ndarray
    translation: str
    notes: list[str]


def attention_map(model: Model, text: str) -> AttentionMap:
    """Translates a text and returns where the model looked at each step.

    Where pieces are the bytes of a character, the character stands for them: its weight is, in the source,
    the sum of theirs, and in the target their mean.

    Raises:
        ZooError: the text or its translation is empty, or the model shows no attention.
    """
    if "attention" not in model.signatures:
        raise ZooError(
            f"{model.name}: has no signature attention; choose a translation model that was trained with "
            "--attention dot or additive"
        )
    (answer,) = model.predict([text], "attention")
    if answer["source_tokens"] in ([], [_END]):
        raise ZooError("the text is empty; give at least one word")
    if not answer["target_tokens"]:
        raise ZooError(f"{model.name}: the translation of this text is empty; try another text")
    target, rows = characters(answer["target_tokens"])
    source, columns = characters(answer["source_tokens"])
    weights = joined(np.array(answer["attention"]), rows, columns)
    notes = model.task.notes(answer, Answered([answer], model.manifest))
    return AttentionMap(source, target, weights, answer["translation"], notes)


def joined(weights: np.ndarray, rows: Sequence[int], columns: Sequence[int]) -> np.ndarray:
    """Joins neighbouring pieces of an attention matrix: source weights are added, target rows averaged.

    Args:
        weights: (target, source).
        rows: where each group of target pieces starts, the first at 0.
        columns: the same for the source.

    Returns:
        (target groups, source groups); rows that added up to 1 still do.
    """
    sizes = np.diff([*rows, len(weights)])
    return np.add.reduceat(np.add.reduceat(weights, columns, axis=1), rows, axis=0) / sizes[:, None]


def draw_attention(model: Model, text: str, path: Path) -> str:
    """Draws `attention_map` as a heat map into a PNG, SVG or PDF file.

    Returns:
        The same for people without pictures, as `as_text` writes it.
    """
    pictures.check_path(path)
    weighed = attention_map(model, text)
    draw(weighed, model.name, path)
    return "\n".join([weighed.translation, *(f"({note})" for note in weighed.notes), "", as_text(weighed)])


def draw(shown: AttentionMap, name: str, path: Path) -> None:
    """Draws the source along the top, the target down the side; a dot marks pieces that go on with a word."""
    from matplotlib.figure import Figure

    down, along = (_labels(pieces) for pieces in (shown.target, shown.source))
    cells = [max(2.4, min(_CELL * len(labels), _LONGEST)) for labels in (along, down)]
    # Labels are as long as their widest, at some 0.085 inches a letter; those along the top lean.
    room = [0.085 * max(map(cell_len, labels)) for labels in (down, along)]
    size = (cells[0] + room[0] + 2.0, cells[1] + 0.7 * room[1] + 1.2)
    figure = Figure(figsize=size, layout="constrained")
    axis = figure.subplots()
    mesh = axis.pcolormesh(shown.weights, cmap="Blues", vmin=0, edgecolors="white", linewidth=1)
    axis.invert_yaxis()
    axis.xaxis.tick_top()
    axis.xaxis.set_label_position("top")
    axis.set(xlabel="read", ylabel="written")
    small = [min(9.0, 40 * cell / len(labels)) for cell, labels in zip(cells, (along, down), strict=True)]
    leaning: dict[str, Any] = {"rotation": 50, "ha": "left", "rotation_mode": "anchor"}
    axis.set_xticks(np.arange(len(along)) + 0.5, along, fontsize=small[0], **leaning)
    axis.set_yticks(np.arange(len(down)) + 0.5, down, fontsize=small[1])
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    bar = figure.colorbar(mesh, label="attention", shrink=min(1.0, 4 / cells[1]))
    bar.outline.set_visible(False)
    title = " ".join([f"{name}: {shown.translation}", *(f"({note})" for note in shown.notes)])
    figure.suptitle(pictures.wrapped(title, int(size[0] * 11)), fontsize=11)
    pictures.save(figure, path)


def as_text(shown: AttentionMap) -> str:
    """Writes each word of the translation in a line, with the source words that it looked at most.

    Pieces are joined to words, as by `joined`, but those of a source of one word: its spelling. Punctuation
    stands alone.
    """
    target, rows = words(shown.target)
    source, columns = words(shown.source)
    if len([word for word in source if word != _END]) == 1:
        source, columns = [piece.strip() or "␣" for piece in shown.source], list(range(len(shown.source)))
    width = max(map(cell_len, target))
    lines = []
    for word, weights in zip(target, joined(shown.weights, rows, columns), strict=True):
        best = [i for i in np.argsort(-weights, kind="stable")[:_SHOWN] if weights[i] >= _SHARE]
        best = best or [int(weights.argmax())]
        seen = "  ".join(f"{source[i]} {weights[i]:.2f}" for i in best)
        lines.append(f"{word}{' ' * (width - cell_len(word))}  {seen}")
    return "\n".join(lines)


def characters(tokens: list[str]) -> tuple[list[str], list[int]]:
    """Joins bytes to the characters that they spell; returns what it joined and where each starts."""
    groups: list[list[str]] = []
    for token in tokens:
        if groups and _is_byte(token) and _is_byte(groups[-1][0]) and 0x80 <= _byte(token) < 0xC0:
            groups[-1].append(token)
        else:
            groups.append([token])
    starts = np.cumsum([0, *map(len, groups)])[:-1].tolist()
    return [_spelled(group) if _is_byte(group[0]) else group[0] for group in groups], starts


def _is_byte(token: str) -> bool:
    return len(token) == 6 and token.startswith("<0x")


def _byte(token: str) -> int:
    return int(token[3:5], 16)


def _spelled(group: list[str]) -> str:
    text = bytes(map(_byte, group)).decode("utf-8", "replace")
    # Halves of characters and what a terminal would obey are shown as the bytes that they are.
    return text if text.isprintable() and "\ufffd" not in text else "".join(group)


def words(pieces: list[str]) -> tuple[list[str], list[int]]:
    """Joins pieces to words; returns the words and where each starts."""
    joined_pieces: list[str] = []
    starts: list[int] = []
    for i, piece in enumerate(pieces):
        # A space may be a piece of its own, before a word that is cut.
        goes_on = joined_pieces and not piece.startswith(" ") and piece != _END
        if goes_on and (joined_pieces[-1].isspace() or _is_word(joined_pieces[-1]) == _is_word(piece)):
            joined_pieces[-1] += piece
        else:
            joined_pieces.append(piece)
            starts.append(i)
    return [word.strip() or "␣" for word in joined_pieces], starts


def _is_word(text: str) -> bool:
    return any(map(str.isalnum, text))


def _labels(pieces: list[str]) -> list[str]:
    """Marks pieces that go on with a word by a dot; punctuation needs none, to be told from words."""
    labels = []
    for i, piece in enumerate(pieces):
        part = i > 0 and not piece.startswith(" ") and piece != _END and _is_word(piece)
        labels.append(f"·{piece}" if part else piece.strip() or "␣")
    return labels
