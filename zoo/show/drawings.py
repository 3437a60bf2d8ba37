"""Drawings for people: in a terminal, and as sheets that draw themselves."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from rich.text import Text

from zoo.show.answers import safe

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of a Braille sign, rows and columns
_ROWS, _COLUMNS = 10, 20  # signs of a drawing in a terminal, four by two dots each
_CELL, _GAP = 120, 12  # of a sheet
Picture = tuple[str, str]
"""An SVG file, and what is written below it."""


def in_braille(strokes: np.ndarray) -> str:
    """Returns lines of Braille signs with dots where a drawing (time, 3), from 0 to 1, has ink."""
    signs = np.full((_ROWS, _COLUMNS), 0x2800)
    for before, behind in pairwise(strokes):
        if before[2] > 0.5:
            before = behind
        for share in np.linspace(0, 1, 4 * _COLUMNS):
            x, y = np.clip(before[:2] + share * (behind[:2] - before[:2]), 0, 0.999)
            row, column = int(y * _ROWS * 4), int(x * _COLUMNS * 2)
            signs[row // 4, column // 2] |= _DOTS[row % 4][column % 2]
    return "\n".join("".join(map(chr, line)) for line in signs)


def painted(name: str, strokes: np.ndarray) -> Text:
    """Returns a drawing for a terminal, below its name."""
    return Text.assemble((safe(name), "bold"), "\n", (in_braille(strokes), "cyan"), "\n")


def sheet(pictures: Sequence[Picture], columns: int = 8) -> str:
    """Returns one SVG file of several that draw themselves, beside each other."""
    columns = max(1, min(columns, len(pictures)))
    rows = -(-len(pictures) // columns)
    wide, high = columns * (_CELL + _GAP) + _GAP, rows * (_CELL + 2 * _GAP) + _GAP
    cells = []
    for i, (svg, below) in enumerate(pictures):
        x, y = _GAP + i % columns * (_CELL + _GAP), _GAP + i // columns * (_CELL + 2 * _GAP)
        placed = f'<svg x="{x}" y="{y}" width="{_CELL}" height="{_CELL}" '
        cells.append(svg.replace("<svg ", placed, 1))
        middle, line = x + _CELL / 2, y + _CELL + _GAP
        cells.append(f'<text x="{middle:g}" y="{line:g}">{html.escape(printable(below))}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" '
        f'font-family="sans-serif" font-size="11" text-anchor="middle" color="#222">'
        f'<rect width="{wide}" height="{high}" fill="#fff"/>{"".join(cells)}</svg>\n'
    )


def draw_drawings(drawn: Sequence[tuple[str, str, int]], path: Path, most: int = 48) -> None:
    """Writes a sheet of drawings: name, SVG file, and place of the right one among all by their distance."""
    path.write_text(sheet([(svg, f"{name}: {rank}") for name, svg, rank in drawn[:most]]), "utf-8")


def printable(text: str) -> str:
    """Leaves out what XML cannot hold."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
