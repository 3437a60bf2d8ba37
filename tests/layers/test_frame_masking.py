import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.layers import FrameMasking, SequenceConv2D, blank_behind


def drawn(rows=300, steps=40, height=20, lengths=None, **changed) -> np.ndarray:
    mask = np.ones((rows, steps), bool) if lengths is None else np.arange(steps) < lengths[:, None]
    layer = FrameMasking(**{"jitter": 0.0, **changed}, seed=1)
    return layer(tf.ones([rows, steps, height]), mask=tf.constant(mask), training=True).numpy()


def test_when_not_training_frames_are_left_alone():
    frames = tf.constant(np.random.default_rng(1).normal(size=(2, 9, 4)).astype(np.float32))
    np.testing.assert_array_equal(FrameMasking()(frames, mask=tf.ones([2, 9], tf.bool)), frames)


def test_whole_frames_are_hidden_in_stretches_that_are_not_too_long():
    found = drawn(bands=0, times=1, longest=6)
    hidden = (found == 0).all(axis=2)
    assert ((found == 1).all(axis=2) | hidden).all()
    counts = hidden.sum(axis=1)
    assert counts.min() == 0 and counts.max() == 6
    edges = np.diff(np.pad(hidden, ((0, 0), (1, 1))).astype(int), axis=1)
    assert ((edges == 1).sum(axis=1) <= 1).all()  # one stretch


def test_bands_are_hidden_at_all_times():
    found = drawn(times=0, bands=1, widest=5)
    hidden = (found == 0).all(axis=1)
    assert ((found == 1).all(axis=1) | hidden).all()
    assert hidden.sum(axis=1).max() == 5


def test_never_much_of_a_short_row_is_hidden_and_padding_stays_zero():
    found = drawn(bands=0, times=1, longest=30, lengths=np.full(300, 8))
    assert (found[:, :8].mean(axis=2) == 0).sum(axis=1).max() == 2
    assert (found[:, 8:] == 0).all()


def test_noise_has_the_size_that_was_asked_for():
    assert (drawn(times=0, bands=0, jitter=0.3) - 1).std() == pytest.approx(0.3, rel=0.05)


def test_it_is_stored_and_read_back():
    layer = FrameMasking(times=3, seed=2, name="hiding")
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert again.get_config() == layer.get_config()


# Convolution over time and height ---------------------------------------------------------------------------


def test_a_convolution_adds_up_its_neighbours_in_both_directions():
    layer = SequenceConv2D(1, 3, use_bias=False, kernel_initializer="ones")
    found = layer(tf.ones([1, 3, 4, 1]), mask=tf.ones([1, 3], tf.bool)).numpy()[0, :, :, 0]
    assert found.tolist() == [[4, 6, 6, 4], [6, 9, 9, 6], [4, 6, 6, 4]]


@pytest.mark.parametrize("strides", [(1, 1), (2, 2), (1, 2), (3, 1)])
def test_an_answer_does_not_depend_on_padding(strides):
    layer = SequenceConv2D(4, 3, strides=strides)
    draw = np.random.default_rng(1)
    row = draw.normal(size=(1, 7, 6, 2)).astype(np.float32)
    alone = layer(row, mask=np.ones((1, 7), bool)).numpy()
    padded = np.concatenate([row, draw.normal(size=(1, 6, 6, 2)).astype(np.float32)], axis=1)
    mask = np.arange(13)[None] < 7
    beside = layer(padded, mask=mask).numpy()
    np.testing.assert_allclose(beside[mask[:, :: strides[0]]], alone[0], rtol=1e-5, atol=1e-6)
    assert layer.compute_output_shape(padded.shape) == beside.shape
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert again.get_config() == layer.get_config()


# Behind the end ---------------------------------------------------------------------------------------------


def test_behind_the_end_nothing_is_said_but_the_blank():
    logits = tf.constant(np.random.default_rng(1).normal(size=(2, 4, 3)).astype(np.float32))
    mask = tf.constant([[True] * 4, [True, True, False, False]])
    found = blank_behind(logits, mask)
    np.testing.assert_array_equal(found[0], logits[0])
    np.testing.assert_array_equal(found[1, :2], logits[1, :2])
    chances = tf.nn.softmax(found[1, 2:]).numpy()
    np.testing.assert_array_equal(chances, [[1, 0, 0]] * 2)
