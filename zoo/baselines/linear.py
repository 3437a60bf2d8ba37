"""A linear model on runs of words, weighted by naive Bayes: hard to beat on whole reviews."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:  # commands that need no TensorFlow start without it
    from zoo.text import Runs

_FOLDS = 5
_MANY = 1000  # texts, of which a run must stand in two
_BLOCK = 1000  # texts that are split at a time
_SURE = 30.0  # the logit of what is certain


class NaiveBayesRuns:
    """Logistic regression on runs of one to three words, each weighted by how much it speaks for a label.

    A run's weight for a label is the logarithm of the ratio of its smoothed frequencies in texts with and
    without the label (Wang and Manning 2012). With more than two labels each stands against all others.

    Args:
        texts: n of them.
        labels: number of each one's label (n,); each label stands there at least once.
        classes: how many labels there are.
        strength: C of the regression: what one text's error costs.
    """

    def __init__(self, texts: Sequence[str], labels: np.ndarray, classes: int, strength: float = 1.0):
        self._hashes, features = _counted(texts)
        self._linear = _Linear(features, labels, classes, strength)

    def chances(self, texts: Sequence[str]) -> np.ndarray:
        """Returns the probability of each label, float32 (n, classes)."""
        return self._linear.chances(_features(*_hashed(texts), self._hashes, len(texts)))

    def heaviest(self, most: int) -> Runs:
        """Returns the model as a part of graphs, with the runs alone that weigh most."""
        from zoo.text import Runs

        weights, bias = self._linear.weights_and_bias()
        kept = np.sort(np.argsort(-np.abs(weights).max(axis=1), kind="stable")[:most])
        return Runs(self._hashes[kept], weights[kept], bias)


def out_of_fold(
    texts: Sequence[str], labels: np.ndarray, classes: int, strength: float = 1.0, seed: int = 0
) -> np.ndarray:
    """Returns what models say of each text that learned from the other four fifths, float32 (n, classes).

    Arguments as of `NaiveBayesRuns`; the seed decides which texts are a fifth.
    """
    _, features = _counted(texts)
    folds = np.random.default_rng(seed).permutation(len(texts)) % min(_FOLDS, len(texts))
    chances = np.zeros((len(texts), classes), np.float32)
    for fold in range(folds.max() + 1):
        outside = folds == fold
        model = _Linear(features[~outside], labels[~outside], classes, strength)
        chances[outside] = model.chances(features[outside])
    return chances


class _Linear:
    """The regressions, one for each label (of two labels one), on which runs stand in texts (n, runs)."""

    def __init__(self, features: Any, labels: np.ndarray, classes: int, strength: float):
        from sklearn.linear_model import LogisticRegression

        self.ratios, self.models = [], []
        for label in range(classes if classes > 2 else 1):
            wanted = labels == label
            self.ratios.append(_log_ratio(features, wanted))
            if wanted.all() or not wanted.any():  # nothing to tell apart
                self.models.append(float(wanted.all()))
                continue
            model = LogisticRegression(C=strength, solver="liblinear", dual=True, random_state=0)
            self.models.append(model.fit(features.multiply(self.ratios[-1]).tocsr(), wanted))

    def chances(self, features: Any) -> np.ndarray:
        columns = [
            np.full(features.shape[0], model)
            if isinstance(model, float)
            else model.predict_proba(features.multiply(ratios).tocsr())[:, 1]
            for ratios, model in zip(self.ratios, self.models, strict=True)
        ]
        if len(columns) == 1:
            columns.append(1 - columns[0])
        chances = np.stack(columns, axis=1)
        return np.asarray(chances / np.maximum(chances.sum(axis=1, keepdims=True), 1e-9), np.float32)

    def weights_and_bias(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns of each regression what a run adds to its logit (runs, models), and its bias (models,)."""
        weights = [
            np.zeros(ratios.shape[1]) if isinstance(model, float) else ratios[0] * model.coef_[0]
            for ratios, model in zip(self.ratios, self.models, strict=True)
        ]
        bias = [
            _SURE * (2 * model - 1) if isinstance(model, float) else model.intercept_[0]
            for model in self.models
        ]
        return np.stack(weights, axis=1), np.array(bias)


def _hashed(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the hashes of the runs of all texts one after another, and the number of each one's text."""
    import tensorflow as tf

    from zoo.text import runs_of_words

    blocks = [
        runs_of_words(tf.constant(texts[start : start + _BLOCK], tf.string))
        for start in range(0, max(len(texts), 1), _BLOCK)
    ]
    lengths = [block.row_lengths().numpy() for block in blocks]
    hashes = np.concatenate([block.values.numpy() for block in blocks])
    return hashes, np.repeat(np.arange(len(texts)), np.concatenate(lengths))


def _counted(texts: Sequence[str]) -> tuple[np.ndarray, Any]:
    """Returns the hashes of runs that stand in two texts, ascending, and which stand in which text."""
    hashes, rows = _hashed(texts)
    known = np.unique(hashes)
    features = _features(hashes, rows, known, len(texts))
    if len(texts) < _MANY:
        return known, features
    again = np.flatnonzero(np.asarray(features.sum(axis=0))[0] >= 2)
    return known[again], features[:, again]


def _features(hashes: np.ndarray, rows: np.ndarray, known: np.ndarray, texts: int) -> Any:
    """Returns which of the known runs stand in which text, a sparse matrix of ones (texts, runs)."""
    from scipy.sparse import csr_matrix

    columns = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    kept = known[columns] == hashes
    cells = np.unique(rows[kept] * len(known) + columns[kept])
    rows, columns = np.divmod(cells, len(known))
    return csr_matrix((np.ones(len(cells), np.float32), (rows, columns)), (texts, len(known)))


def _log_ratio(features: Any, wanted: np.ndarray) -> np.ndarray:
    """Returns the log-count ratio of each column (1, columns), with one occurrence added on both sides."""
    with_label, without = (1 + features[rows].sum(axis=0) for rows in (wanted, ~wanted))
    return np.asarray(np.log((with_label / with_label.sum()) / (without / without.sum())))
