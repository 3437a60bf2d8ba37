"""Counted language models: what a recurrent one must beat."""

from collections.abc import Sequence

import numpy as np

_MOST = 2**62  # a run of units is counted as one number below this


class NGrams:
    """An interpolated n-gram model with Witten and Bell's weights (Chen and Goodman 1999, section 2.4).

        p(w | h) = (count(h w) + kinds(h) p(w | h')) / (count(h) + kinds(h))

    h' is h without its first unit, kinds(h) is how many different units follow h, and below the model of
    single units all are equally probable. A context that was never seen leaves all to the shorter one.

    Args:
        texts: numbers of units, int32 (time,) each.
        size: of the vocabulary.
        order: n, the units in a run; less where a run could not be written as one number.
        start: the number that every text follows.
    """

    def __init__(self, texts: Sequence[np.ndarray], size: int, order: int, start: int):
        self.size, self.start = size, start
        self.order = max(n for n in range(1, order + 1) if size**n < _MOST)
        self._tables = [self._count(texts, n) for n in range(1, self.order + 1)]

    def log_probabilities(self, text: np.ndarray) -> np.ndarray:
        """Returns the logarithm of the probability of each unit of a text, float64 (time,)."""
        probabilities = np.full(len(text), 1 / self.size)
        for n, (runs, counts, contexts, sums, kinds) in enumerate(self._tables, start=1):
            numbers = self._runs(text, n)
            count = _look_up(runs, counts, numbers)
            total, different = (_look_up(contexts, column, numbers // self.size) for column in (sums, kinds))
            seen = total > 0
            probabilities[seen] = ((count + different * probabilities) / np.maximum(total + different, 1))[
                seen
            ]
        return np.log(probabilities)

    def _runs(self, text: np.ndarray, n: int) -> np.ndarray:
        """Returns each unit with the n - 1 before it as one number, int64 (time,)."""
        padded = np.concatenate([np.full(n - 1, self.start), text]).astype(np.int64)
        numbers = np.zeros(len(text), np.int64)
        for i in range(n):
            numbers = numbers * self.size + padded[i : i + len(text)]
        return numbers

    def _count(self, texts: Sequence[np.ndarray], n: int):
        runs, counts = np.unique(np.concatenate([self._runs(text, n) for text in texts]), return_counts=True)
        contexts, first, kinds = np.unique(runs // self.size, return_index=True, return_counts=True)
        return runs, counts, contexts, np.add.reduceat(counts, first), kinds


def _look_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Returns the value of each wanted key, 0 where there is none; keys are sorted."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0)
