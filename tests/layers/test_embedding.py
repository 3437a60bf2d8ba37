import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.layers import SubwordEmbedding, WordDropout


@pytest.fixture(autouse=True)
def seed():
    keras.utils.set_random_seed(1)


def test_word_dropout_does_nothing_outside_training():
    words = tf.constant([[2, 5, 9, 0]])
    assert WordDropout(1.0)(words).numpy().tolist() == [[2, 5, 9, 0]]
    assert WordDropout(1.0)(words, training=False).numpy().tolist() == [[2, 5, 9, 0]]


def test_word_dropout_of_everything_spares_padding_and_start():
    dropped = WordDropout(1.0)(tf.constant([[2, 5, 3, 1, 0, 0]]), training=True)
    assert dropped.dtype == tf.int32
    assert dropped.numpy().tolist() == [[2, 1, 1, 1, 0, 0]]


def test_word_dropout_of_nothing_keeps_all_words():
    words = tf.constant([[2, 5, 3, 0]])
    assert WordDropout(0.0)(words, training=True).numpy().tolist() == [[2, 5, 3, 0]]


def test_word_dropout_puts_the_unknown_word_that_it_was_given():
    assert WordDropout(1.0, unknown=7, reserved=5)(tf.constant([[4, 5]]), training=True).numpy().tolist() == [
        [4, 7]
    ]


def test_word_dropout_replaces_the_share_that_rate_says_and_anew_each_time():
    layer, words = WordDropout(0.3), tf.fill([100, 1000], 8)
    first, second = (layer(words, training=True).numpy() for _ in range(2))
    assert set(np.unique(first)) == {1, 8}
    # 100,000 draws deviate from 0.3 by 0.0014; the limits are seven times that.
    assert 0.29 < np.mean(first == 1) < 0.31
    assert 0.08 < np.mean((first == 1) & (second == 1)) < 0.10


def subword_embedding(rate=0.0):
    layer = SubwordEmbedding(buckets=3, units=2, rate=rate)
    layer.build((None, None, 4))
    layer.set_weights([np.array([[90, 90], [1, 2], [3, 4], [5, 6]], "float32"), *layer.get_weights()[1:]])
    return layer


def test_subword_vectors_are_summed_and_divided_by_the_root_of_their_number():
    ngrams = tf.constant([[[3, 0, 0, 0], [1, 2, 3, 1]], [[1, 2, 0, 0], [0, 0, 0, 0]]])
    found = subword_embedding()(ngrams).numpy()
    root = 1.41421356
    np.testing.assert_allclose(found, [[[5, 6], [5, 7]], [[4 / root, 6 / root], [0, 0]]], rtol=1e-6)


def test_subwords_are_dropped_in_training_only_and_the_others_grow_to_make_up():
    ngrams = tf.fill([1, 2000, 1], 1)
    layer = subword_embedding(rate=0.5)
    assert np.unique(layer(ngrams).numpy(), axis=1).tolist() == [[[1, 2]]]
    trained = layer(ngrams, training=True).numpy()
    assert np.unique(trained, axis=1).tolist() == [[[0, 0], [2, 4]]]
    assert 0.4 < np.mean(trained > 0) < 0.6


def test_subwords_of_one_word_are_dropped_one_by_one():
    trained = subword_embedding(rate=0.5)(tf.fill([1, 500, 4], 1), training=True).numpy()
    # None to four of four are left, each counting twice, over the root of 4.
    assert set(trained[0, :, 0].tolist()) == {0, 1, 2, 3, 4}


def test_subword_embedding_within_a_model():
    ngrams = keras.Input((None, 4), dtype="int32")
    model = keras.Model(ngrams, SubwordEmbedding(3, 2)(ngrams))
    assert model.output_shape == (None, None, 2)
    assert model.count_params() == (3 + 1) * 2


@pytest.mark.parametrize("layer", [WordDropout(0.2, 5, 7, name="a"), SubwordEmbedding(10, 4, 0.3, name="b")])
def test_the_configuration_restores_the_layer(layer):
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()
    assert again.rate == layer.rate > 0
