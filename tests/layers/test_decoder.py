"""The decoder against its equations, and teacher forcing against single steps."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.errors import ZooError
from zoo.export import serving
from zoo.layers import CELLS, Decoder, states_of

ATTENTION = ("additive", "dot", "none")
UNITS, WIDTH, FEATURES, MEMORY = 4, 3, 3, 6
every_kind = pytest.mark.parametrize(
    ("cell", "attention", "input_feeding"),
    [(cell, kind, feeding) for cell in CELLS for kind in ATTENTION for feeding in (False, True)],
)

some_kinds = pytest.mark.parametrize(
    ("cell", "attention", "input_feeding"),
    [("simple_rnn", "dot", True), ("lstm", "none", False), ("lstm", "additive", True), ("gru", "none", True),
     ("gru", "dot", False), ("gru", "additive", False), ("peephole_lstm", "dot", True),
     ("simplified_gru", "additive", False)],
)  # fmt: skip


def made(cell="gru", attention="dot", input_feeding=False, layers=2, **options) -> Decoder:
    """Returns a decoder whose weights, biases too, are random and not small."""
    decoder = Decoder(cell, layers, UNITS, WIDTH, attention, input_feeding, **options)
    decoder.build((None, None, FEATURES), [(None, UNITS)], (None, None, MEMORY))
    random = np.random.default_rng(0)
    decoder.set_weights([random.normal(0, 0.6, weight.shape) for weight in decoder.get_weights()])
    return decoder


def data(decoder: Decoder, rows=2, time=4, source=5) -> dict:
    """Returns arguments of `call`; every second row's source is two places long."""
    random = np.random.default_rng(1)
    states = len(decoder.rnns) * states_of(decoder.settings["cell"])

    def draw(*shape):
        return tf.constant(random.normal(0, 1, shape), tf.float32)

    return {
        "inputs": draw(rows, time, FEATURES),
        "states": [draw(rows, UNITS) for _ in range(states)],
        "memory": draw(rows, source, MEMORY),
        "memory_mask": tf.sequence_mask([source, 2] * (rows // 2), source),
    }


def forced(decoder: Decoder, arguments: dict) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns readouts and weights of teacher forcing."""
    readouts, weights = decoder(**arguments, return_attention=True)
    return readouts.numpy(), None if weights is None else weights.numpy()


def same(found, expected) -> None:
    np.testing.assert_allclose(found[0], expected[0], atol=1e-5)
    assert (found[1] is None) == (expected[1] is None)
    if found[1] is not None:
        np.testing.assert_allclose(found[1], expected[1], atol=1e-5)


# Equations --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("input_feeding", [False, True])
def test_a_decoder_of_simple_cells_is_its_equations(layers, input_feeding):
    decoder = made("simple_rnn", "dot", input_feeding, layers)
    given = {name: np.array(part) for name, part in data(decoder).items() if name != "states"}
    states = [state.numpy() for state in data(decoder)["states"]]
    cells = [[weight.numpy() for weight in rnn.weights] for rnn in decoder.rnns]
    (u,), (w, b) = decoder.attention.get_weights(), decoder.readout.get_weights()
    keys, fed, readouts, all_weights = given["memory"] @ u, np.zeros((2, WIDTH)), [], []
    for t in range(4):
        x = given["inputs"][:, t] * np.sqrt(FEATURES)
        for number, (kernel, recurrent, bias) in enumerate(cells):
            x = np.concatenate([x, fed], 1) if input_feeding and number == 0 else x
            h = states[number] = np.tanh(x @ kernel + states[number] @ recurrent + bias)
            if number == 0:
                scores = np.einsum("bu,bsu->bs", h, keys) / np.sqrt(UNITS)
                powers = np.where(given["memory_mask"], np.exp(scores), 0)
                weights = powers / powers.sum(1, keepdims=True)
                context = np.einsum("bs,bsm->bm", weights, given["memory"])
            x = np.concatenate([h, context], 1)
        fed = x @ w + b
        readouts.append(fed)
        all_weights.append(weights)
    same(forced(decoder, data(decoder)), (np.stack(readouts, 1), np.stack(all_weights, 1)))


@every_kind
def test_teacher_forcing_gives_what_single_steps_give(cell, attention, input_feeding):
    decoder = made(cell, attention, input_feeding)
    given = data(decoder)
    memory, state = decoder.prepare(given["memory"], given["memory_mask"]), decoder.start(given["states"])
    steps = []
    for t in range(4):
        readout, state, weights = decoder.step(given["inputs"][:, t], state, memory)
        steps.append((readout.numpy(), weights))
    readouts, weights = (list(part) for part in zip(*steps, strict=True))
    stepwise = np.stack(readouts, 1), None if attention == "none" else np.stack(weights, 1)
    same(forced(decoder, given), stepwise)


@every_kind
def test_padding_on_the_right_changes_nothing(cell, attention, input_feeding):
    decoder = made(cell, attention, input_feeding)
    given = data(decoder)
    readouts, weights = forced(decoder, given)
    padded = {
        "inputs": tf.pad(given["inputs"], [[0, 0], [0, 2], [0, 0]], constant_values=7),
        "states": given["states"],
        "memory": tf.pad(given["memory"], [[0, 0], [0, 3], [0, 0]], constant_values=-50),
        "memory_mask": tf.pad(given["memory_mask"], [[0, 0], [0, 3]]),
    }
    longer, more = forced(decoder, padded)
    assert longer.shape == (2, 6, WIDTH)
    assert weights is None or not more[:, :, 5:].any()
    same((longer[:, :4], None if more is None else more[:, :4, :5]), (readouts, weights))


def test_without_attention_the_memory_is_not_read():
    decoder = made(attention="none")
    given = data(decoder)
    np.testing.assert_array_equal(decoder(**given), decoder(given["inputs"], given["states"]))


@pytest.mark.parametrize("input_feeding", [False, True])
def test_rows_do_not_depend_on_each_other(input_feeding):
    decoder = made("lstm", "additive", input_feeding)
    given = data(decoder)
    alone = tf.nest.map_structure(lambda part: part[1:], given)
    np.testing.assert_allclose(decoder(**alone), decoder(**given)[1:], atol=1e-6)


@pytest.mark.parametrize("attention", ["additive", "dot"])
def test_rows_of_a_beam_may_share_a_memory(attention):
    decoder = made("gru", attention, input_feeding=True)
    given = data(decoder)
    shared = decoder.prepare(given["memory"], given["memory_mask"])
    repeated = tf.nest.map_structure(lambda part: tf.repeat(part, 3, axis=0), shared)
    beam = data(decoder, rows=6)
    state = decoder.start(beam["states"])
    found, expected = (decoder.step(beam["inputs"][:, 0], state, memory) for memory in (shared, repeated))
    tf.nest.map_structure(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), found, expected)


# Training ---------------------------------------------------------------------------------------------------


@some_kinds
def test_gradients_reach_all_weights_and_all_first_states(cell, attention, input_feeding):
    decoder = made(cell, attention, input_feeding, dropout=0.2)
    given = data(decoder)
    given["memory"], given["states"] = tf.Variable(given["memory"]), list(map(tf.Variable, given["states"]))

    @tf.function  # as in training, where loops are in the graph
    def gradients(inputs):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(decoder(**{**given, "inputs": inputs}, training=True) ** 2)
        sources = [weight.value for weight in decoder.trainable_variables] + given["states"]
        return tape.gradient(loss, sources + ([given["memory"]] if attention != "none" else []))

    for gradient in gradients(given["inputs"]):
        assert np.isfinite(gradient).all()
        assert np.any(gradient)


@pytest.mark.parametrize("input_feeding", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_dropout_touches_neither_states_nor_what_is_fed(cell, input_feeding):
    decoder = made(cell, input_feeding=input_feeding, layers=1, dropout=0.25)
    given = data(decoder, rows=8, time=8)
    # Inputs that count for nothing: what is dropped of them can't show.
    kernel = decoder.rnns[0].cell.kernel
    kernel.assign(np.concatenate([np.zeros((FEATURES, kernel.shape[1])), kernel.numpy()[FEATURES:]]))
    expected, found = decoder(**given).numpy(), decoder(**given, training=True).numpy()
    np.testing.assert_array_equal(expected, decoder(**given, training=False))
    kept = found != 0
    np.testing.assert_allclose(found[kept], expected[kept] / 0.75, rtol=1e-4)
    assert 0.6 < kept.mean() < 0.9  # 192 draws deviate from 0.75 by 0.03
    assert np.any(kept != decoder(**given, training=True).numpy().astype(bool))


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("input_feeding", [False, True])
def test_dropout_falls_on_the_inputs_of_every_layer(input_feeding, number):
    decoder = made("simple_rnn", "dot", input_feeding, dropout=0.5)
    for dropout in (*decoder.dropouts, decoder.readout_dropout):
        dropout.rate = 0.5 if dropout is decoder.dropouts[number] else 0.0
    given = data(decoder, rows=8, time=8)
    changed = np.abs(decoder(**given, training=True) - decoder(**given)).max(axis=2) > 1e-4
    assert changed.mean() > 0.8


# Making it again --------------------------------------------------------------------------------------------


def network(decoder: Decoder) -> keras.Model:
    """A functional model of the decoder alone."""
    given = data(decoder)
    states = [
        keras.Input(state.shape[1:], name=f"state_{number}")
        for number, state in enumerate(given.pop("states"))
    ]
    inputs = {name: keras.Input(x.shape[1:], dtype=x.dtype, name=name) for name, x in given.items()}
    return keras.Model([*inputs.values(), *states], decoder(**inputs, states=states))


def flat(given: dict) -> list:
    """Returns arguments of `call` as `network` takes them."""
    return [given[name] for name in ("inputs", "memory", "memory_mask")] + given["states"]


@some_kinds
def test_a_portable_clone_gives_the_same_readouts(cell, attention, input_feeding):
    decoder = made(cell, attention, input_feeding, name="decoder")
    model, given = network(decoder), data(decoder)
    clone = serving.portable(model)
    np.testing.assert_allclose(clone(flat(given)), decoder(**given), atol=1e-6)
    assert clone.get_layer("decoder").get_config() == decoder.get_config()
    found = list(serving.recurrent_layers(clone))
    ready = [layer.portable if hasattr(layer, "portable") else not layer.use_cudnn for layer in found]
    assert ready == [True, True]
    assert not set(found) & set(decoder.rnns)


@pytest.mark.parametrize("input_feeding", [False, True])
def test_a_half_precision_decoder_decodes_and_has_a_clone_in_full_precision(input_feeding):
    decoder = made("lstm", "additive", input_feeding, dtype="mixed_bfloat16", name="decoder")
    given, full = data(decoder), made("lstm", "additive", input_feeding)
    found, weights = decoder(**given, return_attention=True)
    assert (found.dtype, weights.dtype) == (tf.bfloat16, tf.float32)
    np.testing.assert_allclose(tf.cast(found, tf.float32), full(**given), atol=0.05)
    half = tf.nest.map_structure(
        lambda part: tf.cast(part, tf.bfloat16) if part.dtype == tf.float32 else part, given
    )
    state, memory = decoder.start(half["states"]), decoder.prepare(half["memory"], half["memory_mask"])
    for t in range(2):
        readout, after, _ = decoder.step(half["inputs"][:, t], state, memory)
        assert [part.dtype for part in after] == [part.dtype for part in state]
        state = after
    np.testing.assert_allclose(tf.cast(readout, tf.float32), full(**given)[:, 1], atol=0.05)
    clone = serving.portable(network(decoder)).get_layer("decoder")
    assert {layer.compute_dtype for layer in clone._flatten_layers()} == {"float32"}


def test_unknown_attention_and_cells_are_refused_with_the_known_ones():
    with pytest.raises(ZooError, match="unknown attention 'dots': choose additive, dot, none"):
        made(attention="dots")
    with pytest.raises(ZooError, match="unknown cell 'ltsm': choose simple_rnn, lstm, gru"):
        made("ltsm")
