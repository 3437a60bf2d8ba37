import json
import warnings

import numpy as np
import pytest

from zoo import metrics

NAMES = ("bad", "mixed", "good")


def test_classification_worked_out_by_hand():
    score = metrics.classification([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 2, 2], NAMES)
    assert score["n"] == 6
    assert score["accuracy"] == pytest.approx(4 / 6)
    assert score["confusion"] == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]
    # bad: precision 1, recall 2/3; mixed: 1/2 and 1/2; good: 1/2 and 1.
    assert score["f1"] == pytest.approx({"bad": 4 / 5, "mixed": 1 / 2, "good": 2 / 3})
    assert score["macro_f1"] == pytest.approx((4 / 5 + 1 / 2 + 2 / 3) / 3)


def test_a_label_that_is_never_predicted_has_f1_0():
    score = metrics.classification([0, 0, 1, 1, 2], [0, 1, 1, 1, 1], NAMES)
    assert score["accuracy"] == pytest.approx(3 / 5)
    assert score["confusion"] == [[1, 1, 0], [0, 2, 0], [0, 1, 0]]
    assert score["f1"] == pytest.approx({"bad": 2 / 3, "mixed": 2 / 3, "good": 0})
    assert score["macro_f1"] == pytest.approx(4 / 9)


def test_a_label_that_is_neither_right_nor_predicted_still_counts_and_nobody_is_warned():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        score = metrics.classification([0, 1], [0, 1], NAMES)
    assert score["confusion"] == [[1, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert score["f1"] == {"bad": 1, "mixed": 1, "good": 0}
    assert score["macro_f1"] == pytest.approx(2 / 3)
    assert score["accuracy"] == 1


def test_rows_of_the_table_are_right_labels_and_columns_predicted_ones():
    assert metrics.classification([0, 0, 0], [1, 1, 1], ("a", "b"))["confusion"] == [[0, 3], [0, 0]]


def test_scores_of_arrays_can_be_written_as_json():
    score = metrics.classification(np.array([0, 1]), np.array([1, 1], np.int32), ("a", "b"))
    assert json.loads(json.dumps(score)) == score
