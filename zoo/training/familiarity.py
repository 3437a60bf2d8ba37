"""What is like training, and what is not: found by the features of both parts."""

import numpy as np

from zoo.layers.familiarity import Familiarity

_LEAST = 1e-6  # of a variance, as a share of all: what never varied in training may do so a little
_STRANGE = 0.002  # of what is like training is called strange, at most
_MOST = 20_000  # rows, which are more than enough for what is fitted
FEWEST = round(1 / _STRANGE) - 1
"""Rows of a validation part by which it can be said what is strange."""


def fit_familiarity(familiarity: Familiarity, training: np.ndarray, validation: np.ndarray) -> None:
    """Fits what features are like, and how far from it those may lie that are familiar.

    Of new rows that are like training, at most one in 500 is called strange, on average: as far as that share
    of the validation part (split conformal prediction). Of fewer than `FEWEST` rows it cannot be said: then
    everything stays familiar.

    Args:
        familiarity: to be fitted.
        training: features (n, size).
        validation: features of rows that were not learned from (m, size).
    """
    if len(validation) < FEWEST:
        return
    training = training[:: max(1, len(training) // _MOST)].astype(np.float64)
    middle = training.mean(axis=0)
    variances, directions = np.linalg.eigh(np.cov(training, rowvar=False))
    kept = familiarity.directions.shape[1]
    least = _LEAST * max(variances.sum(), np.finfo(float).tiny)
    others = variances[:-kept]
    familiarity.middle.assign(middle)
    familiarity.directions.assign(directions[:, -kept:])
    familiarity.variances.assign(np.maximum(variances[-kept:], least))
    familiarity.rest.assign(max(others.mean(), least) if len(others) else least)
    rank = int(np.ceil((len(validation) + 1) * (1 - _STRANGE)))
    familiarity.limit.assign(np.sort(familiarity.distances(validation).numpy())[rank - 1])
