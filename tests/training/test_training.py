import json
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiny import run

from zoo import training
from zoo.data import Batches, Ragged
from zoo.errors import ZooError
from zoo.layers import recurrent
from zoo.recipes import sentiment

# Trains on one or two logical CPU devices, with batches of 5 and a last one of 3 rows, and prints weights.
TWO_DEVICES = """
import json, sys
import numpy as np
import tensorflow as tf
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0],
                                           [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
from zoo import training
from zoo.data import Batches, Ragged
from zoo.layers import recurrent
from zoo.training.folder import Folder as Run

settings = training.Settings(strategy=sys.argv[1], epochs=3, batch_size=5, learning_rate=0.05,
                             schedule="constant", clip_norm=0.05, weight_average=0.9, patience=0)
run = Run("two", settings)
strategy = training.start(settings)
assert strategy.num_replicas_in_sync == int(sys.argv[2])
random = np.random.default_rng(0)
lengths = random.integers(1, 9, 33)
values = random.integers(1, 20, lengths.sum()).astype("int32")
rows = Ragged(values, np.concatenate([[0], np.cumsum(lengths)]))
labels = random.integers(0, 2, 33)
train, validation = (Batches({"words": rows}, labels, 5, strategy.num_replicas_in_sync) for _ in range(2))
with strategy.scope():
    words = keras.Input((None,), dtype="int32", name="words")
    x = keras.layers.Embedding(20, 4)(words)
    x = keras.layers.Bidirectional(recurrent("lstm", 4))(x, mask=keras.ops.not_equal(words, 0))
    model = keras.Model({"words": words}, keras.layers.Dense(2)(x))
run.create("data")
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
outcome = training.fit(run, settings, model, train, validation, loss, [])
outputs = model.predict(train.in_order().map(lambda inputs, *_: inputs), verbose=0)
print("RESULT" + json.dumps({"weights": [w.numpy().tolist() for w in model.weights],
                             "losses": [epoch["val_loss"] for epoch in outcome.history],
                             "outputs": [row.tolist() for row in train.restore_order(outputs)]}))
"""


def test_two_devices_agree_with_one_on_odd_batches_clipped(tmp_path):
    results = []
    for strategy, devices in (("one", "1"), ("mirrored", "2")):
        folder = tmp_path / strategy
        folder.mkdir()
        output = run("-c", TWO_DEVICES, strategy, devices, cwd=folder).stdout
        results.append(json.loads(output.split("RESULT")[1]))
    one, two = results
    assert len(one["losses"]) == 3
    np.testing.assert_allclose(two["losses"], one["losses"], atol=1e-6)
    for mine, theirs in zip(two["weights"], one["weights"], strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-6)
    np.testing.assert_allclose(two["outputs"], one["outputs"], atol=1e-5)


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


def traced_operations(config, monkeypatch, gpu: bool) -> list[str]:
    """Names the operations of one training step as Keras traces it with, or without, a GPU in sight."""
    # An `import ... as` of this path binds a function of the same name, not the module.
    module = sys.modules["keras.src.backend.tensorflow.rnn"]
    monkeypatch.setattr(module, "_is_gpu_available", lambda: gpu)
    model = sentiment.build_model(config, vocabulary_size=50, labels=3)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(training.make_optimizer(config, 10), loss, jit_compile=False)
    inputs = {"words": tf.ones([2, 5], tf.int32), "subwords": tf.ones([2, 5, 20], tf.int32)}
    data = (inputs, tf.zeros([2], tf.int64), tf.ones([2]))
    step = tf.function(model.train_step).get_concrete_function(data)
    bodies = [function.node_def for function in step.graph.as_graph_def().library.function]
    return [node.op for body in (step.graph.as_graph_def().node, *bodies) for node in body]


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_with_a_gpu_every_layer_and_direction_trains_on_the_fused_kernel(cell, monkeypatch):
    operations = traced_operations(sentiment.Config(cell=cell), monkeypatch, gpu=True)
    assert operations.count("CudnnRNNV3") == 2 * 2  # layers x directions
    assert operations.count("CudnnRNNBackpropV3") == 2 * 2
    assert "While" not in operations
    assert "StatelessWhile" not in operations


def test_without_a_gpu_no_fused_kernel_is_traced(monkeypatch):
    operations = traced_operations(sentiment.Config(), monkeypatch, gpu=False)
    assert not [name for name in operations if "Cudnn" in name]
    assert {"While", "StatelessWhile"} & set(operations)


@pytest.mark.parametrize(
    "field",
    [{"epochs": 0}, {"batch_size": -1}, {"learning_rate": 0.0}, {"weight_average": 1.0}, {"seed": -1}],
)
def test_settings_that_cannot_train_are_refused(field):
    with pytest.raises(ZooError, match=f"--{next(iter(field)).replace('_', '-')} .*must be at least"):
        training.check_ranges(training.Settings(**field))


def test_a_loss_that_is_not_a_number_is_said_in_one_line(tmp_path, monkeypatch):
    from zoo.training.folder import Folder as Run

    monkeypatch.chdir(tmp_path)
    settings = training.Settings(epochs=1, batch_size=2)
    rows = Ragged(np.ones(4, np.int32), np.arange(5))
    batches = Batches({"words": rows}, np.zeros(4, np.int64), 2)
    words = keras.Input((None,), dtype="int32", name="words")
    x = keras.layers.Embedding(3, 2, embeddings_initializer=keras.initializers.Constant(np.nan))(words)
    model = keras.Model({"words": words}, keras.layers.Dense(2)(recurrent("gru", 2)(x)))
    run_folder = Run("nan", settings)
    run_folder.create("data")
    with pytest.raises(ZooError, match="lower --learning-rate"):
        training.fit(run_folder, settings, model, batches, batches,
                     keras.losses.SparseCategoricalCrossentropy(from_logits=True), [])  # fmt: skip


class Scored:
    """A small training with dropout whose loss falls in every epoch, and a score of the test's choice."""

    def __init__(self, score, **settings):
        from zoo.training.folder import Folder as Run

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
        self.run = Run("scored", self.settings)
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
