import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.layers import CELLS, states_of
from zoo.recipes import generation
from zoo.training import carried
from zoo.training.carried import Carried, read, state_names, zero_states

SIZE, ROWS, UNITS = 7, 3, 5
cells = pytest.mark.parametrize("cell", CELLS)


def core_of(cell="lstm", masked=False, dropout=0.0) -> keras.Model:
    """A network of two layers with larger weights than a fresh one has: what it carries is then seen."""
    keras.utils.set_random_seed(5)
    config = generation.Config(cell=cell, units=UNITS, width=4, dropout=dropout)
    core = generation.build_model(config, SIZE, masked)
    core.set_weights([2 * weight for weight in core.get_weights()])
    return core


def tokens_of(length: int) -> tf.Tensor:
    return tf.constant(np.random.default_rng(2).integers(1, SIZE, [ROWS, length]), tf.int32)


def window(tokens, start=False) -> dict[str, tf.Tensor]:
    return {"tokens": tokens, "start": tf.cast(tf.broadcast_to(start, [ROWS]), tf.int32)}


def whole_run(core, tokens) -> dict[str, np.ndarray]:
    found = core({"tokens": tokens, **zero_states(core, len(tokens))}, training=False)
    return {name: value.numpy() for name, value in found.items()}


@cells
def test_two_windows_are_one_run_over_both(cell):
    core = core_of(cell)
    assert state_names(core) == [f"state_{i}" for i in range(2 * states_of(cell))]
    model, tokens = Carried(core, ROWS), tokens_of(9)
    found = [model(window(tokens[:, :5], True)), model(window(tokens[:, 5:]))]
    expected = whole_run(core, tokens)
    np.testing.assert_allclose(tf.concat(found, 1), expected["logits"], rtol=1e-6, atol=1e-6)
    for name, state in model.states["validation"].items():
        np.testing.assert_allclose(state.numpy(), expected[name], rtol=1e-6, atol=1e-6)
    # It was the state that made them so.
    assert np.abs(model(window(tokens[:, 5:], True)) - expected["logits"][:, 5:]).max() > 1e-2


def test_only_rows_that_start_begin_with_zeros():
    core = core_of()
    model, tokens = Carried(core, ROWS), tokens_of(8)
    model(window(tokens[:, :4], True))
    found = model(window(tokens[:, 4:], [False, True, False])).numpy()
    for row, first in enumerate((0, 4, 0)):
        expected = whole_run(core, tokens[row : row + 1, first:])["logits"][:, -4:]
        np.testing.assert_allclose(found[row : row + 1], expected, atol=1e-6)


def test_validation_and_training_have_states_of_their_own():
    model, tokens = Carried(core_of(), ROWS), tokens_of(8)
    model(window(tokens[:, :4], True), training=True)
    kept = [state.numpy() for state in model.states["training"].values()]
    assert all(np.abs(state).max() > 0 for state in kept)
    assert not any(state.numpy().any() for state in model.states["validation"].values())
    model(window(tokens[:, 4:], True), training=False)
    for state, before in zip(model.states["training"].values(), kept, strict=True):
        np.testing.assert_array_equal(state.numpy(), before)


def test_no_gradient_flows_back_into_the_window_before():
    core = core_of()
    model = Carried(core, ROWS)
    early, late = tf.constant([[1, 2]] * ROWS), tf.constant([[3, 4]] * ROWS)
    rows = core.get_layer("embedding").embeddings
    with tf.GradientTape(persistent=True) as tape:
        first = model(window(early, True), training=True)
        loss = tf.reduce_sum(model(window(late), training=True) ** 2)
    gradient = tf.convert_to_tensor(tape.gradient(loss, rows.value)).numpy()
    assert np.abs(gradient).max(axis=1).astype(bool).tolist() == [n in (3, 4) for n in range(SIZE)]
    assert tape.gradient(loss, first) is None


def test_states_are_kept_beside_the_weights_and_are_not_trained():
    core = core_of()
    model = Carried(core, ROWS)
    assert [w.path for w in model.trainable_variables] == [w.path for w in core.trainable_variables]
    kept = [v for v in model.variables if v.name.startswith(("training", "validation"))]
    assert [variable.name for variable in kept] == [
        f"{phase}_state_{i}" for phase in ("training", "validation") for i in range(4)
    ]
    assert all(variable.shape == (ROWS, UNITS) and not variable.trainable for variable in kept)


# Whole texts ----------------------------------------------------------------------------------------------

LENGTHS = [4, 0, 23, 1, 9]


def ragged(rows) -> tf.RaggedTensor:
    return tf.ragged.constant(rows, dtype=tf.int32, ragged_rank=1)


def texts() -> tuple[tf.RaggedTensor, tf.RaggedTensor]:
    """Rows of unequal length, each unit's number and that of the one before."""
    random = np.random.default_rng(3)
    before, numbers = ([random.integers(1, SIZE, n).tolist() for n in LENGTHS] for _ in range(2))
    return ragged(before), ragged(numbers)


@cells
def test_texts_read_in_windows_are_scored_as_by_hand_and_leave_the_state_of_their_last_unit(
    cell, monkeypatch
):
    monkeypatch.setattr(carried, "_LOGITS", 1)  # windows of eight steps
    core, (before, numbers) = core_of(cell, masked=True), texts()
    total, states = tf.function(lambda *given: read(core, *given))(before, numbers)
    for row, length in enumerate(LENGTHS):
        if not length:
            assert total[row] == 0
            assert not any(state[row].numpy().any() for state in states.values())
            continue
        alone = whole_run(core, before[row][None])
        logits = alone["logits"][0].astype(np.float64)
        chances = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        expected = chances[np.arange(length), numbers[row].numpy()].sum()
        np.testing.assert_allclose(total[row], expected, rtol=1e-5)
        for name, state in states.items():
            np.testing.assert_allclose(state[row], alone[name][0], atol=1e-5)


@pytest.mark.parametrize("rows", [[], [[]], [[], []]])
def test_no_texts_and_empty_ones_are_no_special_case(rows):
    before = tf.RaggedTensor.from_row_lengths(tf.zeros([0], tf.int32), [0] * len(rows))
    total, states = read(core_of(masked=True), before)
    assert total.numpy().tolist() == [0.0] * len(rows)
    assert [state.shape for state in states.values()] == [(len(rows), UNITS)] * 4
