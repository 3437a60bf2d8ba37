"""Pictures and clips above their captions, as an SVG file in which clips play."""

from __future__ import annotations

import base64
import html
import io
import textwrap
from collections.abc import Sequence

import numpy as np

from zoo.show.drawings import printable

_SIDE, _GAP, _LINE = 160, 14, 15  # pixels of a picture, between pictures, and of a line of text
_LETTERS = 26  # in a line
_SECONDS = 0.16  # that a frame is seen
_REST = 6  # frames for which the last one stays


def sheet(captioned: Sequence[tuple[Sequence[np.ndarray], Sequence[str]]], columns: int = 4) -> str:
    """Returns one SVG file.

    Args:
        captioned: of each its frames, uint8 (height, width, 3), one of a still picture, none
            of what could not be read; and its captions.
        columns: beside each other.
    """
    texts = [
        [line for text in said for line in textwrap.wrap(printable(text), _LETTERS)] for _, said in captioned
    ]
    columns = max(1, min(columns, len(captioned)))
    high = _SIDE + _GAP + _LINE * max(map(len, texts), default=1)
    width = columns * (_SIDE + _GAP) + _GAP
    height = -(-len(captioned) // columns) * (high + _GAP) + _GAP
    cells = []
    for i, ((frames, _), lines) in enumerate(zip(captioned, texts, strict=True)):
        x, y = _GAP + i % columns * (_SIDE + _GAP), _GAP + i // columns * (high + _GAP)
        cells += [_frame(frame, number, len(frames), x, y) for number, frame in enumerate(frames)]
        for number, line in enumerate(lines, 1):
            place = f'x="{x + _SIDE / 2:g}" y="{y + _SIDE + number * _LINE}"'
            cells.append(f"<text {place}>{html.escape(line)}</text>")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="sans-serif" font-size="12" text-anchor="middle">'
        f'<rect width="{width}" height="{height}" fill="#fff"/>{"".join(cells)}</svg>\n'
    )


def _frame(frame: np.ndarray, number: int, count: int, x: float, y: float) -> str:
    """Returns a frame in its place, which is seen at its time only; where nothing moves, the first one is."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(frame).save(file, "PNG", optimize=True)
    data = base64.b64encode(file.getvalue()).decode()
    shown = "visible" if number == 0 else "hidden"
    played = ""
    if count > 1:
        total = count + _REST
        until = number + 1 if number < count - 1 else total
        # Hidden, seen, hidden: each from a share of the whole time on.
        values, times = ["hidden", "visible"], [0.0, number / total]
        if number == 0:
            values, times = values[1:], times[1:]
        if until < total:
            values, times = [*values, "hidden"], [*times, until / total]
        played = (
            f'<animate attributeName="visibility" calcMode="discrete" values="{";".join(values)}" '
            f'keyTimes="{";".join(f"{time:.4f}" for time in times)}" dur="{total * _SECONDS:.2f}s" '
            'repeatCount="indefinite"/>'
        )
    return (
        f'<image x="{x}" y="{y}" width="{_SIDE}" height="{_SIDE}" visibility="{shown}" '
        f'href="data:image/png;base64,{data}">{played}</image>'
    )
