"""The linear model on runs of words."""

import numpy as np

from zoo.baselines.linear import NaiveBayesRuns, out_of_fold, runs_of_words


def test_runs_of_one_to_three_words():
    assert runs_of_words("Not bad!<br />#Yes") == [
        "not", "bad", "!", "#yes", "not bad", "bad !", "! #yes", "not bad !", "bad ! #yes"
    ]  # fmt: skip


def test_weights_are_log_count_ratios():
    """With label 0 stand "good", "b", "good b" and "a", each in one text; without it "good" in two."""
    model = NaiveBayesRuns(["good a", "good b", "good b", "a"], np.array([1, 1, 0, 0]), 2)
    runs = model._counts.get_feature_names_out().tolist()
    assert runs == ["a", "b", "good", "good a", "good b"]
    # One is added to each: with label 0 there are 2, 2, 2, 1, 2 (9), without 2, 2, 3, 2, 2 (11).
    expected = np.log(np.array([2, 2, 2, 1, 2]) / 9 / (np.array([2, 2, 3, 2, 2]) / 11))
    np.testing.assert_allclose(model._linear.models[0][0][0], expected, rtol=1e-6)


def test_what_a_run_says_with_not_before_it_is_learned():
    texts = ["good", "good", "not bad", "bad", "bad", "not good"] * 5
    model = NaiveBayesRuns(texts, np.array([1, 1, 1, 0, 0, 0] * 5), 2, strength=100)
    chances = model.chances(["good", "not good", "bad", "not bad"])
    assert chances.argmax(axis=1).tolist() == [1, 0, 0, 1]
    np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-6)


def test_three_labels_each_against_the_others():
    texts = ["red a", "green b", "blue c"] * 4
    model = NaiveBayesRuns(texts, np.array([0, 1, 2] * 4), 3)
    assert model.chances(["red", "green", "blue"]).argmax(axis=1).tolist() == [0, 1, 2]


def test_out_of_fold_nobody_is_asked_of_what_they_learned():
    """Each text's only word is its own: a model that saw it would be sure, one that did not knows nothing."""
    texts = [f"w{i} w{i}" for i in range(20)]
    labels = np.arange(20) % 2
    seen = NaiveBayesRuns(["a a"] * 2 + ["b b"] * 2, np.array([0, 0, 1, 1]), 2).chances(["a a"])
    assert seen[0, 0] > 0.6
    chances = out_of_fold(texts, labels, 2)
    assert np.abs(chances - 0.5).max() < 0.1
    assert (chances == out_of_fold(texts, labels, 2)).all()
