import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.layers import MaskedPooling

# Two rows of three steps with two features; what stands at masked steps must not matter.
INPUTS = [[[-4.0, 1.0], [-2.0, -3.0], [50.0, 60.0]], [[-1.0, -7.0], [99.0, 99.0], [-99.0, 99.0]]]
MASK = [[True, True, False], [True, False, False]]
POOLED = {"max": [[-2.0, 1.0], [-1.0, -7.0]], "mean": [[-3.0, -1.0], [-1.0, -7.0]]}


@pytest.mark.parametrize("kind", ["max", "mean"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "mixed_float16"])
def test_padding_is_left_out(kind, dtype):
    layer = MaskedPooling(kind, dtype=dtype)
    pooled = layer(tf.constant(INPUTS), mask=tf.constant(MASK))
    assert pooled.dtype == layer.compute_dtype
    assert tf.cast(pooled, tf.float32).numpy().tolist() == POOLED[kind]


@pytest.mark.parametrize("kind", ["max", "mean"])
def test_a_row_without_padding_is_pooled_whole(kind):
    inputs = tf.constant([[[-5.0], [-3.0], [-1.0]]])
    pooled = MaskedPooling(kind)(inputs, mask=tf.constant([[True, True, True]]))
    assert pooled.numpy().tolist() == {"max": [[-1.0]], "mean": [[-3.0]]}[kind]


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_gradients_reach_real_steps_only(dtype):
    inputs, mask = tf.constant([[[-4.0], [-2.0], [9.0]]], dtype), tf.constant([[True, True, False]])
    for kind, expected in (("max", [0, 1, 0]), ("mean", [0.5, 0.5, 0])):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            pooled = MaskedPooling(kind, dtype=dtype)(inputs, mask=mask)
        assert tape.gradient(pooled, inputs).numpy().ravel().tolist() == expected


def test_within_a_model_of_any_length():
    x, mask = keras.Input((None, 2)), keras.Input((None,), dtype="bool")
    model = keras.Model([x, mask], MaskedPooling("max")(x, mask=mask))
    assert model.output_shape == (None, 2)
    assert model([np.array(INPUTS, "float32"), np.array(MASK)]).numpy().tolist() == POOLED["max"]


def test_the_configuration_restores_the_layer():
    layer = keras.layers.deserialize(keras.layers.serialize(MaskedPooling("mean", name="pool")))
    assert (type(layer), layer.kind, layer.name) == (MaskedPooling, "mean", "pool")


def test_other_kinds_are_refused():
    with pytest.raises(ValueError, match="'max', 'mean' or 'last', not 'median'"):
        MaskedPooling("median")


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_last_states_are_those_that_keras_returns_of_both_directions(cell):
    from zoo.layers import recurrent

    draw = np.random.default_rng(1)
    x, mask = draw.normal(size=(3, 6, 4)).astype("float32"), np.arange(6) < np.array([[6], [2], [1]])
    both = [
        keras.layers.Bidirectional(recurrent(cell, 5, return_sequences=every, name="rnn"), name="both")
        for every in (True, False)
    ]
    sequences = both[0](x, mask=mask)
    both[1](x, mask=mask)
    both[1].set_weights(both[0].get_weights())
    pooled = MaskedPooling("last")(sequences, mask=tf.constant(mask))
    np.testing.assert_allclose(pooled, both[1](x, mask=mask), atol=1e-6)
