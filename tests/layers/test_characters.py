import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.layers import CELLS, CharacterRNN, recurrent

CHARACTERS = 6  # numbers 1 to 6; 7 is the symbol that the layer puts in front
WORDS = np.array([[[1, 2, 3, 4], [5, 6, 0, 0]], [[6, 0, 0, 0], [0, 0, 0, 0]]], np.int32)


def made(cell="lstm", units=3) -> CharacterRNN:
    """Returns a layer whose weights are random, biases too."""
    layer = CharacterRNN(cell, units, CHARACTERS)
    layer.build((None, None, 4))
    random = np.random.default_rng(0)
    for weight in layer.weights:
        weight.assign(random.normal(0, 1, weight.shape))
    return layer


@pytest.mark.parametrize("cell", CELLS)
def test_each_word_is_read_as_keras_reads_it_alone(cell):
    layer = made(cell)
    alone = keras.layers.Bidirectional(recurrent(cell, 3))
    alone.build((None, None, 3))
    alone.set_weights(layer.both_ways.get_weights())
    vectors = layer.embedding.get_weights()[0]
    found = layer(WORDS).numpy()
    assert found.shape == (2, 2, 6)
    for row, word in np.ndindex(2, 2):
        characters = [CHARACTERS + 1, *(number for number in WORDS[row, word] if number)]
        expected = alone(vectors[characters][None])[0]
        np.testing.assert_allclose(found[row, word], expected, atol=1e-6)


def test_a_simple_rnn_worked_out_by_hand():
    layer = CharacterRNN("simple_rnn", 1, characters=2)
    layer.build((None, None, 2))
    # Vectors of padding, two characters, the symbol in front; input, state and bias of both directions.
    values = (
        [[9.0], [0.1], [0.2], [0.3]],
        *([[1.0]], [[0.5]], [0.0]),
        *([[2.0]], [[1.0]], [0.1]),
    )
    layer.set_weights([np.array(value) for value in values])
    forward = np.tanh(0.2 + 0.5 * np.tanh(0.3))
    backward = np.tanh(0.6 + np.tanh(0.4 + 0.1) + 0.1)
    np.testing.assert_allclose(layer(np.array([[[2, 0]]]))[0, 0], [forward, backward], rtol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_padding_changes_nothing_whatever_its_vector(cell):
    layer = made(cell)
    found = layer(WORDS).numpy()
    wider = np.pad(WORDS, [[0, 0], [0, 0], [0, 5]])
    np.testing.assert_allclose(layer(wider), found, atol=1e-6)
    vectors = layer.embedding.get_weights()[0]
    vectors[0] = 100
    layer.embedding.set_weights([vectors])
    np.testing.assert_array_equal(layer(WORDS), found)


def test_padding_words_have_one_finite_vector_which_is_that_of_the_empty_word():
    found = made()(np.zeros([2, 3, 4], np.int32)).numpy()
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, np.broadcast_to(found[0, 0], found.shape), atol=1e-7)
    np.testing.assert_allclose(made()(WORDS)[1, 1], found[0, 0], atol=1e-6)


def test_the_vector_of_a_word_does_not_depend_on_its_neighbours():
    layer = made()
    found = layer(WORDS).numpy()
    np.testing.assert_allclose(layer(WORDS[:1, 1:]), found[:1, 1:], atol=1e-6)
    np.testing.assert_allclose(layer(WORDS[::-1, ::-1]), found[::-1, ::-1], atol=1e-6)


def test_the_order_of_characters_counts():
    one, other = made()(np.array([[[1, 2, 3]], [[3, 2, 1]]]))[:, 0]
    assert np.abs(one - other).max() > 0.01


def gradients(layer, words):
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(words))
    variables = [weight.value for weight in layer.trainable_weights]
    return [tf.convert_to_tensor(gradient).numpy() for gradient in tape.gradient(total, variables)]


def test_a_word_that_is_repeated_counts_each_time():
    layer, words = made(), WORDS[:1, :1]
    found = gradients(layer, np.tile(words, [2, 3, 1]))
    for six, one in zip(found, gradients(layer, words), strict=True):
        np.testing.assert_allclose(six, 6 * one, rtol=1e-4, atol=1e-6)


def test_padding_has_no_gradient_and_characters_have():
    gradient = gradients(made(), WORDS[:1, 1:])[0]
    assert np.flatnonzero(np.abs(gradient).sum(axis=1)).tolist() == [5, 6, 7]


def test_it_is_rebuilt_from_its_config():
    layer = made("gru")
    copy = keras.layers.deserialize(keras.layers.serialize(layer))
    assert (copy.name, copy.get_config()) == (layer.name, layer.get_config())
    copy.build((None, None, 4))
    copy.set_weights(layer.get_weights())
    np.testing.assert_array_equal(copy(WORDS), layer(WORDS))


def test_a_model_with_it_has_the_shape_that_it_says_and_is_cloned():
    words = keras.Input((None, 4), dtype="int32")
    model = keras.Model(words, made()(words))
    assert model.output_shape == (None, None, 6)
    assert made().compute_output_shape((2, 5, 4)) == (2, 5, 6)
    copy = keras.Model.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    np.testing.assert_array_equal(copy(WORDS), model(WORDS))
