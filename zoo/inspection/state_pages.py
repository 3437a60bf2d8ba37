"""Activations laid under the text that caused them: in the terminal, as a picture, and as a page."""

from __future__ import annotations

import html
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import ZooError
from zoo.files import write_atomically
from zoo.inspection import pictures
from zoo.show.console import CONTROLS, console

if TYPE_CHECKING:
    from zoo.inspection.states import States, Tracker

_COLUMNS, _LINES = 80, 12  # of the text in one panel of the picture
_CELL = (0.115, 0.22)  # inches of a character
MOST_PANELS = 8
_FOLLOWED = 2  # things named beside a unit
_MOST_CELLS = 250_000  # characters times units of a page, which browsers show at once
_LEVELS = 10  # of colour on each side of 0
_SHOWN = {"\n": "↵", "\t": "→"}
# From blue over white to orange, told apart by people of any colour vision.
_LOW, _HIGH = np.array([33, 102, 172]), np.array([217, 95, 2])
_STYLE = """
body { font-family: sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em }
body { color: #111; background: #fff }
pre { font: 1em/1.6 monospace; white-space: pre-wrap; overflow-wrap: anywhere }
pre { border: 1px solid #ccc; padding: .8em }
pre b { font-weight: normal }
table { border-collapse: collapse } td, th { text-align: left; padding: .15em 1em .15em 0 }
nav { line-height: 1.9 } nav a { margin-right: .5em }
.unit { display: none } .unit:target, .first { display: block } .unit:target ~ .first { display: none }
"""
Ranking = Mapping[str, Sequence["Tracker"]]


def colour(value: float) -> tuple[int, int, int]:
    """Returns red, green and blue of a value from -1 to 1: blue, white, orange."""
    end = _HIGH if value > 0 else _LOW
    red, green, blue = (int(part) for part in np.rint(255 + min(1.0, abs(value)) * (end - 255)))
    return red, green, blue


def strengths(read: States, unit: int) -> np.ndarray:
    """Returns a unit's activation at each character, from -1 to 1; characters of no token have nan.

    What the unit reaches at most in this text, whichever way, is 1.
    """
    values = read.activations[:, unit] / max(np.abs(read.activations[:, unit]).max(), 1e-9)
    painted = np.full(len(read.text), np.nan)
    for (start, end), value in zip(read.places, values, strict=True):
        painted[start:end] = value
    return painted


def label(read_layers: np.ndarray, unit: int) -> str:
    """Returns what a unit is called."""
    return f"unit {unit} (layer {read_layers[unit] + 1})"


def print_ranking(ranking: Ranking, layers: np.ndarray, probe: str) -> None:
    """Prints what is tracked, and by which units."""
    from rich.table import Table

    table = Table(title=f"What units keep track of, over {probe}")
    for heading in ("followed", "by", "correlation"):
        table.add_column(heading, justify="right" if heading == "correlation" else "left")
    for name, trackers in ranking.items():
        for row, tracker in enumerate(trackers):
            table.add_row("" if row else name, label(layers, tracker.unit), f"{tracker.correlation:+.2f}")
        table.add_section()
    console(highlight=False).print(table)


def print_text(read: States, unit: int, ranking: Ranking) -> None:
    """Prints the text over one unit's colours, on terminals, which have some."""
    from rich.text import Text

    page = console(highlight=False, file=sys.stdout)
    if not page.is_terminal:
        return
    text = Text(read.text.translate(CONTROLS))
    for i, value in enumerate(strengths(read, unit)):
        if not np.isnan(value):
            text.stylize(f"black on rgb({','.join(map(str, colour(value)))})", i, i + 1)
    page.print(title(read.layers, unit, ranking), text, sep="\n")


def title(layers: np.ndarray, unit: int, ranking: Ranking) -> str:
    """Returns a unit's name, and what it is among the best for: that which it follows most."""
    followed = [
        (-abs(tracker.correlation), f"{name} {tracker.correlation:+.2f}")
        for name, trackers in ranking.items()
        for tracker in trackers
        if tracker.unit == unit
    ]
    told = ", ".join(text for _, text in sorted(followed)[:_FOLLOWED])
    return f"{label(layers, unit)}: {told}" if told else label(layers, unit)


def draw(read: States, units: Sequence[int], ranking: Ranking, name: str, path: Path) -> None:
    """Draws the text once for each unit, of eight at most, a panel below the other."""
    from matplotlib.figure import Figure

    units = units[:MOST_PANELS]
    cells = laid_out(read.text)
    rows = max(row for row, _ in cells.values()) + 1
    columns = max(20, *(column + 1 for _, column in cells.values()))
    size = (max(6.0, columns * _CELL[0] + 0.4), len(units) * (rows * _CELL[1] + 0.45) + 0.7)
    figure = Figure(figsize=size, layout="constrained")
    for axis, unit in zip(np.ravel(figure.subplots(len(units), 1)), units, strict=True):
        picture = np.full((rows, columns, 3), 255, np.uint8)
        values = strengths(read, unit)
        for i, (row, column) in cells.items():
            value = values[i]
            if not np.isnan(value):
                picture[row, column] = colour(value)
            dark = not np.isnan(value) and value < -0.7
            character = _SHOWN.get(read.text[i], read.text[i])
            if character.strip():
                ink = "white" if dark else "0.6" if read.text[i] in _SHOWN else "black"
                axis.text(column, row, character, ha="center", va="center", fontsize=9, color=ink)
        axis.imshow(picture, aspect="auto", interpolation="nearest")
        axis.set_axis_off()
        axis.set_title(title(read.layers, unit, ranking), loc="left", fontsize=10)
    cut = "" if len(cells) == len(read.text) else " (the beginning of the text)"
    heading = f"{name}: activation after each character, from blue (low) over white (0) to orange (high){cut}"
    figure.suptitle(pictures.wrapped(heading, int(size[0] * 11)), fontsize=11)
    pictures.save(figure, path)


def laid_out(text: str, columns: int = _COLUMNS, lines: int = _LINES) -> dict[int, tuple[int, int]]:
    """Returns character -> (row, column) of those that a panel has room for."""
    places, row, column = {}, 0, 0
    for i, character in enumerate(text):
        if column == columns:
            row, column = row + 1, 0
        if row == lines:
            break
        places[i] = (row, column)
        row, column = (row + 1, 0) if character == "\n" else (row, column + 1)
    return places


def as_html(read: States, ranking: Ranking, name: str, first: int) -> str:
    """Returns a page on which the reader picks a unit; it needs nothing but itself, and no script.

    Where text and units are many, those units are left out that follow nothing.

    Args:
        read: what was read.
        ranking: what units follow.
        name: the model's.
        first: the unit that is shown before one is picked.
    """
    best = [tracker.unit for trackers in ranking.values() for tracker in trackers]
    order = list(dict.fromkeys([first, *best, *range(read.activations.shape[1])]))
    shown = sorted(order[: max(len(set(best)) + 1, _MOST_CELLS // max(1, len(read.text)))])
    rules = "".join(
        f".{_class(level)} {{ background: rgb{colour(level / _LEVELS)}"
        + ("; color: #fff }" if level < -7 else " }")
        for level in range(-_LEVELS, _LEVELS + 1)
    )
    rows = "".join(
        f"<tr><td>{html.escape(what)}</td><td>"
        + ", ".join(
            f'<a href="#u{t.unit}">{label(read.layers, t.unit)}</a> {t.correlation:+.2f}' for t in chosen
        )
        + "</td></tr>"
        for what, chosen in ranking.items()
    )
    links = "".join(f'<a href="#u{unit}">{unit}</a> ' for unit in shown)
    left_out = read.activations.shape[1] - len(shown)
    note = f"<p>{left_out:,} units that follow little are left out.</p>" if left_out else ""
    views = "".join(_view(read, unit, ranking, f'id="u{unit}" class="unit"') for unit in shown)
    # The first one again at the end, for only what stands behind a picked unit can be hidden.
    again = _view(read, first, ranking, 'class="first"')
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(name)}: states</title>"
        f"<style>{_STYLE}{rules}</style></head><body><h1>{html.escape(name)}</h1>"
        "<p>What each unit does over a text: blue is low, white 0, orange high; the strongest activation of "
        "a unit in this text has the full colour.</p>"
        f"<h2>What units follow</h2><table><tr><th>followed</th><th>units and correlations</th></tr>{rows}"
        f"</table><h2>All units</h2><nav>{links}</nav>{note}"
        f"<main>{views}{again}</main></body></html>\n"
    )


def write(page: str, path: Path) -> None:
    """Writes a page, whole or not at all."""
    try:
        write_atomically(path, page.encode("utf-8", "replace"))
    except OSError as error:
        raise ZooError(f"{path}: cannot be written ({error.strerror})") from None


def _view(read: States, unit: int, ranking: Ranking, attributes: str) -> str:
    parts, last, run = [], None, ""
    for character, value in zip(read.text, strengths(read, unit), strict=True):
        level = None if np.isnan(value) else round(float(value) * _LEVELS)
        if level != last:
            parts.append(_run(run, last))
            last, run = level, ""
        run += "↵\n" if character == "\n" and level is not None else character
    parts.append(_run(run, last))
    heading = html.escape(title(read.layers, unit, ranking))
    return f"<section {attributes}><h3>{heading}</h3><pre>{''.join(parts)}</pre></section>"


def _run(text: str, level: int | None) -> str:
    if not text:
        return ""
    written = html.escape(text.translate(CONTROLS))
    return written if level is None else f"<b class={_class(level)}>{written}</b>"


def _class(level: int) -> str:
    return chr(ord("a") + level + _LEVELS)
