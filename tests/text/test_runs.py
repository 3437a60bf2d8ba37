"""Runs of words, and the linear model that reads them."""

import numpy as np
import tensorflow as tf

from zoo.text import Runs, runs_of_words


def hashes(*runs):
    return tf.strings.to_hash_bucket_fast(runs, 2**62).numpy()


def test_runs_of_one_to_three_words_of_what_is_read():
    runs = runs_of_words(tf.constant(["Not bad!<br />#Yes", "", "bad"]))
    expected = ["not", "bad", "!", "#yes", "not bad", "bad !", "! #yes", "not bad !", "bad ! #yes"]
    assert runs[0].numpy().tolist() == hashes(*expected).tolist()
    assert runs.row_lengths().numpy().tolist() == [9, 0, 1]
    assert (
        runs_of_words(tf.constant(["not bad at all"]), 2)[0].numpy().tolist()
        == hashes("not", "bad", "not bad").tolist()
    )


def two_runs(weights, bias):
    known = hashes("bad", "not bad")
    order = np.argsort(known)
    return Runs(known[order], np.array(weights)[order], np.array(bias))


def test_of_two_labels_one_column_is_the_logit_of_the_first():
    """bad: 2 - 0.5; not bad: 2 - 4 - 0.5, and what stands there twice counts once."""
    runs = two_runs([[2.0], [-4.0]], [-0.5])
    chances = np.exp(runs(tf.constant(["bad", "it is not bad, NOT bad", "good", ""])))
    logits = np.array([1.5, -2.5, -0.5, -0.5])
    np.testing.assert_allclose(chances[:, 0], 1 / (1 + np.exp(-logits)), rtol=1e-6)
    np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-6)


def test_of_three_labels_each_stands_against_the_others():
    runs = two_runs([[1.0, 0.0, -1.0], [0.0, 0.0, 3.0]], [0.0, 0.5, 0.0])
    each = 1 / (1 + np.exp(-np.array([1.0, 0.5, 2.0])))
    np.testing.assert_allclose(np.exp(runs.read(["not bad"]))[0], each / each.sum(), rtol=1e-6)


def test_a_run_beyond_the_last_hash_is_none_of_them():
    runs = Runs(np.array([0, 1]), np.array([[1.0], [1.0]]), np.array([0.0]))
    np.testing.assert_allclose(np.exp(runs.read(["bad"])), [[0.5, 0.5]])
