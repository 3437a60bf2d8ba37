"""Scores of labels: one for a text."""

from collections.abc import Sequence

import numpy as np

from zoo.metrics.calibration import calibration_error
from zoo.metrics.score import Score

Numbers = Sequence[int] | np.ndarray


def classification(
    truth: Numbers,
    predicted: Numbers,
    label_names: Sequence[str],
    confidences: Sequence[float] | np.ndarray | None = None,
) -> Score:
    """Scores predicted labels.

    Args:
        truth: right label numbers (n,).
        predicted: predicted label numbers (n,).
        label_names: name of each number.
        confidences: how sure of each the model was, (n,), where it tells.

    Returns:
        `accuracy`; `macro_f1`, the mean of the harmonic mean of precision and recall over the labels that
        occur, be it as right ones or as predicted ones; `macro_recall`, the mean share of what is found over
        the labels that are right ones; of sentiment with neutral texts `f1_pn`, the mean F1 of positive and
        negative, which like `macro_recall` is a measure of SemEval-2017's task 4; with confidences `ece`, the
        expected calibration error; `f1`, label -> F1;
        `confusion`, a table with a row for each right and a column for each predicted label; and `n`.
    """
    from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score

    numbers = range(len(label_names))
    occurring = np.union1d(truth, predicted).astype(int)  # what a part lacks, no model can be good or bad at
    f1 = f1_score(truth, predicted, labels=occurring, average=None, zero_division=0)
    recall = recall_score(truth, predicted, labels=np.unique(truth), average=None, zero_division=0)
    figures = {
        "accuracy": float(accuracy_score(truth, predicted)),
        "macro_f1": float(np.mean(f1)),
        "macro_recall": float(np.mean(recall)),
    }
    by_label = dict(zip([label_names[number] for number in occurring], map(float, f1), strict=True))
    if set(label_names) == {"negative", "neutral", "positive"}:
        figures["f1_pn"] = (by_label.get("positive", 0.0) + by_label.get("negative", 0.0)) / 2
    if confidences is not None:
        figures["ece"] = calibration_error(confidences, np.asarray(truth) == np.asarray(predicted))
    details = {
        "f1": by_label,
        "confusion": confusion_matrix(truth, predicted, labels=numbers).tolist(),
    }
    return Score(len(truth), figures, details=details)
