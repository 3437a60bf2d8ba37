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


def shape_distances(drawn: np.ndarray, known: Sequence[np.ndarray]) -> np.ndarray:
    """Returns how far the shape of a drawing is from those of others, (n,): the mean of both directions.

    From each of 48 points at equal distances along all strokes to the nearest one of the other drawing,
    wherever and in whatever order that was drawn (chamfer distance, Barrow et al. 1977). Nothing is moved or
    scaled: what is in the wrong place is wrong.

    Args:
        drawn: strokes (time, 3).
        known: those of others; all drawings are at least a point.
    """
    one = _spread(drawn)
    others = np.stack([_spread(strokes) for strokes in known])
    pairs = np.linalg.norm(others[:, :, None] - one[None, None], axis=-1)
    return (pairs.min(axis=1).mean(axis=1) + pairs.min(axis=2).mean(axis=1)) / 2


def _spread(strokes: np.ndarray) -> np.ndarray:
    """Returns points at equal distances along all ink, (48, 2)."""
    places = np.asarray(strokes, np.float32)
    steps = np.hypot(*np.diff(places[:, :2], axis=0).T)
    steps[places[:-1, 2] > 0.5] = 0  # from stroke to stroke there is no ink
    along = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0, along[-1], _POINTS)
    # The later of two points at one place of the ink begins the next stroke: nothing is put between them.
    right = (
        np.clip(np.searchsorted(along, wanted, side="left"), 1, max(1, len(along) - 1))
        if len(along) > 1
        else 0
    )
    if len(along) == 1:
        return np.repeat(places[:, :2], _POINTS, axis=0)
    share = (wanted - along[right - 1]) / np.maximum(along[right] - along[right - 1], 1e-9)
    return places[right - 1, :2] + share[:, None].astype(np.float32) * (
        places[right, :2] - places[right - 1, :2]
    )
