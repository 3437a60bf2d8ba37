"""Models of strangers, good and evil, and what edits them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf


class Foreign(tf.Module):
    """A model that another program saved."""

    def __init__(self, body):
        super().__init__()
        self.weight = tf.Variable(2.0)
        self.body = body

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def serve(self, text):
        return {"out": self.body(self, text)}


def save_foreign(path: Path, body: Callable[[Any, tf.Tensor], Any]) -> None:
    module = Foreign(body)
    tf.saved_model.save(module, str(path), signatures={"serving_default": module.serve})


def edit(path: Path, change: Callable[[Any], None]) -> None:
    """Changes the graph of a SavedModel."""
    from tensorflow.core.protobuf import saved_model_pb2

    proto = saved_model_pb2.SavedModel()
    proto.ParseFromString((path / "saved_model.pb").read_bytes())
    change(proto.meta_graphs[0])
    (path / "saved_model.pb").write_bytes(proto.SerializeToString())
