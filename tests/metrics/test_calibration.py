"""Expected calibration error, by hand."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from zoo import metrics
from zoo.metrics import told_apart


def test_bins_are_weighted_by_what_they_hold():
    # Of 15 bins: two answers at 0.62 (one right), one at 0.97 (right), one at 1 (wrong).
    error = metrics.calibration_error([0.62, 0.62, 0.97, 1.0], [True, False, True, False])
    assert error == pytest.approx((abs(1.24 - 1) + abs(1.97 - 1)) / 4)
    assert metrics.calibration_error([], []) == 0
    assert metrics.calibration_error([1.0, 0.5, 0.5], [True, True, False]) == 0


def test_spans_are_right_as_a_whole_or_not():
    truth = [["B-a", "I-a", "O", "B-b"], ["O", "O"]]
    predicted = [["B-a", "I-a", "O", "B-a"], ["B-b", "O"]]
    error = metrics.span_calibration_error(truth, predicted, [[0.9, 0.3], [0.2]])
    assert error == pytest.approx((0.1 + 0.3 + 0.2) / 3)


def test_right_and_wrong_answers_are_told_apart_as_scikit_learn_counts_it():
    assert told_apart([0.9, 0.8, 0.3], [True, False, False]) == 1
    assert told_apart([0.9, 0.8, 0.3], [False, True, False]) == 0.5
    assert told_apart([0.5, 0.5], [True, False]) == 0.5
    assert told_apart([0.1], [True]) == told_apart([], []) == 0.5
    random = np.random.default_rng(0)
    sure, right = random.integers(0, 20, 200) / 20, random.random(200) < 0.3
    assert told_apart(sure, right) == pytest.approx(roc_auc_score(right, sure))


def test_a_classifier_that_tells_how_sure_it_is_has_the_error_among_its_figures():
    score = metrics.classification([0, 1], [0, 0], ["a", "b"], [1.0, 0.7])
    assert score["ece"] == pytest.approx(0.35)
    assert "ece" not in metrics.classification([0, 1], [0, 0], ["a", "b"])
