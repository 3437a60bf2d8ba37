"""The sampled softmax: what is drawn, and what its loss comes to."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.errors import ZooError
from zoo.recipes import generation
from zoo.training import SampledCrossentropy, WindowCrossentropy, windowed
from zoo.training.carried import Carried
from zoo.training.sampled import Sampled, log_expected, log_uniform

SIZE, ROWS, WINDOW = 9, 3, 5


def core_of(tied=True) -> keras.Model:
    keras.utils.set_random_seed(5)
    core = generation.build_model(generation.Config(units=6, width=4, tied=tied), SIZE)
    core.set_weights([3 * weight for weight in core.get_weights()])
    return core


def batch() -> tuple[dict[str, tf.Tensor], tf.Tensor]:
    draw = np.random.default_rng(2)
    tokens, targets = (tf.constant(draw.integers(2, SIZE, [ROWS, WINDOW]), tf.int32) for _ in range(2))
    targets = tf.concat([targets[:, :-1], tf.zeros([ROWS, 1], tf.int32)], axis=1)  # the last is not there
    return {"tokens": tokens, "start": tf.ones([ROWS], tf.int32), "targets": targets}, targets


def test_common_words_are_drawn_as_often_as_is_said():
    drawn = log_uniform(200_000, SIZE, keras.random.SeedGenerator(1)).numpy()
    counts = np.bincount(drawn, minlength=SIZE)
    expected = np.exp(log_expected(tf.range(SIZE), 200_000, SIZE))
    assert counts.sum() == pytest.approx(expected.sum(), rel=1e-6)
    np.testing.assert_allclose(counts, expected, rtol=0.03)


def test_of_very_many_words_drawn_the_loss_is_that_of_the_whole_softmax():
    inputs, targets = batch()
    model = Sampled(core_of(), ROWS, 200_000)
    sampled = SampledCrossentropy(0, 200_000).call(targets, model(inputs, training=True))
    whole = WindowCrossentropy(0).call(targets, Carried(core_of(), ROWS)(inputs))
    np.testing.assert_allclose(sampled, whole, rtol=0.02)


def test_the_right_word_counts_once_though_it_is_drawn_too():
    """Of one row, one step: what is left of the drawn ones never is the right one."""
    inputs, targets = batch()
    logits = Sampled(core_of(), ROWS, 50)(inputs, training=True).numpy()
    assert logits.shape == (ROWS, WINDOW, 52)
    left_out = (logits[..., 2:] < -1e8).sum(axis=2)
    assert (left_out[targets.numpy() > 0] > 0).any() and left_out.max() < 50
    assert (logits[..., 0] < -1e8).all()


def test_validation_is_by_all_words_and_keeps_states_of_its_own():
    inputs, targets = batch()
    model, plain = Sampled(core_of(), ROWS, 4), Carried(core_of(), ROWS)
    np.testing.assert_allclose(model(inputs), plain(inputs), atol=1e-6)
    losses = SampledCrossentropy(0, 4).call(targets, model(inputs))
    np.testing.assert_allclose(losses, WindowCrossentropy(0).call(targets, plain(inputs)), atol=1e-6)
    for name, state in model.states["training"].items():
        assert not state.numpy().any(), name


def test_training_carries_states_on_as_without_samples():
    inputs, _ = batch()
    model, plain = Sampled(core_of(), ROWS, 4), Carried(core_of(), ROWS)
    model(inputs, training=True), plain(inputs, training=True)
    for name, state in model.states["training"].items():
        np.testing.assert_allclose(state, plain.states["training"][name], atol=1e-6)


def test_what_draws_is_part_of_the_checkpoint():
    model = Sampled(core_of(), ROWS, 4)
    assert any(variable is model.draw.state for variable in model.variables)


def test_windowed_draws_only_where_words_are_scored_as_they_are_read():
    model, loss = windowed(core_of(), ROWS, 4, 0)
    assert isinstance(model, Sampled) and isinstance(loss, SampledCrossentropy)
    model, loss = windowed(core_of(tied=False), ROWS, 0, 0)
    assert type(model) is Carried and type(loss) is WindowCrossentropy
    with pytest.raises(ZooError, match="add --tied"):
        windowed(core_of(tied=False), ROWS, 4, 0)
    with pytest.raises(ZooError, match="there are 9 words; draw fewer"):
        windowed(core_of(), ROWS, 7, 0)
