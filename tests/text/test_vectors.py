"""Vectors of words from elsewhere, as an input of models."""

import numpy as np
import tensorflow as tf
from tiny import stored

from zoo.text import Vectors

TABLE = np.array([[1.0, 2.0, 0.5], [-3.0, 0.25, 4.0]])


def test_words_have_their_vectors_in_any_case_and_others_zeros(tmp_path):
    path = tmp_path / "vectors.txt"
    for vectors in (Vectors(["paris", "été"], TABLE), stored(Vectors, ["paris", "été"], path, TABLE)):
        found = vectors(tf.constant(["ÉTÉ", "Paris", "rome", "", "paris"]))
        assert found.dtype == tf.float32
        assert found.numpy().tolist() == [[-3, 0.25, 4], [1, 2, 0.5], [0, 0, 0], [0, 0, 0], [1, 2, 0.5]]
        assert (len(vectors), vectors.units) == (2, 3)
    assert path.read_text(encoding="utf-8") == "paris\nété\n"


def test_they_travel_in_a_saved_model_as_float16(tmp_path):
    class Module(tf.Module):
        def __init__(self):
            super().__init__()
            self.vectors = stored(Vectors, ["paris", "rome"], tmp_path / "vectors.txt", TABLE)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def look_up(self, words):
            return self.vectors(words)

    tf.saved_model.save(Module(), str(tmp_path / "saved"))
    (tmp_path / "vectors.txt").unlink()
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    assert loaded.look_up(tf.constant(["ROME"])).numpy().tolist() == [[-3, 0.25, 4]]
    assert loaded.vectors.table.dtype == tf.float16
    assert not loaded.vectors.table.trainable
