"""Scores of drawings."""

from collections.abc import Sequence

import numpy as np

from zoo.metrics.compared import ratio
from zoo.metrics.score import Score

_POINTS, _BAND = 48, 12  # by which shapes are compared
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
    """Drawings by their shapes, as a hand makes them.

    Args:
        known: strokes (time, 3) of each, at least a point.
    """

    def __init__(self, known: Sequence[np.ndarray]):
        # Drawings last: what is done for all of them at once lies side by side in memory.
        self._points = np.stack([_spread(strokes) for strokes in known], axis=-1)

    def distances(self, drawn: np.ndarray) -> np.ndarray:
        """Returns how far the shape of a drawing (time, 3) is from each, (n,).

        Of 48 points at equal distances along all strokes, in the order of drawing, each is as far as the
        point of the other drawing that dynamic time warping gives it, at most twelve away in that order
        (Sakoe and Chiba 1978). Nothing is moved or scaled: what is in the wrong place is wrong.
        """
        one = _spread(drawn)
        far = np.float32(1e9)
        before = np.full((_POINTS + 1, self._points.shape[-1]), far)
        before[0] = 0
        for i, point in enumerate(one):
            behind = np.full_like(before, far)
            near = range(max(0, i - _BAND), min(_POINTS, i + _BAND + 1))
            apart = np.linalg.norm(self._points[near.start : near.stop] - point[:, None], axis=1)
            for j, distance in zip(near, apart, strict=True):
                behind[j + 1] = distance + np.minimum(np.minimum(before[j], before[j + 1]), behind[j])
            before = behind
        return before[-1] / _POINTS


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
