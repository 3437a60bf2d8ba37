import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.errors import ZooError
from zoo.layers import SequenceConv1D, time_delay


def summing(kernel: int, **options) -> SequenceConv1D:
    """A convolution of one feature that adds up what it sees."""
    return SequenceConv1D(1, kernel, use_bias=False, kernel_initializer="ones", **options)


def convolved(layer, values, mask=None) -> list[float]:
    values = np.array(values, np.float32)[None, :, None]
    mask = np.ones(values.shape[:2], bool) if mask is None else np.array(mask)[None]
    return layer(tf.constant(values), mask=tf.constant(mask)).numpy()[0, :, 0].tolist()


def test_each_step_sees_its_neighbours_and_zeros_beyond_the_ends():
    assert convolved(summing(3), [1, 2, 3, 4]) == [3, 6, 9, 7]


def test_a_stride_keeps_the_first_step_and_every_so_manieth():
    assert convolved(summing(3, strides=2), [1, 2, 3, 4, 5]) == [3, 9, 9]
    assert convolved(summing(3, strides=2), [1, 2, 3, 4]) == [3, 9]
    assert convolved(summing(1, strides=3), [1, 2, 3, 4]) == [1, 4]


def test_a_dilation_looks_at_what_is_further_away():
    assert convolved(summing(3, dilation_rate=2), [1, 2, 3, 4, 5]) == [4, 6, 9, 6, 8]


@pytest.mark.parametrize("options", [{}, {"strides": 2}, {"strides": 3}, {"dilation_rate": 2}])
@pytest.mark.parametrize("kernel", [2, 5])
def test_an_answer_does_not_depend_on_padding_nor_on_what_stands_in_it(options, kernel):
    layer = SequenceConv1D(4, kernel, **options)
    draw = np.random.default_rng(1)
    row = draw.normal(size=(1, 7, 3)).astype(np.float32)
    alone = layer(row, mask=np.ones((1, 7), bool)).numpy()
    padded = np.concatenate([row, draw.normal(size=(1, 6, 3)).astype(np.float32)], axis=1)
    mask = np.arange(13)[None] < 7
    beside = layer(padded, mask=mask).numpy()
    real = mask[:, :: options.get("strides", 1)]
    assert real.sum() == alone.shape[1]
    np.testing.assert_allclose(beside[real], alone[0], rtol=1e-5, atol=1e-6)
    assert layer.compute_output_shape((None, None, 3)) == (None, None, 4)
    assert layer.compute_output_shape(padded.shape) == beside.shape


def test_it_is_stored_and_read_back():
    layer = SequenceConv1D(4, 5, strides=2, name="conv")
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert again.get_config() == layer.get_config()


def test_a_time_delay_network_sees_three_times_as_far_with_each_layer():
    steps = 41
    impulse = np.zeros([1, steps, 1], np.float32)
    impulse[0, steps // 2] = 1
    x, mask, seen = tf.constant(impulse), tf.ones([1, steps], tf.bool), []
    for number in (1, 2, 3):
        layer = time_delay(1, number)
        layer.build(x.shape)
        layer.set_weights([np.ones([3, 1, 1]), np.zeros(1)])
        x = layer(x, mask=mask)
        seen.append(int(np.count_nonzero(x)))
    assert seen == [3, 9, 27]


def test_a_time_delay_network_has_no_last_state():
    with pytest.raises(ZooError, match="--pooling max or mean"):
        time_delay(4, 1, return_sequences=False)
