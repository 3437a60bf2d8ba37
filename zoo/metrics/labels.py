"""Scores of labels: one for a text."""

from collections.abc import Sequence

import numpy as np

from zoo.metrics.score import Score

Numbers = Sequence[int] | np.ndarray


def classification(truth: Numbers, predicted: Numbers, label_names: Sequence[str]) -> Score:
    """Scores predicted labels.

    Args:
        truth: right label numbers (n,).
        predicted: predicted label numbers (n,).
        label_names: name of each number.

    Returns:
        `accuracy`; `macro_f1`, the mean of the harmonic mean of precision and recall over the labels that
        occur, be it as right ones or as predicted ones; `f1`, label -> F1, of the same labels; `confusion`, a
        table with a row for each right and a column for each predicted label; and `n`.
    """
    from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

    numbers = range(len(label_names))
    occurring = np.union1d(truth, predicted).astype(int)  # what a part lacks, no model can be good or bad at
    f1 = f1_score(truth, predicted, labels=occurring, average=None, zero_division=0)
    figures = {"accuracy": float(accuracy_score(truth, predicted)), "macro_f1": float(np.mean(f1))}
    details = {
        "f1": dict(zip([label_names[number] for number in occurring], map(float, f1), strict=True)),
        "confusion": confusion_matrix(truth, predicted, labels=numbers).tolist(),
    }
    return Score(len(truth), figures, details=details)
