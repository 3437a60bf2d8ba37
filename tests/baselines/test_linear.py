"""The linear model on runs of words."""

import numpy as np
import pytest
import tensorflow as tf

from zoo.baselines import NaiveBayesRuns, out_of_fold


def test_weights_are_log_count_ratios():
    """With label 0 stand "good", "b", "good b" and "a", each in one text; without it "good" in two."""
    model = NaiveBayesRuns(["good a", "good b", "good b", "a"], np.array([1, 1, 0, 0]), 2)
    # One is added to each: with label 0 there are 2, 2, 2, 1, 2 (9), without 2, 2, 3, 2, 2 (11).
    names = ["a", "b", "good", "good a", "good b"]
    expected = np.log(np.array([2, 2, 2, 1, 2]) / 9 / (np.array([2, 2, 3, 2, 2]) / 11))
    hashes = tf.strings.to_hash_bucket_fast(names, 2**62).numpy()
    assert model._hashes.tolist() == sorted(hashes)
    np.testing.assert_allclose(model._linear.ratios[0][0], expected[np.argsort(hashes)], rtol=1e-6)


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


@pytest.mark.parametrize("classes", [2, 3])
def test_in_a_graph_it_says_the_same_as_a_whole_and_nearly_the_same_by_its_heaviest_runs(classes):
    words = np.array(["red", "green", "blue", "not", "a", "very", "house"])
    draw = np.random.default_rng(0)
    labels = np.arange(60) % classes
    texts = [" ".join([words[label], *draw.choice(words[3:], 5)]) for label in labels]
    model = NaiveBayesRuns(texts, labels, classes)
    asked = [*texts[:9], "", "never seen", "red red red", "Red<br />GREEN", "\xff"]
    whole = np.exp(model.heaviest(10**6).read(asked))
    np.testing.assert_allclose(whole, model.chances(asked), atol=2e-3)  # of float16
    some = model.heaviest(40)
    assert some.hashes.shape[0] == 40 and (np.diff(some.hashes.numpy()) > 0).all()
    assert (some.read(texts).argmax(axis=1) == labels).mean() > 0.9


def test_a_label_that_all_texts_have_is_certain_in_a_graph_too():
    model = NaiveBayesRuns(["a", "b"], np.array([0, 0]), 2)
    np.testing.assert_allclose(np.exp(model.heaviest(9).read(["a", "c"])), [[1, 0]] * 2, atol=1e-6)
