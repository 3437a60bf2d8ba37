"""Layers that stay as they are, for good or for some epochs."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.errors import ZooError
from zoo.training import Settings
from zoo.training.fitting import compile_model
from zoo.training.freezing import freeze

STEPS = 3


def network() -> keras.Model:
    keras.utils.set_random_seed(1)
    inputs = keras.Input((2,))
    x = keras.layers.Dense(4, name="first")(inputs)
    x = keras.layers.Dropout(0.1, name="dropout")(x)
    inner = keras.Model(inputs, keras.layers.Dense(4, name="second")(x), name="inner")
    return keras.Model(inputs, keras.layers.Dense(2, name="logits")(inner(inputs)))


def moved(settings: Settings, epochs: int) -> list[set[str]]:
    """Trains, and returns for each epoch the layers that changed."""
    model = network()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    compile_model(settings, model, STEPS, loss, [])
    data = tf.data.Dataset.from_tensors((tf.constant([[1.0, 2.0], [3.0, 1.0]]), tf.constant([0, 1]))).repeat()
    found = []
    for _ in range(epochs):
        before = {weight.path: weight.numpy() for weight in model.weights}
        model.fit(data, steps_per_epoch=STEPS, verbose=0)
        # More than by what the moving average of what stays the same is rounded.
        changes = {
            weight.path: np.abs(weight.numpy() - before[weight.path]).max() for weight in model.weights
        }
        changed = (path for path, change in changes.items() if change > 1e-6)
        found.append({path.split("/")[0] for path in changed})
    return found


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "adagrad"])
def test_what_is_frozen_stays_as_it_is(optimizer):
    settings = Settings(freeze=("first",), optimizer=optimizer, learning_rate=0.1)
    assert moved(settings, 2) == [{"second", "logits"}] * 2


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "adagrad"])
def test_layers_thaw_one_after_another_from_the_last(optimizer):
    settings = Settings(
        freeze=("first", "second"), thaw=1, optimizer=optimizer, learning_rate=0.1, schedule="constant"
    )
    assert moved(settings, 3) == [{"logits"}, {"second", "logits"}, {"first", "second", "logits"}]


def test_thawed_weights_wait_for_so_many_steps():
    waiting = freeze(network(), Settings(freeze=("first", "second"), thaw=2), 10)
    assert {path.split("/")[0]: step for path, step in waiting.items()} == {"second": 20, "first": 30}
    assert freeze(network(), Settings(), 10) == {}


def test_a_layer_named_twice_waits_as_one():
    once, twice = (
        Settings(freeze=names, thaw=1) for names in (("second", "first"), ("second", "first", "second"))
    )
    assert freeze(network(), once, 10) == freeze(network(), twice, 10)


def test_the_first_step_of_a_thawed_layer_is_as_long_as_a_first_step_is():
    """Adam's is the learning rate, whatever the gradient."""
    settings = Settings(freeze=("first",), thaw=2, schedule="constant", weight_average=0, learning_rate=0.01)
    model = network()
    compile_model(settings, model, 20, keras.losses.SparseCategoricalCrossentropy(from_logits=True), [])
    inputs, labels = np.array([[1.0, 2.0], [3.0, 1.0]]), np.array([0, 1])
    first, moves = model.get_layer("inner").get_layer("first"), []
    for _ in range(44):
        before = first.get_weights()[0]
        model.train_on_batch(inputs, labels)
        moves.append(np.abs(first.get_weights()[0] - before).max())
    assert max(moves[:40]) == 0
    assert moves[40] == pytest.approx(0.01, rel=1e-3)
    assert max(moves[40:]) < 0.012


def test_frozen_once_more_nothing_changes():
    model, settings = network(), Settings(freeze=("second",))
    for _ in range(2):
        assert freeze(model, settings, 1) == {}
        assert len(model.trainable_variables) == 4


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("third",), "no such layer; it has first, second, logits"),
        (("dropout",), "no such layer"),
        (("first", "second", "logits"), "nothing is left"),
        ((), "nothing is frozen"),
    ],
)
def test_what_cannot_be_frozen_is_refused(names, said):
    with pytest.raises(ZooError, match=said):
        freeze(network(), Settings(freeze=names, thaw=0 if names else 1), 1)


def test_frozen_gradients_do_not_shorten_those_of_others():
    """With clipping: what waits counts as if it were not there."""
    settings = Settings(freeze=("first", "second"), clip_norm=1e-3, schedule="constant", optimizer="adagrad")
    loss, weights = keras.losses.SparseCategoricalCrossentropy(from_logits=True), []
    for thaw in (0, 9):
        model = network()
        compile_model(replace(settings, thaw=thaw), model, STEPS, loss, [])
        model.train_on_batch(np.array([[1.0, 2.0]]), np.array([0]))
        weights.append(model.get_layer("logits").get_weights()[0])
    np.testing.assert_allclose(*weights, rtol=1e-6)
