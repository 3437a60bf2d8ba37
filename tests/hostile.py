"""Models of strangers, good and evil, and what edits them."""

import random
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


# Random changes ---------------------------------------------------------------------------------------------


def _nodes(graph: Any) -> list[Any]:
    return [
        *graph.graph_def.node,
        *(node for body in graph.graph_def.library.function for node in body.node_def),
    ]


def _operation(graph: Any, draw: random.Random) -> None:
    """An operation that is not known, in the place of one that is."""
    from zoo.models.allowed import OPERATIONS, SAVER

    names = [name for name in dir(tf.raw_ops) if name[0].isupper() and name not in OPERATIONS | SAVER]
    draw.choice(_nodes(graph)).op = draw.choice(names)


def _asset(graph: Any, draw: random.Random) -> None:
    asset = draw.choice(graph.asset_file_def)
    asset.filename = (
        draw.choice(("../", "/etc/", "a/../../", "")) + draw.choice((asset.filename, "hosts", "x")) + "x"
    )


def _object(graph: Any, draw: random.Random) -> None:
    node = draw.choice(graph.object_graph_def.nodes)
    node.registered_name = draw.choice(("Custom.Thing", "keras.src.models", "x"))


def _no_objects(graph: Any, draw: random.Random) -> None:
    graph.ClearField("object_graph_def")


def _bound(graph: Any, draw: random.Random) -> None:
    functions = [f for f in graph.object_graph_def.concrete_functions.values() if f.bound_inputs]
    function = draw.choice(functions)
    place = draw.randrange(len(function.bound_inputs))
    function.bound_inputs[place] = draw.randrange(-3, len(graph.object_graph_def.nodes) + 3)


def _input(graph: Any, draw: random.Random) -> None:
    node = draw.choice([node for node in _nodes(graph) if node.input])
    node.input[draw.randrange(len(node.input))] = draw.choice(_nodes(graph)).name


def _attribute(graph: Any, draw: random.Random) -> None:
    node = draw.choice([node for node in _nodes(graph) if node.attr])
    other = draw.choice([node for node in _nodes(graph) if node.attr])
    node.attr[draw.choice(list(node.attr))].CopyFrom(other.attr[draw.choice(list(other.attr))])


def _dropped(graph: Any, draw: random.Random) -> None:
    body = draw.choice(graph.graph_def.library.function)
    del body.node_def[draw.randrange(len(body.node_def))]


CHANGES: dict[str, Callable[[Any, random.Random], None]] = {
    "an operation": _operation,
    "an asset's name": _asset,
    "an object": _object,
    "no objects": _no_objects,
    "a bound input": _bound,
    "an input": _input,
    "an attribute": _attribute,
    "a node less": _dropped,
}
