import sys

import keras
import numpy as np
import tensorflow as tf

from zoo import serving

WORDS = [["a", "b", ""], ["c", "", ""]]


class Counting(serving.Serving):
    """Reads words of one letter, and adds up over time, in a loop, what a model says of each."""

    @serving.signature("words", (None, None))
    def added(self, words):
        numbers = tf.strings.unicode_decode(words, "UTF-8").to_tensor(shape=[None, None, 1])[..., 0] - 96
        steps = tf.transpose(tf.maximum(numbers, 0))

        def step(time, total):
            return time + 1, total + self.model(steps[time][:, None])[:, 0]

        start = (0, tf.zeros([tf.shape(words)[0], 4]))
        return {"total": tf.while_loop(lambda time, _: time < tf.shape(steps)[0], step, start)[1]}


def exported(storage: str) -> Counting:
    keras.utils.set_random_seed(1)
    numbers = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(4, 3)(numbers)
    model = keras.Model(numbers, keras.layers.GRU(4, return_sequences=True)(x))
    return Counting(model, storage)


def test_a_signature_is_called_by_the_name_of_its_tensor():
    module = exported("float32")
    np.testing.assert_array_equal(
        module.added(tf.constant(WORDS))["total"], module.added(words=tf.constant(WORDS))["total"]
    )


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


def test_a_gpu_graph_of_float16_weights_holds_no_fused_kernel(monkeypatch):
    monkeypatch.setattr(sys.modules["keras.src.backend.tensorflow.rnn"], "_is_gpu_available", lambda: True)
    module = exported("float16")
    definition = module.added.get_concrete_function().graph.as_graph_def()
    nodes = [*definition.node, *(node for body in definition.library.function for node in body.node_def)]
    assert "While" in {node.op for node in nodes} or "StatelessWhile" in {node.op for node in nodes}
    assert not [node.op for node in nodes if "Cudnn" in node.op]
