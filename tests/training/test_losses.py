import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.training.losses import CTCLoss, PinballLoss, SequenceCrossentropy, WindowCrossentropy

# Probabilities of three classes, (batch, time, classes), as logits.
LOGITS = np.log([[[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]], [[0.8, 0.1, 0.1], [0.2, 0.2, 0.6]]]).astype("float32")


def test_cross_entropies_of_real_steps_are_added_up_row_by_row():
    rows = SequenceCrossentropy().call(tf.constant([[0, 2], [1, -1]]), LOGITS).numpy()
    np.testing.assert_allclose(rows, [-np.log(0.5 * 0.7), -np.log(0.1)], rtol=1e-5)


def test_the_loss_of_a_batch_is_the_mean_of_its_rows():
    loss = SequenceCrossentropy()(np.array([[0, 2], [1, -1]]), tf.constant(LOGITS))
    assert float(loss) == pytest.approx((-np.log(0.35) - np.log(0.1)) / 2)


def test_rows_are_weighed():
    targets, weights = np.array([[0, 2], [1, -1]]), np.array([2.0, 0.0])
    loss = SequenceCrossentropy()(targets, tf.constant(LOGITS), weights)
    assert float(loss) == pytest.approx(-np.log(0.35))


def test_a_row_without_steps_costs_nothing():
    rows = SequenceCrossentropy().call(tf.constant([[-1, -1], [0, 0]]), LOGITS).numpy()
    np.testing.assert_allclose(rows, [0, -np.log(0.8 * 0.2)], rtol=1e-5)


def test_another_number_may_stand_for_padding():
    rows = SequenceCrossentropy(padding=0).call(tf.constant([[1, 0], [2, 2]]), LOGITS).numpy()
    np.testing.assert_allclose(rows, [-np.log(0.25), -np.log(0.1 * 0.6)], rtol=1e-5)


def test_what_stands_at_padded_steps_changes_nothing_not_even_the_gradient():
    targets = tf.constant([[0, 2], [1, -1]])
    changed = LOGITS.copy()
    changed[1, 1] = [1e4, -1e4, 3]
    for logits in (LOGITS, changed):
        values = tf.constant(logits)
        with tf.GradientTape() as tape:
            tape.watch(values)
            loss = SequenceCrossentropy()(targets, values)
        assert float(loss) == pytest.approx((-np.log(0.35) - np.log(0.1)) / 2)
        gradient = tape.gradient(loss, values).numpy()
        # Probabilities minus the target, over two rows.
        np.testing.assert_allclose(gradient[0, 0], [-0.25, 0.125, 0.125], atol=1e-6)
        np.testing.assert_array_equal(gradient[1, 1], [0, 0, 0])


def test_a_mask_on_the_logits_changes_nothing():
    targets, expected = tf.constant([[0, 2], [1, -1]]), (-np.log(0.35) - np.log(0.1)) / 2
    for mask in ([[True, True], [True, False]], [[True, False], [False, False]]):
        logits = tf.constant(LOGITS)
        logits._keras_mask = tf.constant(mask)
        assert float(SequenceCrossentropy()(targets, logits)) == pytest.approx(expected)
        # Keras's own loss would divide by the number of unmasked steps.
        own = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        assert float(own(tf.maximum(targets, 0), logits)) != pytest.approx(expected)


def test_a_model_that_masks_trains_on_the_sum():
    numbers = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(4, 3, mask_zero=True)(numbers)
    model = keras.Model(numbers, keras.layers.Dense(3, kernel_initializer="zeros")(x))
    model.compile(loss=SequenceCrossentropy())
    # All classes are alike: three real steps of log 3 in two rows.
    loss = model.evaluate(np.array([[1, 2], [3, 0]]), np.array([[0, 2], [1, -1]]), verbose=0)
    assert loss == pytest.approx(3 * np.log(3) / 2, rel=1e-6)


def test_half_precision_logits_are_added_up_in_full_precision():
    targets = tf.zeros([1, 1000], tf.int64)
    rows = SequenceCrossentropy().call(targets, tf.zeros([1, 1000, 3], tf.bfloat16))
    assert rows.dtype == tf.float32
    assert float(rows[0]) == pytest.approx(1000 * np.log(3), rel=1e-5)


def test_smoothing_is_cross_entropy_with_a_share_of_all_classes_alike():
    targets, share = np.array([[0, 2], [1, -1]]), 0.3
    spread = (1 - share) * np.eye(3)[targets] + share / 3
    steps = -(spread * LOGITS).sum(axis=2)  # the logits are log-probabilities
    loss = SequenceCrossentropy(smoothing=share)
    expected = [steps[0].sum(), steps[1, 0]]
    np.testing.assert_allclose(loss.call(tf.constant(targets), LOGITS), expected, rtol=1e-5)
    # A number added to all logits of a step is no other prediction.
    np.testing.assert_allclose(loss.call(tf.constant(targets), LOGITS + 7), expected, rtol=1e-5)


def test_smoothing_draws_probabilities_towards_the_spread_targets_and_leaves_padding_alone():
    values = tf.constant(LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(values)
        loss = SequenceCrossentropy(padding=0, smoothing=0.3)(np.array([[1, 2], [1, 0]]), values)
    gradient = tape.gradient(loss, values).numpy()
    # Probabilities minus 0.1, 0.8 and 0.1, over two rows.
    np.testing.assert_allclose(gradient[0, 0], [0.2, -0.275, 0.075], atol=1e-6)
    np.testing.assert_array_equal(gradient[1, 1], [0, 0, 0])


def test_without_smoothing_the_loss_is_bit_by_bit_what_it_was():
    targets = tf.constant([[0, 2], [1, -1]])
    steps = tf.nn.sparse_softmax_cross_entropy_with_logits([[0, 2], [1, 0]], LOGITS)
    rows = SequenceCrossentropy(smoothing=0.0).call(targets, LOGITS)
    np.testing.assert_array_equal(rows, [steps[0, 0] + steps[0, 1], steps[1, 0]])


def test_the_pinball_loss_worked_out_by_hand():
    loss = PinballLoss((0.1, 0.5))
    truth = tf.constant([[[[2.0]], [[np.nan]]], [[[0.0]], [[4.0]]]])  # (batch, time, horizon, targets)
    found = tf.zeros([2, 2, 3, 1, 1, 2])  # three members that say 0
    np.testing.assert_allclose(loss.call(truth, found), [(0.2 + 1) / 2, (0.4 + 2) / 4], rtol=1e-6)
    with tf.GradientTape() as tape:
        tape.watch(found)
        total = tf.reduce_sum(loss.call(truth, found))
    assert np.isfinite(tape.gradient(total, found)).all()


def test_a_windows_loss_is_the_mean_of_its_steps_of_which_those_not_there_count_as_0():
    rows = WindowCrossentropy(padding=0).call(tf.constant([[1, 2], [2, 0]]), LOGITS).numpy()
    np.testing.assert_allclose(rows, [-np.log(0.25 * 0.7) / 2, -np.log(0.1) / 2], rtol=1e-5)


# CTC --------------------------------------------------------------------------------------------------------


def test_ctc_is_the_sum_over_all_paths_that_spell_a_text():
    from itertools import groupby, product

    logits = np.random.default_rng(1).normal(size=(3, 5, 3)).astype(np.float32)
    chances = tf.nn.softmax(logits).numpy()
    texts = [[1, 2], [1, 1], [2]]
    expected = []
    for row, text in zip(chances, texts, strict=True):
        paths = (p for p in product(range(3), repeat=5) if [s for s, _ in groupby(p) if s] == text)
        expected.append(-np.log(sum(np.prod([row[t, s] for t, s in enumerate(p)]) for p in paths)))
    loss = CTCLoss()
    targets = tf.constant([[1, 2], [1, 1], [2, 0]])
    np.testing.assert_allclose(loss.call(targets, tf.constant(logits)), expected, rtol=1e-5)


def test_ctc_of_a_padded_row_is_that_of_the_row_alone():
    from zoo.layers import blank_behind

    draw = np.random.default_rng(2)
    alone = draw.normal(size=(1, 4, 3)).astype(np.float32)
    padded = np.concatenate([alone, draw.normal(size=(1, 5, 3)).astype(np.float32)], axis=1)
    mask = tf.constant(np.arange(9)[None] < 4)
    loss, target = CTCLoss(), tf.constant([[1, 2]])
    shorter = loss.call(target, tf.constant(alone))
    np.testing.assert_allclose(loss.call(target, blank_behind(tf.constant(padded), mask)), shorter, rtol=1e-5)
    with tf.GradientTape() as tape:
        logits = tf.constant(padded)
        tape.watch(logits)
        value = loss.call(target, blank_behind(logits, mask))
    gradient = tape.gradient(value, logits).numpy()
    assert (
        np.isfinite(gradient).all() and (gradient[0, 4:] == 0).all() and np.abs(gradient[0, :4]).max() > 0.01
    )
