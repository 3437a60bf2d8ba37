"""Every cell against its equations, written out in NumPy in a loop over time."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.layers import (
    CELLS,
    MinGRUCell,
    MinLSTMCell,
    PeepholeLSTMCell,
    SimplifiedGRUCell,
    linear_scan,
    recurrent,
    states_of,
)

UNITS, FEATURES, ROWS, TIME = 3, 2, 4, 5
OURS = ("peephole_lstm", "simplified_gru", "mingru", "minlstm")
every_cell = pytest.mark.parametrize("cell", CELLS)
our_cells = pytest.mark.parametrize("cell", OURS)


# Equations: the weights, x (batch, features) and the states of the step before -> those of this one ---------


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gate(number, weights, x, h):
    """Returns W x + U h + b of one gate, whose columns stand after those of the gates before it."""
    own = slice(number * UNITS, (number + 1) * UNITS)
    kernel, recurrent_kernel, bias = weights[:3]
    return x @ kernel[:, own] + h @ recurrent_kernel[:, own] + bias[own]


def simple_rnn(weights, x, h):
    return [np.tanh(gate(0, weights, x, h))]


def lstm(weights, x, h, c):
    i, f, candidate, o = (gate(number, weights, x, h) for number in range(4))
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(candidate)
    return [sigmoid(o) * np.tanh(c), c]


def gru(weights, x, h):
    # Keras resets after the product with the recurrent weights, which have a bias of their own.
    kernel, recurrent_kernel, (bias, recurrent_bias) = weights
    z, r, candidate = np.split(x @ kernel + bias, 3, axis=1)
    of_z, of_r, of_candidate = np.split(h @ recurrent_kernel + recurrent_bias, 3, axis=1)
    z, r = sigmoid(z + of_z), sigmoid(r + of_r)
    return [z * h + (1 - z) * np.tanh(candidate + r * of_candidate)]


def peephole_lstm(weights, x, h, before):
    p_i, p_f, p_o = weights[3].reshape(3, UNITS)
    i = sigmoid(gate(0, weights, x, h) + p_i * before)
    f = sigmoid(gate(1, weights, x, h) + p_f * before)
    c = f * before + i * np.tanh(gate(2, weights, x, h))
    o = sigmoid(gate(3, weights, x, h) + p_o * c)
    return [o * np.tanh(c), c]


def simplified_gru(weights, x, c):
    u = sigmoid(gate(0, weights, x, c))
    return [u * np.tanh(gate(1, weights, x, c)) + (1 - u) * c]


def minimal_gates(weights, x):
    """Returns W x + b of each gate: nothing is seen of the step before."""
    kernel, bias = weights
    return np.split(x @ kernel + bias, bias.size // UNITS, axis=1)


def mingru(weights, x, h):
    update, candidate = minimal_gates(weights, x)
    u = sigmoid(update)
    return [u * candidate + (1 - u) * h]


def minlstm(weights, x, h):
    i, f, candidate = minimal_gates(weights, x)
    i, f = sigmoid(i), sigmoid(f)
    return [i / (i + f) * candidate + f / (i + f) * h]


EQUATIONS = (simple_rnn, lstm, gru, peephole_lstm, simplified_gru, mingru, minlstm)
STEP = {step.__name__: step for step in EQUATIONS}


def over_time(cell, weights, x, states, real):
    """Returns the outputs (batch, time, units) and the last states; unless `real`, states are held."""
    outputs = []
    for t in range(x.shape[1]):
        new = STEP[cell](weights, x[:, t], *states)
        states = [np.where(real[:, t, None], *pair) for pair in zip(new, states, strict=True)]
        outputs.append(states[0])
    return np.stack(outputs, 1), states


# Cells ------------------------------------------------------------------------------------------------------


def made(cell, **options) -> keras.layers.RNN:
    """Returns a layer whose weights, biases too, are random and not small."""
    layer = recurrent(cell, UNITS, **options)
    layer.build((None, None, FEATURES))
    random = np.random.default_rng(0)
    layer.set_weights([random.normal(0, 0.8, weight.shape) for weight in layer.get_weights()])
    return layer


def data(cell, initial=True, dtype="float32"):
    """Returns inputs and first states, of zeros unless `initial`."""
    random = np.random.default_rng(1)
    x = random.normal(0, 1, (ROWS, TIME, FEATURES)).astype(dtype)
    states = random.normal(0, initial, (states_of(cell), ROWS, UNITS)).astype(dtype)
    return x, list(states)


@every_cell
@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("initial", [False, True])
def test_a_cell_is_its_equations(cell, padded, initial):
    layer = made(cell, return_sequences=True, return_state=True)
    x, states = data(cell, initial)
    real = np.arange(TIME) < np.array([[5], [3], [1], [4]] if padded else [[TIME]] * ROWS)
    given = {"initial_state": list(map(tf.constant, states))} if initial else {}
    found, *last = layer(x, mask=tf.constant(real) if padded else None, **given)
    expected, expected_last = over_time(cell, layer.get_weights(), x, states, real)
    np.testing.assert_allclose(found.numpy()[real], expected[real], atol=1e-6)
    assert len(last) == states_of(cell)
    for state, truth in zip(last, expected_last, strict=True):
        np.testing.assert_allclose(state, truth, atol=1e-6)
    only_last = made(cell)(x, mask=tf.constant(real) if padded else None, **given)
    np.testing.assert_allclose(only_last, expected_last[0], atol=1e-6)


@our_cells
def test_gradients_are_those_of_the_equations(cell):
    layer = made(cell, dtype="float64")
    x, states = data(cell, dtype="float64")
    parts = [x, *states, *layer.get_weights()]
    real = np.ones((ROWS, TIME), bool)

    def loss(parts):
        x, first, weights = parts[0], parts[1 : 1 + len(states)], parts[1 + len(states) :]
        return (over_time(cell, weights, x, first, real)[0][:, -1] ** 2).sum()

    watched = [tf.Variable(part) for part in parts[: 1 + len(states)]]
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(watched[0], initial_state=watched[1:]) ** 2)
    gradients = tape.gradient(total, watched + [weight.value for weight in layer.weights])
    for part, gradient in zip(parts, gradients, strict=True):
        for place in np.ndindex(part.shape):
            kept, sides = part[place], []
            for step in (1e-6, -1e-6):
                part[place] = kept + step
                sides.append(loss(parts))
            part[place] = kept
            np.testing.assert_allclose(gradient.numpy()[place], (sides[0] - sides[1]) / 2e-6, atol=1e-7)


def test_a_peephole_lstm_starts_as_the_lstm_of_keras():
    layer = recurrent("peephole_lstm", UNITS, return_sequences=True)
    layer.build((None, None, FEATURES))
    *shared, peephole = layer.get_weights()
    assert shared[2].tolist() == [0] * 3 + [1] * 3 + [0] * 6  # input, forget, candidate, output
    assert peephole.tolist() == [0] * 9
    plain = made("lstm", return_sequences=True)
    plain.set_weights(shared)
    x, _ = data("lstm")
    np.testing.assert_allclose(layer(x), plain(x), atol=1e-6)


def test_a_simplified_gru_starts_with_a_gate_that_keeps_0_73_of_its_state():
    layer = recurrent("simplified_gru", UNITS)
    layer.build((None, None, FEATURES))
    assert layer.get_weights()[2].tolist() == [-1] * 3 + [0] * 3  # update gate, candidate
    for weight in layer.weights[:2]:
        weight.assign(np.zeros(weight.shape))
    after = layer(np.zeros((1, 1, FEATURES), "float32"), initial_state=[tf.ones((1, UNITS))])
    np.testing.assert_allclose(after, np.full((1, UNITS), 1 / (1 + np.exp(-1))), atol=1e-6)


@pytest.mark.parametrize("cell", ["mingru", "minlstm"])
def test_minimal_cells_hold_their_state_wherever_a_step_is_masked_and_read_backwards(cell):
    real = np.array([[0, 0, 1, 1, 1], [1, 0, 1, 0, 1], [0, 0, 0, 0, 0], [1, 1, 0, 0, 0]], bool)
    x, states = data(cell)
    for backwards in (False, True):
        layer = made(cell, return_sequences=True, return_state=True, go_backwards=backwards)
        way = slice(None, None, -1 if backwards else 1)
        expected, (last,) = over_time(cell, layer.get_weights(), x[:, way], states, real[:, way])
        found, state = layer(x, mask=tf.constant(real), initial_state=[tf.constant(states[0])])
        np.testing.assert_allclose(found, expected, atol=1e-6)
        np.testing.assert_allclose(state, last, atol=1e-6)


def test_a_minimal_lstm_never_divides_by_nothing():
    layer = made("minlstm", return_sequences=True)
    layer.cell.bias.assign(np.repeat([-200.0, -200.0, 1.0], UNITS))  # both gates are 0 in float32
    assert np.isfinite(layer(data("minlstm")[0])).all()


@pytest.mark.parametrize("time", [1, 2, 3, 7, 8, 9, 1000])
def test_a_scan_is_its_recurrence_whatever_the_length(time):
    random = np.random.default_rng(time)
    keep, new = random.uniform(0, 1, (time, 2, 3)), random.normal(0, 1, (time, 2, 3))
    h = first = random.normal(0, 1, (2, 3))
    expected = [h := keep[t] * h + new[t] for t in range(time)]
    run = tf.function(
        linear_scan,
        input_signature=[tf.TensorSpec([None, 2, 3], tf.float64)] * 2 + [tf.TensorSpec([2, 3], tf.float64)],
    )
    np.testing.assert_allclose(run(keep, new, first), expected, atol=1e-12)


def test_gradients_of_a_scan_are_those_of_its_recurrence():
    random = np.random.default_rng(3)
    parts = [tf.Variable(random.normal(0, 1, shape)) for shape in ((9, 2), (9, 2), (2,))]
    factors = random.normal(0, 1, (9, 2))
    found = []
    for written_out in (False, True):
        with tf.GradientTape() as tape:
            keep, new, h = parts
            outputs = [h := keep[t] * h + new[t] for t in range(9)] if written_out else linear_scan(*parts)
            total = tf.reduce_sum(tf.stack(outputs) * factors)
        found.append(tape.gradient(total, parts))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


@our_cells
def test_a_layer_is_rebuilt_from_its_config(cell):
    own = {"update_bias": -2.0} if cell.endswith("gru") else {"unit_forget_bias": False}
    layer = made(cell, name="memory", kernel_initializer="glorot_normal", return_sequences=True, **own)
    copy = keras.layers.deserialize(keras.layers.serialize(layer))
    assert (copy.name, copy.get_config()) == (layer.name, layer.get_config())
    again = made(cell, name="memory")
    assert [weight.path for weight in again.weights] == [weight.path for weight in layer.weights]
    copy.build((None, None, FEATURES))
    copy.set_weights(layer.get_weights())
    x, _ = data(cell)
    np.testing.assert_array_equal(copy(x), layer(x))
    start = type(layer.cell)(UNITS, **own)
    start.build((None, FEATURES))
    assert start.bias.numpy().min() == own.get("update_bias", 0)


@our_cells
def test_half_precision_is_kept_in_outputs_and_states(cell):
    layer = made(cell, dtype="mixed_bfloat16", return_state=True)
    x, _ = data(cell)
    found = layer(x)
    assert {part.dtype for part in found} == {tf.bfloat16}
    assert {weight.dtype for weight in layer.weights} == {"float32"}
    for part, full in zip(found, made(cell, return_state=True)(x), strict=True):
        np.testing.assert_allclose(tf.cast(part, tf.float32), full, atol=0.05)


@pytest.mark.parametrize("kind", [PeepholeLSTMCell, SimplifiedGRUCell, MinGRUCell, MinLSTMCell])
def test_a_cell_takes_a_step_alone(kind):
    cell = kind(UNITS)
    sizes = cell.state_size if isinstance(cell.state_size, list) else [cell.state_size]
    output, states = cell(tf.ones((ROWS, FEATURES)), [tf.zeros((ROWS, size)) for size in sizes])
    assert output.shape == (ROWS, cell.output_size) == states[0].shape
    assert len(states) == len(sizes)
