"""Scores of drawings."""

from collections.abc import Sequence

import numpy as np

from zoo.metrics.compared import ratio
from zoo.metrics.score import Score

_POINTS = 48  # by which shapes are compared
NEAREST = 20


def drawing(log_probabilities: Sequence[float], points: Sequence[int], ranks: Sequence[int] = ()) -> Score:
    """Scores drawings by how probable those of others are, and by whether one's own are recognised.

    Args:
        log_probabilities: that of each true drawing, in nats.
        points: how many each has.
        ranks: of some that were drawn, place of the right one among all drawings by their distance, from 1.

    Returns:
        `n`, the number of drawings, and `points`, those of all; `nats` of a point on average; and
        `recognised`, of 100 drawn how many have the right one among the 20 nearest.
    """
    nats = ratio(-float(np.sum(log_probabilities, dtype=np.float64)), sum(points))
    found = {"recognised": 100 * ratio(sum(rank <= NEAREST for rank in ranks), len(ranks))} if ranks else {}
    return Score(len(points), {"nats": nats, **found}, {"points": int(sum(points))})


class Shapes:
    """Drawings by their shapes, wherever and in whatever order they were drawn.

    Args:
        known: strokes (time, 3) of each, at least a point.
    """

    def __init__(self, known: Sequence[np.ndarray]):
        self._points = np.stack([_spread(strokes) for strokes in known])
        self._squares = (self._points**2).sum(axis=-1)

    def distances(self, drawn: np.ndarray) -> np.ndarray:
        """Returns how far the shape of a drawing (time, 3) is from each, (n,).

        From each of 48 points at equal distances along all strokes to the nearest one of the other drawing,
        the mean of both directions (chamfer distance, Barrow et al. 1977). Nothing is moved or scaled: what
        is in the wrong place is wrong.
        """
        one = _spread(drawn)
        squares = self._squares[..., None] + (one**2).sum(axis=-1) - 2 * self._points @ one.T
        there, back = (squares.min(axis=axis) for axis in (1, 2))
        return sum(np.sqrt(np.maximum(least, 0)).mean(axis=1) for least in (there, back)) / 2


def _spread(strokes: np.ndarray) -> np.ndarray:
    """Returns points at equal distances along all ink, (48, 2)."""
    places = np.asarray(strokes, np.float32)
    if len(places) == 1:
        return np.repeat(places[:, :2], _POINTS, axis=0)
    steps = np.hypot(*np.diff(places[:, :2], axis=0).T)
    steps[places[:-1, 2] > 0.5] = 0  # from stroke to stroke there is no ink
    along = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0, along[-1], _POINTS)
    # The first of two points at one place of the ink, the end of a stroke: nothing is put between strokes.
    right = np.maximum(np.searchsorted(along, wanted), 1)
    share = (wanted - along[right - 1]) / np.maximum(along[right] - along[right - 1], 1e-9)
    moves = places[right, :2] - places[right - 1, :2]
    return (places[right - 1, :2] + share[:, None] * moves).astype(np.float32)
