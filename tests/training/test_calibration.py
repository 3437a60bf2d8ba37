"""What makes probabilities of a model's parts, fitted on the validation part."""

import numpy as np
import pytest

from zoo.decoding import Confidence
from zoo.tasks import Judged
from zoo.training import conformal_factors, fit_confidence, fitted_weights, logistic_weights


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


# How probable it is that what was written is right ---------------------------------------------------------


def test_a_logistic_regression_finds_the_odds_that_each_kind_of_row_has():
    features = np.array([[1, 0]] * 1000 + [[1, 1]] * 1000)
    right = np.array([1] * 750 + [0] * 250 + [1] * 200 + [0] * 800)
    weights = logistic_weights(features, right)
    assert weights == pytest.approx([np.log(3), np.log(0.25) - np.log(3)], abs=0.03)


def test_where_nearly_all_is_right_or_wrong_nothing_is_concluded():
    features, right = np.array([[1.0, x] for x in range(20)]), np.array([0] * 9 + [1] * 11)
    assert logistic_weights(features, right) == pytest.approx([np.log(12 / 10), 0])
    assert logistic_weights(features, np.ones(20)) == pytest.approx([np.log(21), 0])
    assert logistic_weights(np.ones((0, 2)), np.ones(0)) == pytest.approx([0, 0])


class Writes:
    """Stands for a module whose better half of the texts is right."""

    def __init__(self, texts, scores, right):
        self.task, self.confidence = self, Confidence()
        self.answers = (texts, scores, [9] * len(texts), right)

    def judged(self, module, part):
        assert module is self
        return Judged(*self.answers)


def test_confidence_is_what_its_own_answers_say():
    scores = np.linspace(-3, 0, 100)
    module = Writes(["a text"] * 100, scores, list(scores > -1.5))
    fit_confidence(module, None)
    good, bad = module.confidence(["a text"] * 2, [-0.1, -2.9], [9, 9]).numpy()
    assert 0.9 < good <= 1 and 0 <= bad < 0.1
    strange = module.confidence(["", "x" * 10_000, "x"], [0.0, -np.inf, -1e30], [0, 1, 10**6]).numpy()
    assert np.isfinite(strange).all() and strange[1] == 0


# Bounds of forecasts ---------------------------------------------------------------------------------------


def test_bounds_lie_as_far_out_as_their_share_of_the_truth():
    """Of 99 errors 1 to 99 above the median the ninetieth is the bound; below it there are none."""
    truth = np.arange(1.0, 100)[::-1, None, None]
    quantiles = np.broadcast_to([-60.0, 0.0, 60.0], (99, 1, 1, 3))
    levels = [0.1, 0.5, 0.9]
    assert conformal_factors(truth, quantiles, levels).tolist() == [[0.5, 1, 1.5]]  # at least a half
    assert conformal_factors(-truth, quantiles, levels).tolist() == [[1.5, 1, 0.5]]
    assert conformal_factors(truth, quantiles / 10, levels).tolist() == [[0.5, 1, 2]]  # two at most
    # A finite part lacks something: of 20 errors 1 to 20, 18.9 are rounded up.
    few = quantiles[:20] / 3
    assert conformal_factors(truth[-20:], few, levels).tolist() == [[0.5, 1, 0.95]]
    assert conformal_factors(truth[-20:], few, [0.01, 0.5, 0.99]).tolist() == [[0.5, 1, 1]]
    assert conformal_factors(truth[:19], quantiles[:19], levels).tolist() == [[1, 1, 1]]
    assert np.isfinite(conformal_factors(truth, 0 * quantiles, [0.1, 0.5, 0.9])).all()


def test_what_did_not_come_says_nothing_of_bounds():
    draw, levels = np.random.default_rng(4), [0.1, 0.5, 0.9]
    truth = draw.normal(size=(200, 3, 2))
    quantiles = np.stack([np.full_like(truth, bound) for bound in (-1.0, 0.0, 1.0)], axis=-1)
    whole = conformal_factors(truth[50:, :, :1], quantiles[50:, :, :1], levels)
    truth[:50, :, 0] = truth[30:, :, 1] = np.nan  # and of the second column 30 rows are left
    found = conformal_factors(truth, quantiles, levels)
    assert found[0].tolist() == whole[0].tolist()
    assert (
        found[1].tolist() == conformal_factors(truth[:30, :, 1:], quantiles[:30, :, 1:], levels)[0].tolist()
    )
    truth[10:, :, 1] = np.nan
    assert conformal_factors(truth, quantiles, levels)[1].tolist() == [1, 1, 1]


def test_each_column_has_factors_of_its_own_for_all_steps():
    random = np.random.default_rng(0)
    scales = np.array([[1.0, 5.0], [2.0, 10.0]])  # the second step is twice as uncertain, and so it was said
    calibration, new = (random.normal(size=(4000, 2, 2)) * scales for _ in range(2))
    said = np.array([-1.0, 0.0, 1.0]) * np.array([0.8, 9.0])[:, None] * np.array([[[1.0]], [[2.0]]])
    quantiles = np.broadcast_to(said, (4000, 2, 2, 3))
    moved = quantiles * conformal_factors(calibration, quantiles, [0.1, 0.5, 0.9])
    inside = ((moved[..., 0] <= new) & (new <= moved[..., 2])).mean(axis=0)
    assert np.abs(inside - 0.8).max() < 0.02
