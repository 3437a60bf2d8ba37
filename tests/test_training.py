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
from zoo.run import Run

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
                             "losses": [epoch["val_loss"] for epoch in outcome["history"]],
                             "outputs": train.restore_order(outputs).tolist()}))
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
        training.start(training.Settings(**field))


def test_a_loss_that_is_not_a_number_is_said_in_one_line(tmp_path, monkeypatch):
    from zoo.run import Run

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
