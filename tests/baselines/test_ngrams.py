import numpy as np
import pytest

from zoo.baselines.ngrams import NGrams

START = 2
A, B = 3, 4


def test_bigrams_are_interpolated_as_worked_out_by_hand():
    # The text "aab" after the start: runs sa, aa, ab; 5 numbers in the vocabulary.
    model = NGrams([np.array([A, A, B])], size=5, order=2, start=START)
    # One unit: counts a 2, b 1, two kinds: p(a) = (2 + 2 / 5) / 5, p(b) = (1 + 2 / 5) / 5.
    a, b = 2.4 / 5, 1.4 / 5
    # Behind the start one unit of one kind, behind a two of two kinds.
    expected = [(1 + a) / 2, (1 + 2 * b) / 4]
    assert np.exp(model.log_probabilities(np.array([A, B]))) == pytest.approx(expected)


def test_a_context_that_was_never_seen_leaves_all_to_the_shorter_one():
    model = NGrams([np.array([A, A, B])], size=5, order=2, start=START)
    behind_b = np.exp(model.log_probabilities(np.array([B, A])))[1]
    assert behind_b == pytest.approx(2.4 / 5)


def test_all_probabilities_behind_a_context_add_up_to_one():
    random = np.random.default_rng(1)
    model = NGrams([random.integers(0, 6, 300)], size=6, order=3, start=START)
    for context in ([], [3], [3, 4], [5, 5]):
        rows = [np.exp(model.log_probabilities(np.array([*context, unit])))[-1] for unit in range(6)]
        assert sum(rows) == pytest.approx(1)


def test_runs_that_would_not_fit_into_a_number_are_shortened():
    assert NGrams([np.arange(100)], size=10_000, order=9, start=START).order == 4
