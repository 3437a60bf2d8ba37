from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo import training
from zoo.data import Batches, Ragged
from zoo.errors import ZooError
from zoo.layers import recurrent
from zoo.training import settings
from zoo.training.folder import Folder


def trained_on(strategy: str, replicas: int) -> SimpleNamespace:
    """Trains a small network in batches of 5 and a last one of 3 rows."""
    keras.utils.clear_session()
    settings = training.Settings(
        strategy=strategy, name=strategy, epochs=3, batch_size=5, learning_rate=0.05, schedule="constant",
        clip_norm=0.05, weight_average=0.9, patience=0,
    )  # fmt: skip
    scope = training.start(settings)
    assert scope.num_replicas_in_sync == replicas
    random = np.random.default_rng(0)
    lengths = random.integers(1, 9, 33)
    values = random.integers(1, 20, lengths.sum()).astype("int32")
    rows = Ragged(values, np.concatenate([[0], np.cumsum(lengths)]))
    labels = random.integers(0, 2, 33)
    train, validation = (Batches({"words": rows}, labels, 5, replicas) for _ in range(2))
    with scope.scope():
        words = keras.Input((None,), dtype="int32", name="words")
        x = keras.layers.Embedding(20, 4)(words)
        x = keras.layers.Bidirectional(recurrent("lstm", 4))(x, mask=keras.ops.not_equal(words, 0))
        model = keras.Model({"words": words}, keras.layers.Dense(2)(x))
    folder = Folder("two", settings)
    folder.create("data")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    outcome = training.fit(folder, settings, model, train, validation, loss, [])
    outputs = train.restore_order(model.predict(train.in_order().map(lambda inputs, *_: inputs), verbose=0))
    losses = [epoch["val_loss"] for epoch in outcome.history]
    return SimpleNamespace(weights=model.get_weights(), losses=losses, outputs=list(outputs))


def test_two_devices_agree_with_one_on_odd_batches_clipped(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one, two = trained_on("one", 1), trained_on("mirrored", 2)
    assert len(one.losses) == 3
    np.testing.assert_allclose(two.losses, one.losses, atol=1e-6)
    for mine, theirs in zip(two.weights, one.weights, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-6)
    np.testing.assert_allclose(two.outputs, one.outputs, atol=1e-5)


def test_the_global_norm_is_clipped_and_the_direction_kept():
    settings = training.Settings(optimizer="adam", schedule="constant", clip_norm=1.0, weight_average=0)
    optimizer = training.make_optimizer(settings, 10)
    variables = [keras.Variable([0.0]), keras.Variable([[0.0], [0.0]])]
    optimizer.build(variables)
    # (3, 4) is five long: clipped to one it is (0.6, 0.8). Row 1 of the sparse gradient comes in two parts.
    sparse = tf.IndexedSlices(tf.constant([[1.0], [3.0]]), tf.constant([1, 1]), tf.constant([2, 1]))
    pairs = [(tf.constant([3.0]), variables[0].value), (sparse, variables[1].value)]
    clipped = optimizer._all_reduce_sum_gradients(pairs)
    np.testing.assert_allclose(clipped[0][0], [0.6], rtol=1e-6)
    np.testing.assert_allclose(clipped[1][0], [[0.0], [0.8]], rtol=1e-6)


def stepping(optimizer, variables):
    """Returns what takes a step in a graph, as training does."""
    return tf.function(lambda grads: optimizer.apply(grads, variables))


@pytest.mark.parametrize("decay", [0.0, 0.9])
def test_fused_steps_are_those_of_adam(decay):
    random = np.random.default_rng(0)
    start = [random.normal(size=shape).astype("float32") for shape in ((5, 3), (3,), (1,))]
    settings = training.Settings(clip_norm=1.0, weight_average=decay, epochs=20)
    ours = training.make_optimizer(settings, 10)
    plain = keras.optimizers.Adam(
        ours._learning_rate, use_ema=decay > 0, ema_momentum=decay, global_clipnorm=1.0
    )
    weights = [[keras.Variable(value) for value in start] for _ in range(2)]
    for optimizer, variables in zip((ours, plain), weights, strict=True):
        optimizer.build(variables)
        run = stepping(optimizer, variables)
        draw = np.random.default_rng(1)
        for _ in range(20):
            values = [tf.constant(draw.normal(size=value.shape).astype("float32")) for value in start]
            rows = tf.constant([4, 0, 4])  # an embedding reads one row twice, and others not at all
            read = tf.IndexedSlices(values[0][:3], rows, tf.constant([5, 3]))
            # Keras takes the norm of a row's parts for that of the row.
            run([read if optimizer is ours else tf.convert_to_tensor(read), *values[1:]])
    for mine, theirs in zip(ours.variables, plain.variables, strict=True):
        assert mine.name.rpartition("_")[2] == theirs.name.rpartition("_")[2]
        np.testing.assert_allclose(mine, theirs, rtol=2e-5, atol=1e-9)  # 1 - 0.999 is float32 here
    for mine, theirs, first in zip(*weights, start, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-6)
        assert np.abs(mine - first).max() > 1e-3


def test_the_cosine_warms_up_for_half_an_epoch_and_ends_at_zero():
    settings = training.Settings(epochs=2, learning_rate=0.1, schedule="cosine")
    optimizer = training.make_optimizer(settings, steps_per_epoch=10)
    rates = []
    for step in (0, 5, 12, 20):
        optimizer.iterations.assign(step)
        rates.append(float(optimizer.learning_rate))
    # 12 is not quite half of the way from step 5 to step 20: 0.1 * (1 + cos(pi * 7 / 15)) / 2
    np.testing.assert_allclose(rates, [0.0, 0.1, 0.0552264, 0.0], atol=1e-6)


def test_the_average_of_weights_is_quicker_in_a_short_training():
    settings = training.Settings(epochs=2, weight_average=0.99)
    assert training.make_optimizer(settings, 5_000).ema_momentum == 0.99
    assert training.make_optimizer(settings, 50).ema_momentum == pytest.approx(0.9)  # 1 - 10 / 100
    assert not training.make_optimizer(settings, 4).use_ema


@pytest.mark.parametrize(
    "field",
    [{"epochs": 0}, {"batch_size": -1}, {"learning_rate": 0.0}, {"weight_average": 1.0}, {"seed": -1}],
)
def test_settings_that_cannot_train_are_refused(field):
    with pytest.raises(ZooError, match=f"--{next(iter(field)).replace('_', '-')} .*must be at least"):
        training.check_ranges(training.Settings(**field))


def test_a_loss_that_is_not_a_number_is_said_in_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = training.Settings(epochs=1, batch_size=2)
    rows = Ragged(np.ones(4, np.int32), np.arange(5))
    batches = Batches({"words": rows}, np.zeros(4, np.int64), 2)
    words = keras.Input((None,), dtype="int32", name="words")
    x = keras.layers.Embedding(3, 2, embeddings_initializer=keras.initializers.Constant(np.nan))(words)
    model = keras.Model({"words": words}, keras.layers.Dense(2)(recurrent("gru", 2)(x)))
    run_folder = Folder("nan", settings)
    run_folder.create("data")
    with pytest.raises(ZooError, match="lower --learning-rate"):
        training.fit(run_folder, settings, model, batches, batches,
                     keras.losses.SparseCategoricalCrossentropy(from_logits=True), [])  # fmt: skip


class Scored:
    """A small training with dropout whose loss falls in every epoch, and a score of the test's choice."""

    def __init__(self, score, **settings):
        self.settings = training.Settings(**{
            "epochs": 4, "batch_size": 4, "learning_rate": 0.005, "schedule": "constant", "patience": 0,
            "weight_average": 0.5, **settings,
        })  # fmt: skip
        training.start(self.settings)
        random = np.random.default_rng(0)
        rows = Ragged(random.integers(1, 9, 96).astype("int32"), np.arange(0, 97, 3))
        labels = (rows.padded(np.arange(32)) == 5).any(axis=1).astype("int64")
        self.data = [Batches({"words": rows}, labels, 4) for _ in range(2)]
        words = keras.Input((None,), dtype="int32", name="words")
        x = keras.layers.Dropout(0.2)(recurrent("gru", 4)(keras.layers.Embedding(9, 4)(words)))
        self.model = keras.Model({"words": words}, keras.layers.Dense(2)(x))
        self.run = Folder("scored", self.settings)
        self.seen = []  # weights at each call of the score
        self._score = score

    def score(self) -> float:
        self.seen.append(self.model.get_weights())
        return self._score(self)

    def fit(self):
        self.run.create("data")
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        return training.fit(self.run, self.settings, self.model, *self.data, loss, [], self.score)


def scripted(*scores):
    """Returns a score that gives these figures one after another."""
    return lambda scored: scores[len(scored.seen) - 1]


def by_weights(scored):
    """A score that follows from the weights, so that it is the same in a resumed run."""
    return -abs(float(scored.seen[-1][-1][0]) - 0.01)


def same(one, other) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_the_best_epoch_is_the_one_of_the_highest_score_although_its_loss_is_worse(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scored = Scored(scripted(0.25, 0.75, 0.5, 0.75))
    outcome = scored.fit()
    assert outcome.best_epoch == 2  # the first of equals
    assert [epoch["val_score"] for epoch in outcome.history] == [0.25, 0.75, 0.5, 0.75]
    losses = [epoch["val_loss"] for epoch in outcome.history]
    assert losses == sorted(losses, reverse=True)
    assert same(scored.model.get_weights(), scored.seen[1])
    assert not same(scored.seen[1], scored.seen[3])


def test_without_a_score_the_best_epoch_is_the_one_of_the_lowest_loss(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scored = Scored(None)
    scored.score = None
    outcome = scored.fit()
    assert outcome.best_epoch == 4
    assert "val_score" not in outcome.history[0]


def test_the_score_sees_the_averaged_weights_and_training_goes_on_from_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    averages = []

    def score(scored):
        averages.append([v.numpy() for v in scored.model.optimizer._model_variables_moving_average])
        return 0.0

    scored = Scored(score)
    scored.fit()
    assert len(scored.seen) == 4
    for seen, average in zip(scored.seen, averages, strict=True):
        assert same(seen, average)
    arrays, _ = scored.run.load_checkpoint()
    weights = [arrays[f"model/{i}"] for i in range(len(scored.seen[0]))]
    assert not any(np.array_equal(a, b) for a, b in zip(weights, scored.seen[-1], strict=True))


def test_patience_waits_for_the_score(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = Scored(scripted(0.5, 0.9, 0.8, 0.9, 1.0), epochs=5, patience=2).fit()
    assert (len(outcome.history), outcome.best_epoch) == (4, 2)
    # The same command again: training was finished, nothing is scored, and the best weights are there.
    again = Scored(scripted(), epochs=5, patience=2)
    assert again.fit().best_epoch == 2
    assert again.seen == []


def test_patience_is_carried_over_a_kill(tmp_path, monkeypatch):
    def score(scored):
        epoch = int(scored.model.optimizer.iterations) // 8
        if epoch == 3 and scored.dies:
            raise KeyboardInterrupt
        return {1: 0.5, 2: 0.9, 3: 0.8, 4: 0.7, 5: 1.0}[epoch]

    monkeypatch.chdir(tmp_path)
    killed, resumed = (Scored(score, epochs=5, patience=2) for _ in range(2))
    killed.dies, resumed.dies = True, False
    with pytest.raises(KeyboardInterrupt):
        killed.fit()
    outcome = resumed.fit()
    assert (len(resumed.seen), len(outcome.history), outcome.best_epoch) == (2, 4, 2)
    assert same(resumed.model.get_weights(), killed.seen[1])


def test_a_killed_training_with_a_score_ends_as_if_it_had_not_been_killed(tmp_path, monkeypatch):
    def killed_in_the_third_epoch(scored):
        if len(scored.seen) == 3:
            raise KeyboardInterrupt
        return by_weights(scored)

    outcomes, weights = [], []
    for folder in ("whole", "killed"):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        if folder == "killed":
            with pytest.raises(KeyboardInterrupt):
                Scored(killed_in_the_third_epoch).fit()
        scored = Scored(by_weights)
        outcomes.append(scored.fit())
        weights.append(scored.model.get_weights())
        assert len(scored.seen) == (2 if folder == "killed" else 4)
    whole, resumed = outcomes
    assert resumed.history == whole.history
    assert resumed.best_epoch == whole.best_epoch
    assert same(*weights)


def test_several_steps_by_one_call_are_the_same_steps_and_a_call_never_passes_an_epochs_end(
    tmp_path, monkeypatch
):
    outcomes, weights = [], []
    for at_once in (1, 5):  # an epoch has 8 steps: 4 at a time
        (tmp_path / str(at_once)).mkdir()
        monkeypatch.chdir(tmp_path / str(at_once))
        scored = Scored(by_weights, steps_per_execution=at_once)
        outcomes.append(scored.fit())
        weights.append(scored.model.get_weights())
        assert scored.model.steps_per_execution == min(at_once, 4)
        assert int(scored.model.optimizer.iterations) == 8 * len(outcomes[-1].history)
    assert outcomes[0].history == outcomes[1].history
    assert same(*weights)


def test_tf32_is_for_training_alone():
    allowed = tf.config.experimental.tensor_float_32_execution_enabled
    assert not allowed()
    with settings.tf32(True):
        assert allowed()
    assert not allowed()


@pytest.mark.parametrize(
    ("capability", "policy"),
    [(None, "mixed_bfloat16"), ((7, 5), "mixed_float16"), ((9, 0), "mixed_bfloat16")],
)
def test_half_precision_is_bfloat16_where_there_is_one(capability, policy, monkeypatch):
    if capability:
        config = tf.config
        monkeypatch.setattr(config, "list_physical_devices", lambda kind: ["a GPU"])
        monkeypatch.setattr(config, "list_logical_devices", lambda kind: ["a GPU"])
        monkeypatch.setattr(
            config.experimental, "get_device_details", lambda device: {"compute_capability": capability}
        )
    training.start(training.Settings(mixed_precision=True, strategy="one"))
    found = keras.config.dtype_policy().name
    keras.config.set_dtype_policy("float32")
    assert found == policy
