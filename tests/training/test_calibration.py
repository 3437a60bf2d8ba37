"""How much each part of a model is heard, fitted on the validation part."""

import numpy as np
import pytest

from zoo.training import fitted_weights


def fitted_temperature(logits, truth):
    return 1 / fitted_weights([logits], truth)[0]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_model_that_is_right_as_often_as_it_should_be_is_found(temperature):
    """Of 100 answers with odds of 9 to 1 as they should be, 90 are right; the model says odds of 9^T."""
    logits = np.array([[temperature * np.log(9), 0.0]] * 100)
    truth = np.array([0] * 90 + [1] * 10)
    assert fitted_temperature(logits, truth) == pytest.approx(temperature, rel=1e-6)


def test_truth_may_be_probabilities():
    logits = np.array([[2 * np.log(4), 0.0]] * 100)
    truth = np.array([[0.9, 0.1]] * 80 + [[0.4, 0.6]] * 20)  # 0.8 and 0.2 in the mean
    assert fitted_temperature(logits, truth) == pytest.approx(2, rel=1e-6)


def test_it_is_bounded_where_nothing_is_right_and_1_where_little_is_wrong():
    logits = np.array([[1.0, 0.0], [0.0, 1.0]] * 10)
    assert fitted_temperature(logits, np.array([1, 0] * 10)) == pytest.approx(20)
    assert fitted_temperature(logits, np.array([0, 1] * 10)) == 1
    assert fitted_temperature(logits, np.array([1, 0] * 4 + [0, 1] * 6)) == 1


def test_large_logits_are_no_trouble():
    logits = np.array([[5000.0, 0.0]] * 30 + [[0.0, 5000.0]] * 20)
    assert np.isfinite(fitted_temperature(logits, np.zeros(50, int)))


def test_of_two_parts_of_which_little_is_wrong_both_count_half():
    logits = np.array([[3.0, 0.0], [0.0, 3.0]] * 10)
    assert fitted_weights([logits, logits], np.array([0, 1] * 10)).tolist() == [0.5, 0.5]


def test_of_two_parts_the_one_that_knows_is_heard_and_the_other_is_not():
    """The second is right nine times of ten, as it says; what the first says has nothing to do with it."""
    knows = np.array([[np.log(9), 0.0]] * 100)
    truth = np.array([0] * 90 + [1] * 10)
    noise = np.array([[0.0, 1.0], [1.0, 0.0]] * 50)
    weights = fitted_weights([noise, 2 * knows], truth)
    np.testing.assert_allclose(weights, [0.05, 0.5], atol=1e-3)


def test_two_parts_that_know_different_things_are_weighed_as_logistic_regression_does():
    draw = np.random.default_rng(1)
    first, second = draw.normal(size=(2, 5000))
    truth = (draw.uniform(size=5000) > 1 / (1 + np.exp(1.5 * first + 0.5 * second))).astype(int)
    parts = [np.stack([np.zeros(5000), part], axis=1) for part in (first, second)]
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e9, fit_intercept=False, tol=1e-10).fit(np.stack([first, second], 1), truth)
    np.testing.assert_allclose(fitted_weights(parts, truth), model.coef_[0], rtol=1e-4)
