import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiny import operations

from zoo.export import blocks, serving
from zoo.training import Settings

WORDS = [["a", "b", ""], ["c", "", ""]]


class Counting(serving.Serving):
    """Reads words of one letter, and adds up over time, in a loop, what a model says of each."""

    @serving.signature("words", shape=(None, None))
    def added(self, words):
        numbers = tf.strings.unicode_decode(words, "UTF-8").to_tensor(shape=[None, None, 1])[..., 0] - 96
        steps = tf.transpose(tf.maximum(numbers, 0))

        def step(time, total):
            return time + 1, total + self.model(steps[time][:, None])[:, 0]

        start = (0, tf.zeros([tf.shape(words)[0], 4]))
        return {"total": tf.while_loop(lambda time, _: time < tf.shape(steps)[0], step, start)[1]}

    @serving.signature(
        name="counted",
        words=tf.TensorSpec([None], tf.string),
        weight=lambda _: None,
        by=tf.TensorSpec([], tf.int32),
    )
    def counted(self, texts, weight=3, times=1):
        return {"count": tf.size(texts) * weight * times}


def exported(storage: str) -> Counting:
    keras.utils.set_random_seed(1)
    numbers = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(4, 3)(numbers)
    model = keras.Model(numbers, keras.layers.GRU(4, return_sequences=True)(x))
    return Counting(model, Settings(storage=storage))


def test_a_signature_is_called_by_the_name_of_its_tensor():
    module = exported("float32")
    np.testing.assert_array_equal(
        module.added(tf.constant(WORDS))["total"], module.added(words=tf.constant(WORDS))["total"]
    )


def test_the_method_of_a_signature_calls_its_arguments_what_it_likes_and_keeps_its_defaults():
    module = exported("float32")
    assert module.counted(words=tf.constant(["a", "b"]), by=tf.constant(5))["count"] == 2 * 3 * 5


def test_float16_weights_are_stored_as_such_and_computed_with_in_float32(tmp_path):
    module = exported("float16")
    inside = module.added(tf.constant(WORDS))["total"].numpy()
    tf.saved_model.save(module, str(tmp_path), signatures={"added": module.added})
    loaded = tf.saved_model.load(str(tmp_path))
    outside = loaded.signatures["added"](words=tf.constant(WORDS))["total"]
    np.testing.assert_allclose(outside, inside, rtol=1e-6)
    stored = tf.train.load_checkpoint(str(tmp_path / "variables/variables"))
    types = list(stored.get_variable_to_dtype_map().values())
    assert tf.float32 not in types
    assert types.count(tf.float16) == len(module.model.weights)


def test_the_clone_holds_the_rounded_weights():
    full, half = exported("float32"), exported("float16")
    for whole, rounded in zip(full.model.get_weights(), half.model.get_weights(), strict=True):
        np.testing.assert_array_equal(whole.astype(np.float16).astype(np.float32), rounded)
    total = full.added(tf.constant(WORDS))["total"].numpy()
    np.testing.assert_allclose(half.added(tf.constant(WORDS))["total"], total, atol=3e-3)
    assert not np.array_equal(half.added(tf.constant(WORDS))["total"], total)


def test_float16_weights_are_cast_outside_of_loops():
    module = exported("float16")
    definition = module.added.get_concrete_function().graph.as_graph_def()
    inside = [node.op for body in definition.library.function if "while" in body.signature.name
              for node in body.node_def if node.op in ("ReadVariableOp", "ResourceGather")]  # fmt: skip
    assert inside == []


def test_layers_of_keras_that_decide_when_traced_are_exported_as_loops_even_with_a_gpu_in_sight(monkeypatch):
    rnn = sys.modules["keras.src.backend.tensorflow.rnn"]
    monkeypatch.setattr(rnn, "_is_gpu_available", lambda: True)
    found = operations(exported("float16").added.get_concrete_function())
    assert {"While", "StatelessWhile"} & set(found)
    assert "CudnnRNNV3" not in found


@pytest.mark.parametrize("size", [0, 1, 3, 4, 11])
def test_blocks_keep_the_order_of_the_rows_whatever_their_number(size):
    seen = []

    def describe(texts):
        tf.py_function(lambda rows: seen.append(rows.numpy().tolist()), [texts], [])
        lengths = tf.strings.length(texts)
        return {"length": lengths, "pair": tf.stack([texts, texts + "!"], axis=1)}

    specs = {"length": tf.TensorSpec([None], tf.int32), "pair": tf.TensorSpec([None, 2], tf.string)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def run(texts):
        return blocks.in_blocks(describe, texts, specs, rows=3)

    texts = [b"x" * (7 * number % 11) + b"%d" % number for number in range(size)]
    found = run(tf.constant(texts, tf.string))
    assert found["length"].numpy().tolist() == [len(text) for text in texts]
    assert found["pair"].shape == (size, 2)
    assert found["pair"].numpy().tolist() == [[text, text + b"!"] for text in texts]
    assert seen == [texts[start : start + 3] for start in range(0, size, 3)]


def test_blocks_give_what_the_whole_batch_gives():
    numbers = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    specs = {"sum": tf.TensorSpec([None], tf.float32)}
    found = blocks.in_blocks(lambda some: {"sum": tf.reduce_sum(some, axis=1)}, numbers, specs, rows=2)
    assert found["sum"].numpy().tolist() == [3, 7, 11]


class Shared(serving.Serving):
    """Two signatures, one of which is the other's double, of what both compute alike."""

    traced = 0

    @serving.signature("words")
    def plain(self, words):
        return {"sums": self.sums(words)}

    @serving.signature("words", "doubled")
    def doubled(self, words):
        return {"sums": 2 * self.sums(words)}

    @serving.once(tf.TensorSpec([None], tf.string))
    def sums(self, words):
        Shared.traced += 1
        numbers = tf.strings.unicode_decode(words, "UTF-8").to_tensor(shape=[None, 2]) - 96
        return tf.reduce_sum(self.model(numbers), axis=[1, 2])


@pytest.mark.parametrize("storage", ["float32", "float16"])
def test_what_signatures_share_is_traced_and_stored_once(storage, tmp_path):
    keras.utils.set_random_seed(1)
    numbers = keras.Input((None,), dtype="int32")
    model = keras.Model(
        numbers, keras.layers.GRU(4, return_sequences=True)(keras.layers.Embedding(4, 3)(numbers))
    )
    Shared.traced = 0
    module = Shared(model, Settings(storage=storage))
    functions = {name: each.get_concrete_function() for name, each in module.signatures.items()}
    assert Shared.traced == 1
    tf.saved_model.save(module, tmp_path, signatures=functions)
    loaded = tf.saved_model.load(tmp_path)
    words = tf.constant(["ab", "ca"])
    one, two = (loaded.signatures[name](words=words)["sums"] for name in ("serving_default", "doubled"))
    np.testing.assert_allclose(2 * one, two, rtol=1e-6)
    np.testing.assert_allclose(one, module.plain(words)["sums"], rtol=1e-6)
