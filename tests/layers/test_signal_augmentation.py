import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.layers import SignalAugmentation

STILL = {"crop": 0.0, "warp": 0.0, "scale": 0.0, "jitter": 0.0, "hidden": 0.0}


def signals(rows=3, steps=20, channels=2) -> np.ndarray:
    numbers = np.random.default_rng(0).normal(size=(rows, steps, channels))
    return np.concatenate([numbers, np.zeros_like(numbers)], axis=-1).astype(np.float32)


def ramp(rows=200, steps=50) -> np.ndarray:
    """Signals that say at each step which one it is."""
    numbers = np.tile(np.arange(steps, dtype=np.float32)[None, :, None], (rows, 1, 1))
    return np.concatenate([numbers, np.zeros_like(numbers)], axis=-1)


def drawn(values: np.ndarray, lengths=None, **changed) -> np.ndarray:
    mask = (
        np.ones(values.shape[:2], bool) if lengths is None else np.arange(values.shape[1]) < lengths[:, None]
    )
    layer = SignalAugmentation(**{**STILL, **changed}, seed=1)
    return layer(tf.constant(values), mask=tf.constant(mask), training=True).numpy()


def test_when_not_training_signals_are_left_alone():
    values = signals()
    np.testing.assert_array_equal(SignalAugmentation()(values, mask=np.ones((3, 20), bool)), values)


def test_without_strength_nothing_changes():
    np.testing.assert_allclose(drawn(signals()), signals(), atol=1e-5)


def test_what_is_cropped_is_a_window_that_is_read_at_one_pace():
    found = drawn(ramp(), crop=0.4)[..., 0]
    pace = np.diff(found, axis=1)
    np.testing.assert_allclose(pace, np.broadcast_to(pace[:, :1], pace.shape), atol=1e-3)
    assert 0.6 <= pace.min() < 0.65 and 0.95 < pace.max() <= 1 + 1e-4
    assert (found >= 0).all() and (found <= 49).all()
    assert found[:, 0].max() > 10 and found[:, -1].min() < 40  # either end is cut


def test_time_is_bent_but_never_runs_back():
    found = drawn(ramp(), warp=0.5)[..., 0]
    pace = np.diff(found, axis=1)
    assert pace.min() > 0.4 and pace.max() < 1.75
    assert np.abs(pace - 1).max() > 0.4
    assert (found[:, 0] == 0).all()
    np.testing.assert_allclose(found[:, -1], 49, rtol=1e-5)


def test_steps_behind_the_end_never_come_in_and_stay_zero():
    values = ramp(rows=50)
    values[:, 20:] = 1000
    found = drawn(values, np.full(50, 20), crop=0.3, warp=0.3)
    assert found[:, :20, 0].max() <= 19
    assert (found[:, 20:] == 0).all()


@pytest.mark.parametrize("length", [1, 2])
def test_the_shortest_signals_are_drawn_too(length):
    values = signals(steps=4)
    found = drawn(values, np.full(3, length), crop=0.5, warp=0.5)
    assert np.isfinite(found).all()
    if length == 1:
        np.testing.assert_allclose(found[:, 0], values[:, 0], atol=1e-6)


def test_channels_are_scaled_one_by_one_and_all_steps_alike():
    values = np.abs(signals(rows=500)) + 1
    values[..., 2:] = 0
    factors = (drawn(values, scale=0.2) / np.where(values, values, 1))[..., :2]
    np.testing.assert_allclose(factors, np.broadcast_to(factors[:, :1], factors.shape), rtol=1e-4)
    assert factors[:, 0].std() == pytest.approx(0.2, rel=0.1)
    assert np.corrcoef(factors[:, 0].T)[0, 1] == pytest.approx(0, abs=0.15)


def test_noise_has_the_size_that_was_asked_for():
    values = signals(rows=200)
    assert (drawn(values, jitter=0.3) - values)[..., :2].std() == pytest.approx(0.3, rel=0.05)


def test_hidden_numbers_are_zero_and_marked_as_missing():
    found = drawn(signals(rows=200), hidden=0.1)
    numbers, missing = np.split(found, 2, axis=-1)
    assert set(np.unique(missing)) == {0, 1}
    assert missing.mean() == pytest.approx(0.1, rel=0.1)
    assert (numbers[missing == 1] == 0).all() and (numbers[missing == 0] != 0).all()


def test_between_a_number_and_a_gap_there_is_nothing_but_the_gap():
    values = signals(rows=100)
    values[:, 5:9] = [0, 0, 1, 1]
    numbers, missing = np.split(drawn(values, crop=0.5, warp=0.3), 2, axis=-1)
    assert set(np.unique(missing)) == {0, 1}
    assert (numbers[missing == 1] == 0).all()


def test_each_batch_is_drawn_anew_and_a_seed_repeats_them():
    layers = [SignalAugmentation(seed=3) for _ in range(2)]
    mask = np.ones((3, 20), bool)
    first, second = (
        [layer(signals(), mask=mask, training=True).numpy() for _ in range(2)] for layer in layers
    )
    np.testing.assert_array_equal(first, second)
    assert np.abs(first[0] - first[1]).max() > 0.1


def test_it_is_stored_and_read_back():
    layer = SignalAugmentation(crop=0.3, seed=2, name="augmentation")
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert again.get_config() == layer.get_config()
