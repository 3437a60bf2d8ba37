import keras
import numpy as np
import tensorflow as tf

from zoo.training import sums


def operations(graph) -> list:
    """Returns all operations of a graph and of the functions in it."""
    inside = [node for function in graph.as_graph_def().library.function for node in function.node_def]
    return [*graph.as_graph_def().node, *inside]


def traced():
    """Gradients of what is used four times, and of a masked layer's loop, whose states are used thrice."""
    keras.utils.set_random_seed(1)
    layer = keras.layers.GRU(3, return_sequences=True)
    layer.build((None, None, 2))

    @tf.function(input_signature=[tf.TensorSpec([None, None, 2])])
    def gradients(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x * x + tf.sin(x) + tf.exp(x) + x, mask=x[..., 0] > 0)
        return tape.gradient(y, [x, *layer.trainable_variables])

    return gradients


def test_no_sum_of_gradients_depends_on_what_is_ready_first():
    x = tf.random.stateless_normal([4, 6, 2], seed=(1, 2))
    loose = traced()
    before = loose(x)
    many = [node for node in operations(loose.get_concrete_function().graph) if node.op == "AddN"]
    assert any(node.attr["N"].i > 2 for node in many)  # what is mended is there
    with sums.in_order():
        ordered = traced()
        after = ordered(x)
    many = [node for node in operations(ordered.get_concrete_function().graph) if node.op == "AddN"]
    assert many and all(node.attr["N"].i == 2 for node in many)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    assert tf.add_n([1, 2, 3]) == 6  # and it is as it was
