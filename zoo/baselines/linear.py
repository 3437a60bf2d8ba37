"""A linear model on runs of words, weighted by naive Bayes: hard to beat on whole reviews."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

_TOKENS = re.compile(r"https?://\S+|[@#]?\w+(?:'\w+)?|[^\w\s]")
_FOLDS = 5
_MANY = 1000  # texts, of which a run must stand in two


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
        self._counts = _counter(len(texts))
        self._linear = _Linear(self._counts.fit_transform(texts), labels, classes, strength)

    def chances(self, texts: Sequence[str]) -> np.ndarray:
        """Returns the probability of each label, float32 (n, classes)."""
        return self._linear.chances(self._counts.transform(texts))


def out_of_fold(
    texts: Sequence[str], labels: np.ndarray, classes: int, strength: float = 1.0, seed: int = 0
) -> np.ndarray:
    """Returns what models say of each text that learned from the other four fifths, float32 (n, classes).

    Arguments as of `NaiveBayesRuns`; the seed decides which texts are a fifth.
    """
    features = _counter(len(texts)).fit_transform(texts)
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

        self.models = []
        for label in range(classes if classes > 2 else 1):
            wanted = labels == label
            weights = _log_ratio(features, wanted)
            if wanted.all() or not wanted.any():  # nothing to tell apart
                self.models.append((weights, float(wanted.all())))
                continue
            model = LogisticRegression(C=strength, solver="liblinear", dual=True, random_state=0)
            self.models.append((weights, model.fit(features.multiply(weights).tocsr(), wanted)))

    def chances(self, features: Any) -> np.ndarray:
        columns = [
            np.full(features.shape[0], model)
            if isinstance(model, float)
            else model.predict_proba(features.multiply(weights).tocsr())[:, 1]
            for weights, model in self.models
        ]
        if len(columns) == 1:
            columns.append(1 - columns[0])
        chances = np.stack(columns, axis=1)
        return np.asarray(chances / np.maximum(chances.sum(axis=1, keepdims=True), 1e-9), np.float32)


def _counter(texts: int) -> Any:
    """Returns what finds the runs of so many texts."""
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer(
        analyzer=runs_of_words, binary=True, min_df=2 if texts >= _MANY else 1, dtype=np.float32
    )


def runs_of_words(text: str) -> list[str]:
    """Returns the runs of one to three words and signs of a text, in lower case."""
    words = _TOKENS.findall(text.lower().replace("<br />", " "))
    return [" ".join(words[i : i + n]) for n in (1, 2, 3) for i in range(len(words) - n + 1)]


def _log_ratio(features: Any, wanted: np.ndarray) -> np.ndarray:
    """Returns the log-count ratio of each column (1, columns), with one occurrence added on both sides."""
    with_label, without = (1 + features[rows].sum(axis=0) for rows in (wanted, ~wanted))
    return np.asarray(np.log((with_label / with_label.sum()) / (without / without.sum())))
