"""Layers on our loops and kernels, beside those of Keras."""

import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiny import operations, placed

from zoo.errors import ZooError
from zoo.layers import cudnn, fused, recurrent

UNITS, FEATURES = 3, 2
PLAIN = {"simple_rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
every_cell = pytest.mark.parametrize("cell", PLAIN)
MASKS = {
    "no mask": None,
    "on the right": [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 0, 0, 0, 0]],
    "anywhere": [[1, 0, 1, 1, 0], [0, 0, 0, 0, 0], [0, 0, 1, 0, 1]],
}


def both(cell, dtype="float32", **options):
    """Returns the layer of Keras and ours, with the same weights, biases too, which are not small."""
    layers = [PLAIN[cell](UNITS, dtype=dtype, **options), recurrent(cell, UNITS, dtype=dtype, **options)]
    random = np.random.default_rng(0)
    for layer in layers:
        layer.build((None, None, FEATURES))
    values = [random.normal(0, 0.8, weight.shape) for weight in layers[0].get_weights()]
    for layer in layers:
        layer.set_weights(values)
    return layers


def inputs(dtype="float64"):
    return np.random.default_rng(1).normal(size=(3, 5, FEATURES)).astype(dtype)


@every_cell
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize(("backwards", "initial"), [(False, True), (True, False)])
def test_outputs_states_and_gradients_are_those_of_keras(cell, mask, backwards, initial):
    options = {"return_sequences": True, "return_state": True, "go_backwards": backwards}
    real = None if MASKS[mask] is None else tf.constant(MASKS[mask]) > 0
    theirs, ours = (everything(layer, real, initial) for layer in both(cell, "float64", **options))
    assert len(ours) == len(theirs)
    for mine, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, expected, atol=1e-10)


def everything(layer, mask, initial):
    """Returns outputs and states in training, all gradients, and outputs and states out of training."""
    x, *states = (
        tf.Variable(value) for value in (inputs(), *np.random.default_rng(2).normal(size=(2, 3, UNITS)))
    )
    states = states[: len(layer.cell.state_size) if isinstance(layer.cell.state_size, list) else 1]
    given = {"initial_state": states} if initial else {}

    def counted(outputs):
        """Before its first real step a row's output is 0 in Keras, and its first state here."""
        if mask is None:
            return outputs
        order = mask[:, ::-1] if layer.go_backwards else mask
        return tf.where(tf.math.cumsum(tf.cast(order, tf.int32), axis=1)[:, :, None] > 0, outputs, 0)

    @tf.function
    def run():
        with tf.GradientTape() as tape:
            outputs, *last = layer(x.read_value(), mask=mask, training=True, **given)
            results = [counted(outputs), *last]
            # Every output and state counts, and each differently.
            total = tf.add_n([tf.reduce_sum(tf.sin(part + i)) for i, part in enumerate(results)])
        watched = [x, *given.get("initial_state", []), *(weight.value for weight in layer.weights)]
        outputs, *last = layer(x.read_value(), mask=mask, **given)
        return results, tape.gradient(total, watched), counted(outputs), last

    return tf.nest.flatten(run())


@every_cell
def test_two_directions_and_two_layers_are_those_of_keras(cell):
    mask = tf.constant(MASKS["on the right"]) > 0
    found = []
    for make in (PLAIN[cell], lambda units, **options: recurrent(cell, units, **options)):
        keras.utils.set_random_seed(3)
        below, above = (
            keras.layers.Bidirectional(make(UNITS, return_sequences=True), name=name) for name in "ab"
        )
        last = keras.layers.Bidirectional(make(UNITS), name="c")
        with tf.GradientTape() as tape:
            x = above(below(inputs("float32"), mask=mask, training=True), mask=mask, training=True)
            total = tf.reduce_sum(tf.sin(x)) + tf.reduce_sum(tf.sin(last(x, mask=mask, training=True)))
        found.append([x, *tape.gradient(total, [w.value for part in (below, above) for w in part.weights])])
    for ours, theirs in zip(*found[::-1], strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-6)


@every_cell
def test_gradients_may_be_asked_for_out_of_training_too(cell):
    found = []
    for layer in both(cell, go_backwards=True):
        x = tf.constant(inputs("float32"))
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(tf.sin(tf.function(layer)(x)))
        found.append(tape.gradient(total, [x, *(weight.value for weight in layer.weights)]))
    for ours, theirs in zip(found[1], found[0], strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@every_cell
def test_gradients_of_gathered_states_come_sparse(cell):
    found = []
    for layer in both(cell, return_state=True):
        run = tf.function(lambda x, layer=layer: tf.gather(layer(x, training=True)[-1], [2, 0, 2]))
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(tf.sin(run(tf.constant(inputs("float32")))))
        found.append(tape.gradient(total, [weight.value for weight in layer.weights]))
    for ours, theirs in zip(found[1], found[0], strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@every_cell
def test_a_loop_is_less_than_three_quarters_of_the_operations_of_keras(cell):
    theirs, ours = map(traced, both(cell, return_sequences=True))
    assert ours < 0.75 * theirs


def traced(layer):
    """Returns the number of operations of a layer and its gradients."""

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(layer(x, training=True))
        return tape.gradient(total, [weight.value for weight in layer.weights])

    return len(operations(step.get_concrete_function(tf.TensorSpec([None, None, FEATURES]))))


@every_cell
@pytest.mark.parametrize(
    "options", [{"activation": "relu"}, {"recurrent_dropout": 0.5}, {"use_bias": False}, {"unroll": True}]
)
def test_what_the_equations_do_not_say_is_left_to_keras(cell, options):
    theirs, ours = both(cell, **options)
    np.testing.assert_allclose(ours(inputs("float32")), theirs(inputs("float32")), atol=1e-6)


@every_cell
def test_weights_have_the_paths_of_keras_and_a_config_gives_the_layer_back(cell):
    theirs, ours = both(cell, name="memory")
    assert [weight.path for weight in ours.weights] == [weight.path for weight in theirs.weights]
    again = keras.layers.deserialize(keras.layers.serialize(ours))
    assert (type(again), again.get_config()) == (type(ours), ours.get_config())
    assert isinstance(ours, PLAIN[cell])


# Weights left out ------------------------------------------------------------------------------------------


def layer_of_its_own_state(cell="simple_rnn", **options):
    """A layer whose units hear nothing but themselves: h = tanh(0.4 h')."""
    keras.utils.set_random_seed(2)
    layer = recurrent(cell, UNITS, return_sequences=True, weight_dropout=0.5, **options)
    layer.build((None, None, FEATURES))
    layer.set_weights([np.zeros((FEATURES, UNITS)), 0.4 * np.eye(UNITS), np.zeros(UNITS)])
    return layer


def test_a_weight_that_is_left_out_is_so_at_all_steps_and_for_all_rows():
    layer, drawn = layer_of_its_own_state(), set()
    first = np.full((4, UNITS), 0.5, "float32")
    for _ in range(40):
        found = layer(np.zeros((4, 3, FEATURES), "float32"), initial_state=first, training=True).numpy()
        kept = found[0, 0] > 0
        one = np.tanh(0.8 * 0.5)  # what is kept counts double where half is left out
        two = np.tanh(0.8 * one)
        np.testing.assert_allclose(
            found[:, :2], kept * np.array([[[one], [two]]]) * np.ones((4, 1, 1)), rtol=1e-6
        )
        drawn.add(tuple(kept.tolist()))
    assert len(drawn) == 2**UNITS
    again = layer(np.zeros((4, 3, FEATURES), "float32"), initial_state=first)
    np.testing.assert_allclose(again[:, 0], np.full((4, UNITS), np.tanh(0.4 * 0.5)), rtol=1e-6)


def test_without_it_no_seed_is_drawn_and_with_it_only_what_the_loop_computes_may_be_asked_for():
    theirs, plain = keras.layers.LSTM(UNITS), recurrent("lstm", UNITS)
    left_out = recurrent("lstm", UNITS, weight_dropout=0.5)
    assert len(plain.variables) == len(theirs.variables) == len(left_out.variables) - 1
    assert left_out.get_config()["weight_dropout"] == 0.5
    with pytest.raises(ZooError, match="weight_dropout"):
        recurrent("lstm", UNITS, weight_dropout=0.5, activation="relu")
    with pytest.raises(ZooError, match="--cell mingru; choose lstm"):
        recurrent("mingru", UNITS, weight_dropout=0.5)


# cuDNN, of which there is no more without a GPU than the graph ----------------------------------------------


@pytest.mark.parametrize("mode", ["lstm", "gru"])
def test_weights_are_packed_as_keras_packs_them(mode, monkeypatch):
    layer, ours = both(mode)
    rnn = sys.modules["keras.src.backend.tensorflow.rnn"]
    built = {**tf.sysconfig.get_build_info(), "is_cuda_build": True, "is_rocm_build": False}
    monkeypatch.setattr(tf.sysconfig, "get_build_info", lambda: built)
    given = []
    monkeypatch.setattr(
        tf.raw_ops, "CudnnRNNV3", lambda **options: given.append(options) or [tf.zeros((3, 1, 3))] * 5
    )
    monkeypatch.setattr(rnn, "_is_gpu_available", lambda: True)
    monkeypatch.setattr(fused, "has_gpu", lambda: True)
    for each in (layer, ours):
        each(inputs("float32"), mask=tf.constant(MASKS["on the right"]) > 0)
    theirs, mine = given
    assert theirs["params"].shape == mine["params"].shape
    for name in ("params", "input", "input_h", "input_c", "sequence_lengths"):
        np.testing.assert_array_equal(mine[name], theirs[name])
    for name in ("is_training", "rnn_mode", "time_major"):
        assert mine[name] == theirs[name]


def test_rows_that_the_kernels_cannot_read_become_nan():
    mask = tf.constant([[1, 1, 0], [1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 1]]) > 0
    lengths, first = cudnn.readable(mask, tf.ones((5, 2)))
    assert lengths.numpy().tolist() == [2, 2, 1, 3, 2]
    assert np.isnan(first.numpy()).all(1).tolist() == [False, True, True, False, True]
    assert first.numpy()[[0, 3]].tolist() == [[1, 1], [1, 1]]


# Exported layers, which do not know yet where they will run ------------------------------------------------


def portable(cell, **options):
    """Returns a layer and a graph of it that was traced as exports are."""
    _, layer = both(cell, return_sequences=True, return_state=True, **options)
    layer.portable = True
    exported = tf.function(lambda x, mask: layer(x, mask=mask), autograph=False)
    # Nothing is known of the rows, as in exports.
    unknown = tf.TensorSpec([None, None, FEATURES]), tf.TensorSpec([None, None], tf.bool)

    def call(x, mask):
        if mask is None:
            return tf.function(layer, [unknown[0]], autograph=False)(x)
        return exported.get_concrete_function(*unknown)(tf.constant(x), mask)

    return layer, call


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("backwards", [False, True])
def test_without_a_gpu_an_exported_layer_loops(cell, mask, backwards):
    layer, exported = portable(cell, go_backwards=backwards)
    real = None if MASKS[mask] is None else tf.constant(MASKS[mask]) > 0
    for found, expected in zip(
        exported(inputs("float32"), real), layer(inputs("float32"), mask=real), strict=True
    ):
        np.testing.assert_allclose(found, expected, atol=1e-6)
    graph = tf.function(layer).get_concrete_function(inputs("float32"), mask=real)
    assert operations(graph).count("CudnnRNNV3") == 1
    assert not {"CudnnRNNV3", "ReverseSequence"} & set(placed(graph.graph.as_graph_def()))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("backwards", [False, True])
def test_on_a_gpu_an_exported_layer_runs_the_kernel_on_what_it_can_read_and_loops_over_the_rest(
    cell, backwards, monkeypatch
):
    """The device's number is made up, and a loop that says so stands for cuDNN."""

    def kernel(mode, x, mask, weights, first, backwards):
        assert mode == cell
        outputs, *last = layer._loop(False, x, mask, weights, first)
        return [outputs + 100, *last]

    layer, exported = portable(cell, go_backwards=backwards)
    monkeypatch.setattr(tf.raw_ops, "DeviceIndex", lambda device_names: tf.constant(0))
    monkeypatch.setattr(cudnn, "run", kernel)
    for mask, added in (("no mask", 100), ("on the right", 100), ("anywhere", 0)):
        real = None if MASKS[mask] is None else tf.constant(MASKS[mask]) > 0
        outputs, *last = exported(inputs("float32"), real)
        expected, *states = layer(inputs("float32"), mask=real)
        np.testing.assert_allclose(outputs, expected + added, atol=1e-4)
        np.testing.assert_allclose(last, states, atol=1e-6)


def test_no_rows_are_not_for_the_kernel(monkeypatch):
    monkeypatch.setattr(tf.raw_ops, "DeviceIndex", lambda device_names: tf.constant(0))
    monkeypatch.setattr(cudnn, "run", lambda mode, x, mask, weights, first, backwards: [x + 1, *first])
    _, exported = portable("gru")
    outputs, last = exported(tf.zeros((0, 5, FEATURES)), None)
    assert (outputs.shape, last.shape) == ((0, 5, UNITS), (0, UNITS))


def test_the_device_that_an_operation_stands_on_has_a_number():
    """What exports go by: the first that fits, or as many as there are names."""
    names = (["CPU", "GPU"], ["GPU"], ["GPU", "CPU"])
    with tf.device("CPU:0"):
        found = [int(tf.raw_ops.DeviceIndex(device_names=devices)) for devices in names]
    assert found == [0, 1, 1]
