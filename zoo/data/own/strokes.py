"""Drawings as lines of a pen: strokes of any source, brought to one box and to points at equal distances."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

STEP = 1 / 10
"""Distance of the points along a stroke; the larger side of a drawing's box is 1."""
_PIECES = 12  # straight ones that stand for a curve
_WEIGHTS = np.linspace(0, 1, _PIECES + 1)[1:, None]
Line = np.ndarray
"""A stroke: (points, 2), x to the right and y down."""


def sampled(lines: Sequence[Line], step: float = STEP) -> np.ndarray:
    """Turns strokes into points at equal distances along each.

    Args:
        lines: strokes; one of no length is a dot.
        step: about how far points of a stroke are from each other; its ends are always points.

    Returns:
        float32 (time, 3): x, y, and 1 where the pen is lifted behind the point, else 0.
    """
    found = []
    for line in lines:
        lengths = np.hypot(*np.diff(line, axis=0).T) if len(line) > 1 else np.zeros(0)
        along = np.concatenate([[0.0], np.cumsum(lengths)])
        count = max(1, round(along[-1] / step)) + 1 if along[-1] else 1
        places = np.linspace(0, along[-1], count)
        points = np.stack([np.interp(places, along, line[:, axis]) for axis in (0, 1)], axis=1)
        found.append(np.column_stack([points, np.arange(count) == count - 1]))
    return np.concatenate(found).astype(np.float32) if found else np.zeros((0, 3), np.float32)


def parted(points: np.ndarray) -> list[Line]:
    """Returns the strokes of points (time, 3), as `sampled` makes them."""
    ends = np.flatnonzero(points[:, 2] > 0.5) + 1
    return [line[:, :2] for line in np.split(points, ends) if len(line)]


def boxed(lines: Sequence[Line]) -> list[Line]:
    """Moves and scales strokes into the box from 0 to 1, in the middle of it, with their proportions."""
    every = np.concatenate(lines)
    low, high = every.min(axis=0), every.max(axis=0)
    size = float((high - low).max()) or 1.0
    return [(line - (low + high) / 2) / size + 0.5 for line in lines]


class Pen:
    """Follows a path as fontTools reads it, and keeps its strokes, curves as short straight pieces."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._line: list[np.ndarray] = []

    def moveTo(self, point) -> None:  # noqa: N802, D102 - fontTools' own names
        self._end()
        self._line = [np.array([point], float)]

    def lineTo(self, point) -> None:  # noqa: N802, D102
        self._line.append(np.array([point], float))

    def curveTo(self, *points) -> None:  # noqa: N802, D102
        a, b, c, d = self._line[-1][-1], *np.array(points, float)
        t, u = _WEIGHTS, 1 - _WEIGHTS
        self._line.append(u**3 * a + 3 * u * u * t * b + 3 * u * t * t * c + t**3 * d)

    def qCurveTo(self, *points) -> None:  # noqa: N802, D102
        a, b, c = self._line[-1][-1], *np.array(points, float)
        t, u = _WEIGHTS, 1 - _WEIGHTS
        self._line.append(u * u * a + 2 * u * t * b + t * t * c)

    def closePath(self) -> None:  # noqa: N802, D102
        self._line.append(self._line[0][:1])
        self._end()

    def endPath(self) -> None:  # noqa: N802, D102
        self._end()

    def _end(self) -> None:
        if self._line:
            self.lines.append(np.concatenate(self._line))
        self._line = []
