"""What a drawer must beat: one Gaussian for all moves that follow a state of the pen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from zoo import metrics
from zoo.metrics import Score

_LEAST = 1e-3  # variance
_MOVE, _STATES = slice(-5, -3), slice(-3, None)


def _before(steps: np.ndarray, state: int) -> np.ndarray:
    """Tells before which steps a pen was in a state."""
    return steps[:, 4 + state] > 0.5


def one_gaussian(
    train: Sequence[np.ndarray], parts: Mapping[str, Sequence[np.ndarray]], ranks: Mapping[str, Sequence[int]]
) -> dict[str, Score]:
    """Scores the mean and covariance of moves, and how often states follow states.

    Args:
        train: steps to learn from: features of the pen before, moves and states side by side, (time, 13).
        parts: name -> the same of test parts.
        ranks: name -> of drawings that know nothing of what is wanted, as `metrics.drawing` takes them.
    """
    steps = np.concatenate(train)
    fitted = []
    for state in range(3):
        rows = steps[_before(steps, state)]
        moves = rows[:, _MOVE] if len(rows) > 2 else steps[:, _MOVE]
        counts = rows[:, _STATES].sum(axis=0) + 1
        fitted.append(
            (moves.mean(axis=0), np.cov(moves.T) + _LEAST * np.eye(2), np.log(counts / counts.sum()))
        )

    def score(rows: Sequence[np.ndarray], ranks: Sequence[int]) -> Score:
        flat = np.concatenate(rows)
        total = np.zeros(len(flat))
        for state, (mean, covariance, states) in enumerate(fitted):
            off = flat[:, _MOVE] - mean
            distance = np.einsum("nd,de,ne->n", off, np.linalg.inv(covariance), off)
            density = -0.5 * distance - 0.5 * np.linalg.slogdet(2 * np.pi * covariance)[1]
            total += _before(flat, state) * (density + flat[:, _STATES] @ states)
        ends = np.cumsum([len(row) for row in rows])[:-1]
        return metrics.drawing(
            [float(part.sum()) for part in np.split(total, ends)], [len(row) for row in rows], ranks
        )

    return {name: score(rows, ranks[name]) for name, rows in parts.items()}
